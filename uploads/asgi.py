"""The front: an ASGI application around the server, for granian. Receives, hands over, sends; no rules.

The body is pumped into memory of a fixed size while the server reads it, so that the line breaking, or
another request wanting the upload, never loses a received byte. After a refusal the rest of the body is
swallowed within bounds: an answer to a half-read request becomes a 502 at a proxy.

Serve with HTTP/1.1 only, backpressure above the connections expected, and no access log (paths hold keys).
Next station: `uploads/server.py`.
"""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from types import FrameType
from typing import Any

from uploads.body import BodyBroken, FedBody
from uploads.model import Reply, Request
from uploads.server import UploadServer

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

DRAIN_SECONDS_BEFORE = 0.5
"""A short body ends in this time, and the connection stays usable."""
GLANCE_SECONDS = 0.05
"""After this long it is seen whether the rest will have come by then; if not, it would only be lost."""
DRAIN_SECONDS_AFTER = 5.0
"""A proxy reads the answer while it still sends; closing on it earlier would make the answer a 502."""


def application(server: UploadServer) -> "Application":
    """The ASGI application of one server; its lifespan starts and stops the server."""
    return Application(server)


class Application:
    """Callable as ASGI 3. `/healthz` answers 200 `ok`, and 503 while the process stops."""

    def __init__(self, server: UploadServer) -> None:
        self._server = server
        self._handling: set[asyncio.Task[Reply]] = set()
        self._hears_sigterm = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            self._hear_sigterm()
            await self._answer(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self._server.start()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self._server.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def _hear_sigterm(self) -> None:
        """Interrupt uploads on SIGTERM before the web server waits for them to end by themselves.

        Called with the first request, because the web server installs its own handler after the
        start-up. Its handler keeps working: an event loop is woken by the signal's wake-up descriptor,
        whatever Python handler stands beside it.
        """
        if self._hears_sigterm:
            return
        self._hears_sigterm = True
        loop, previous = asyncio.get_running_loop(), signal.getsignal(signal.SIGTERM)

        def interrupt(number: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(self._server.interrupt)
            if callable(previous):
                previous(number, frame)

        with contextlib.suppress(ValueError):  # not the main thread: somebody else has the signals
            signal.signal(signal.SIGTERM, interrupt)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/healthz":
            await _send_health(send, stopping=self._server.stopping)
            return
        headers = _headers(scope)
        body = FedBody(_body_length(headers))
        request = Request(
            method=scope["method"],
            path=scope["path"],
            headers=headers,
            body_length=body.length,
        )
        pump = asyncio.create_task(_pump(receive, body)) if body.open else None
        try:
            # Shielded: a web server that cancels us must not cancel a write that has begun.
            handling = asyncio.create_task(self._server.handle(request, body))
            self._handling.add(handling)
            handling.add_done_callback(self._handling.discard)
            reply = await asyncio.shield(handling)
            body.interrupt(BodyBroken)  # whatever was not read will not be
            if pump is not None:
                await _drain(pump, body)
            await _send_reply(send, reply)
            if pump is not None:
                after = DRAIN_SECONDS_BEFORE if self._server.stopping else DRAIN_SECONDS_AFTER
                await asyncio.wait([pump], timeout=after)
        finally:
            body.interrupt(BodyBroken)
            if pump is not None:
                pump.cancel()


async def _drain(pump: "asyncio.Task[None]", body: FedBody) -> None:
    """Swallow a rest that ends soon; a browser sends a cut chunk again by itself, in vain and at length."""
    before = body.left
    await asyncio.wait([pump], timeout=GLANCE_SECONDS)
    if before is not None and body.left is not None:
        seconds = GLANCE_SECONDS * body.left / max(before - body.left, 1)
        if seconds > DRAIN_SECONDS_BEFORE:
            return
    await asyncio.wait([pump], timeout=DRAIN_SECONDS_BEFORE)


async def _pump(receive: Receive, body: FedBody) -> None:
    """Feed the body to its end; what comes when it is not open any more is swallowed."""
    while not body.ended:
        await body.room()
        message = await receive()
        if message["type"] != "http.request":
            body.interrupt(BodyBroken)
            return
        body.feed(message.get("body", b""))
        if not message.get("more_body", False):
            body.end()


def _headers(scope: Scope) -> Mapping[str, str]:
    """By lower-case name; a repeated field is joined as HTTP joins lists, Cookie by semicolons."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        separator = "; " if name == "cookie" else ", "
        found[name] = f"{found[name]}{separator}{value}" if name in found else value
    return found


def _body_length(headers: Mapping[str, str]) -> int | None:
    """Content-Length, None for a chunked body (RFC 9112, 6.3); the web server has validated both."""
    if "transfer-encoding" in headers:
        return None
    return int(headers.get("content-length", "0"))


async def _send_reply(send: Send, reply: Reply) -> None:
    fields = dict(reply.headers)
    if reply.status != 204:
        fields["Content-Length"] = str(len(reply.body))
    headers = [(name.lower().encode(), value.encode()) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


async def _send_health(send: Send, *, stopping: bool) -> None:
    status, text = (503, b"stopping") if stopping else (200, b"ok")
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})
