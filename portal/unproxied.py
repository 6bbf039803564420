"""The portal without nginx, on one port, for a look: no limits, no outage page, no cache.

`/files/` goes to the upload server as it is, everything else to Flask through a small WSGI bridge.
Bodies for Flask are bounded and held in memory; answers are held in memory too.

Next station: `uploads/asgi.py` or `portal/app.py`.
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
from uploads.asgi import Application, Receive, Scope, Send

LARGEST_BODY = 2 * 1024 * 1024
# What a client may claim about itself is taken from nginx only, and there is none.
NOT_FROM_CLIENTS = {b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"forwarded"}
Answer = tuple[int, list[tuple[bytes, bytes]], bytes]


def app() -> Unproxied:
    """The ASGI application that `sipol up` serves where nginx is missing."""
    return Unproxied(uploads_process.app(), create_app_from_environment().wsgi_app)


class Unproxied:
    """Upload server and portal behind one door. Lifespan events belong to the upload server."""

    def __init__(self, uploads: Application, portal: Callable[..., Any]) -> None:
        self._uploads = uploads
        self._portal: WSGIApplication = portal
        self._threads = ThreadPoolExecutor(max_workers=12, thread_name_prefix="portal")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/files/"):
            await self._uploads(scope, receive, send)
            return
        body = await _read(receive)
        if body is None:
            status, headers, content = 413, [(b"content-type", b"text/plain")], b"413"
        else:
            loop = asyncio.get_running_loop()
            status, headers, content = await loop.run_in_executor(
                self._threads, _call, self._portal, _environ(scope, body)
            )
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})


async def _read(receive: Receive) -> bytes | None:
    """The whole body, or None when it is larger than any form of ours."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            return None
        if message["type"] != "http.request" or not message.get("more_body", False):
            return bytes(body)


def _environ(scope: Scope, body: bytes) -> dict[str, Any]:
    """PEP 3333's environment of an ASGI request."""
    server = scope.get("server") or ("127.0.0.1", 80)
    client = scope.get("client") or ("127.0.0.1", 0)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": str(server[0]),
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": str(client[0]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        if raw_name.lower() in NOT_FROM_CLIENTS:
            continue
        name = raw_name.decode("latin-1").upper().replace("-", "_")
        key = name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"
        value = raw_value.decode("latin-1")
        joint = "; " if name == "COOKIE" else ", "
        environ[key] = f"{environ[key]}{joint}{value}" if key in environ else value
    environ["CONTENT_LENGTH"] = str(len(body))
    return environ


def _call(portal: WSGIApplication, environ: dict[str, Any]) -> Answer:
    started: list[tuple[int, list[tuple[bytes, bytes]]]] = []
    written = bytearray()

    def start_response(
        status: str, headers: list[tuple[str, str]], _error: object = None
    ) -> Callable[[bytes], object]:
        fields = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
        started.append((int(status.split(" ", 1)[0]), fields))
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
    return status, headers, bytes(written)
