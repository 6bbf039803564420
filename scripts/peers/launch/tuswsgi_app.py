"""tuswsgi under gunicorn's threads, for `gunicorn tuswsgi_app:app`; the folder comes in PEER_FOLDER."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from tuswsgi import TusMiddleware


def _behind(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Length", "0")])
    return [b""]


app = TusMiddleware(
    _behind, upload_path="/files", tmp_dir=os.environ["PEER_FOLDER"], max_size=2**40
)
