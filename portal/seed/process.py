"""Load the process as data: election, stages with windows, rounds, requirements, reason codes.

All of it changed in mid-stage in 2022, so all of it is versioned rows with a legal basis. Loading
adds what is missing and never changes a row that is there: a new version is a new row.

Next station: `verification/schedule.py` and `verification/reference.py` read these rows.
"""

from __future__ import annotations

import tomllib
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

import portal
from verification.models import (
    Election,
    ReasonCode,
    RegionSet,
    Requirement,
    Round,
    Stage,
    Window,
)

DATA = Path(portal.__file__).parent / "data"
SAMPLE = "data contoh"
_CLOSES = time(23, 59)
_WIB = ZoneInfo("Asia/Jakarta")


def load_process(session: Session, regions: RegionSet, now: datetime) -> Election:
    """The demonstration's election with all its rows; windows begin on the day of `now` in WIB."""
    schedule = _read("schedule")
    election = _election(session, schedule["election"], regions)
    stages = _stages(session, election, schedule["stage"], now)
    _rounds(session, election, schedule["round"], stages, now)
    _requirements(session, election, _read("requirements"))
    _reasons(session, election, _read("reasons"))
    session.flush()
    return election


def _election(session: Session, data: dict[str, Any], regions: RegionSet) -> Election:
    election = session.scalar(select(Election).where(Election.code == data["code"]))
    if election is None:
        taken = session.scalar(select(Election.id).where(Election.current))
        election = Election(**data, region_set_id=regions.id, current=taken is None)
        session.add(election)
        session.flush()
    return election


def _stages(
    session: Session, election: Election, data: list[dict[str, Any]], now: datetime
) -> dict[str, Stage]:
    known = select(Stage).where(Stage.election_id == election.id)
    stages = {stage.code: stage for stage in session.scalars(known)}
    for ordinal, entry in enumerate(data, start=1):
        if entry["code"] in stages:
            continue
        stage = Stage(
            election_id=election.id,
            code=entry["code"],
            name_id=entry["name_id"],
            name_en=entry["name_en"],
            ordinal=ordinal,
        )
        session.add(stage)
        session.flush()
        stages[stage.code] = stage
        session.add(
            Window(
                stage_id=stage.id,
                participation_id=None,
                version=1,
                opens_at=_day(now, entry["opens_day"], time(0)),
                closes_at=_day(now, entry["closes_day"], _CLOSES),
                grace_seconds=entry["grace_seconds"],
                legal_basis=entry["legal_basis"],
            )
        )
    return stages


def _rounds(
    session: Session,
    election: Election,
    data: list[dict[str, Any]],
    stages: dict[str, Stage],
    now: datetime,
) -> None:
    known = set(session.scalars(select(Round.number).where(Round.election_id == election.id)))
    session.add_all(
        Round(
            election_id=election.id,
            stage_id=stages[entry["stage"]].id,
            number=entry["number"],
            allowed_outcomes=entry["allowed_outcomes"],
            legal_basis=entry["legal_basis"],
            opened_at=now if entry["opened"] else None,
        )
        for entry in data
        if entry["number"] not in known
    )


def _requirements(session: Session, election: Election, data: dict[str, Any]) -> None:
    rows = select(Requirement.code, Requirement.version).where(
        Requirement.election_id == election.id
    )
    known = {(code, version) for code, version in session.execute(rows)}
    for ordinal, entry in enumerate(data["requirement"], start=1):
        version = entry.get("version", 1)
        if (entry["code"], version) in known:
            continue
        given = {"version": version, "ordinal": ordinal, **data["purpose"][entry["purpose"]]}
        session.add(Requirement(election_id=election.id, **(given | entry)))


def _reasons(session: Session, election: Election, data: dict[str, Any]) -> None:
    rows = select(ReasonCode.code, ReasonCode.version).where(ReasonCode.election_id == election.id)
    known = {(code, version) for code, version in session.execute(rows)}
    for applies_to, outcomes in data.items():
        for outcome, reasons in outcomes.items():
            session.add_all(
                ReasonCode(
                    election_id=election.id,
                    code=code,
                    version=entry.get("version", 1),
                    outcome=outcome,
                    applies_to=applies_to,
                    key=entry["key"],
                    text_id=entry["id"],
                    text_en=entry["en"],
                    repair_id=entry["repair_id"],
                    repair_en=entry["repair_en"],
                    legal_basis=entry.get("legal_basis", SAMPLE),
                )
                for code, entry in reasons.items()
                if (code, entry.get("version", 1)) not in known
            )


def _day(now: datetime, days: int, at: time) -> datetime:
    date = now.astimezone(_WIB).date() + timedelta(days=days)
    return datetime.combine(date, at, tzinfo=_WIB)


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((DATA / f"{name}.toml").read_text(encoding="utf-8"))
