"""`/healthz`: the process answers. `/readyz`: it can take work (database, disk, worker heartbeat)."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from portal.context import services
from portal.wiring import Services
from verification.pulses import last_beats

bp = Blueprint("health", __name__)
LONGEST_SILENCE = timedelta(seconds=60)


@bp.get("/healthz")
def alive() -> ResponseReturnValue:
    return jsonify(status="ok")


@bp.get("/readyz")
def ready() -> ResponseReturnValue:
    """200 when every part is well, else 503 naming the part; no figures for the world to read."""
    parts = facts(services())
    well = all(parts.values())
    body = {name: "ok" if good else "failing" for name, good in parts.items()}
    return jsonify(status="ok" if well else "failing", parts=body), 200 if well else 503


def facts(wired: Services) -> dict[str, bool]:
    """Which parts are well: database, disk, worker."""
    return {"database": _database(wired), "disk": _disk(wired), "worker": _worker(wired)}


def _database(wired: Services) -> bool:
    try:
        with wired.sessions.read() as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    return True


def _worker(wired: Services) -> bool:
    # A worker touches its pulse file while it lives, also in the middle of a long job.
    beats = last_beats(wired.config.run_dir).values()
    return any(datetime.now(UTC) - beat < LONGEST_SILENCE for beat in beats)


def _disk(wired: Services) -> bool:
    try:
        return shutil.disk_usage(wired.config.upload_root).free >= wired.config.disk_headroom
    except OSError:
        return False
