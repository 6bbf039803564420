"""Static files under addresses that change with their content, so that browsers may keep them for ever."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, request

from portal import light
from portal.context import EXTENSION

FOREVER = "public, max-age=31536000, immutable"


def install(app: Flask) -> None:
    """`url_for('static', filename=…)` gains `?v=<digest>`; what comes with it may be kept a year."""
    config = app.extensions[EXTENSION].config
    app.static_folder = str(light.placed(config.run_dir))
    app.url_defaults(_add_digest)
    app.after_request(_keep)


def _add_digest(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint == "static" and "filename" in values and "v" not in values:
        path = Path(current_app.static_folder or "") / values["filename"]
        if path.is_file():
            status = path.stat()
            values["v"] = _digest(str(path), status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=256)
def _digest(path: str, _mtime: int, _size: int) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]


def _keep(response: Response) -> Response:
    if request.endpoint == "static":
        response.headers["Cache-Control"] = FOREVER if "v" in request.args else "no-cache"
    return response
