"""The portal without nginx, on one port, for a look: no limits, no outage page, no cache.

The receiver of the uploads answers all of it: `/files/` through the upload server as it is, everything
else through Flask in threads. Bodies for Flask are bounded and held in memory; answers too.

Next station: `uploads/server.py` or `portal/app.py`.
"""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from wsgiref.types import WSGIApplication

from portal import uploads_process
from portal.app import create_app_from_environment
from uploads.body import Body, BodyEnding
from uploads.capability import PREFIX
from uploads.handler import Handler
from uploads.model import Reply, Request
from uploads.receiver import serve

LARGEST_BODY = 2 * 1024 * 1024
READ_BYTES = 64 * 1024
# What a client may claim about itself is taken from nginx only, and there is none.
NOT_FROM_CLIENTS = {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded"}


def main() -> None:
    """`python -m portal.unproxied HOST PORT`: what `sipol up` starts where nginx is missing."""
    _, host, port = sys.argv
    handler = Unproxied(uploads_process.handler(), create_app_from_environment().wsgi_app)
    serve(handler, host=host, port=int(port))


class Unproxied:
    """A `uploads.handler.Handler`: upload server and portal behind one door."""

    def __init__(self, uploads: Handler, portal: Callable[..., Any]) -> None:
        self._uploads = uploads
        self._portal: WSGIApplication = portal
        self._threads = ThreadPoolExecutor(max_workers=12, thread_name_prefix="portal")

    @property
    def stopping(self) -> bool:
        """Whether the upload server is."""
        return self._uploads.stopping

    async def start(self) -> object:
        """Start the upload server; the portal needs nothing."""
        return await self._uploads.start()

    async def stop(self) -> None:
        """Stop the upload server; whoever reads a page still gets it."""
        await self._uploads.stop()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def interrupt(self) -> None:
        """Interrupt the uploads."""
        self._uploads.interrupt()

    async def handle(self, request: Request, body: Body) -> Reply:
        """Ask whoever the path belongs to."""
        if request.path.startswith(PREFIX):
            return await self._uploads.handle(request, body)
        content = await _read(body)
        if content is None:
            return Reply(status=413, headers={"Content-Type": "text/plain"}, body=b"413")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._threads, _call, self._portal, _environ(request, content)
        )


async def _read(body: Body) -> bytes | None:
    """The whole body, or None when it is larger than any form of ours or does not come to its end."""
    if body.length is not None and body.length > LARGEST_BODY:
        return None
    content = bytearray()
    try:
        while piece := await body.read(READ_BYTES, len(content)):
            content += piece
            if len(content) > LARGEST_BODY:
                return None
    except BodyEnding:
        return None
    return bytes(content)


def _environ(request: Request, body: bytes) -> dict[str, Any]:
    """PEP 3333's environment of a request."""
    name, _, port = request.headers.get("host", "").rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path.encode().decode("latin-1"),
        "QUERY_STRING": request.query,
        "SERVER_NAME": name or "localhost",
        "SERVER_PORT": port if port.isdigit() else "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": request.client,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for field, value in request.headers.items():
        # Two names that differ only in `_` and `-` would become one (PEP 3333 environments).
        if field in NOT_FROM_CLIENTS or "_" in field:
            continue
        key = field.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    environ["CONTENT_LENGTH"] = str(len(body))
    return environ


def _call(portal: WSGIApplication, environ: dict[str, Any]) -> Reply:
    started: list[tuple[int, list[tuple[str, str]]]] = []
    written = bytearray()

    def start_response(
        status: str, headers: list[tuple[str, str]], _error: object = None
    ) -> Callable[[bytes], object]:
        started.append((int(status.split(" ", 1)[0]), headers))
        return written.extend

    parts: Iterable[bytes] = portal(environ, start_response)
    try:
        for part in parts:
            written += part
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()
    status, headers = started[-1]
    return Reply(status=status, headers={}, body=bytes(written), repeated=tuple(headers))


if __name__ == "__main__":
    main()
