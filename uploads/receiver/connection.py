"""One connection: heads in, bodies straight into their buffers, answers out, in order.

Requests of one connection are answered one after the other; what a client sends ahead waits, unread beyond
one buffer. A connection whose framing is in doubt is never used again.

Next station: `uploads/receiver/exchange.py`, one request and its answer.
"""

import asyncio
import re
import time
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Any, cast

from uploads.body import BodyBroken
from uploads.fedbody import FedBody
from uploads.receiver.answers import CONTINUE, plain, serialized
from uploads.receiver.chunked import Chunks
from uploads.receiver.head import END, HEAD_BYTES, BadHead, Head, parse
from uploads.supply import Supply

SCRATCH_BYTES = 64 * 1024
LINGER_SECONDS = 2.0
"""After the last word of ours: long enough to be read, whatever the other side still sends."""
_BARE_LINE_FEED = re.compile(rb"(?<!\r)\n")


@dataclass(slots=True)
class Shared:
    """What the connections of one process share. `head_seconds`: for a head, and between requests."""

    answer: "Callable[[Connection, Head], Coroutine[Any, Any, None]]"
    supply: Supply
    head_seconds: float
    names_clients: bool
    context: Context = field(default_factory=copy_context)
    """One for all tasks: nothing is ever set in it."""
    connections: "set[Connection]" = field(default_factory=set)


class Connection(asyncio.BufferedProtocol):
    """A protocol of asyncio; ten thousand of these may be slow, so none owns a buffer."""

    __slots__ = (
        "__weakref__", "_ahead", "_chunks", "_deadline", "_expects", "_head", "_paused", "_rest",
        "_shared", "_transport", "body", "client", "ended", "lingering", "refused", "task",
    )  # fmt: skip

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._transport: asyncio.Transport | None = None
        self._head: bytearray | None = None
        self._ahead = b""
        self._chunks: Chunks | None = None
        self._deadline = 0.0
        self._paused = self._expects = False
        self._rest: asyncio.Future[None] | None = None
        self.body: FedBody | None = None
        self.client = ""
        self.task: asyncio.Task[None] | None = None
        self.ended = False
        """Nothing more will come from the other side."""
        self.lingering = False
        self.refused = 0
        """The status for a body whose framing went wrong in the middle."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._shared.connections.add(self)
        self._deadline = time.monotonic() + self._shared.head_seconds
        if self._shared.names_clients:
            self.client = str(transport.get_extra_info("peername", ("",))[0])

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - how does not matter
        self._shared.connections.discard(self)
        self._transport = None
        self._no_more()

    def eof_received(self) -> bool:
        """A client may shut down its side and still wait for its answer (RFC 9112, 9.6)."""
        self._no_more()
        return self.task is not None

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - a guess of the loop's
        body = self.body
        if body is not None and not body.ended and self._chunks is None:
            return body.buffer()
        return self._shared.supply.guest[:SCRATCH_BYTES]

    def buffer_updated(self, nbytes: int) -> None:
        body = self.body
        if body is not None and not body.ended:
            if self._chunks is None:
                body.received(nbytes)
            else:
                self._decode(body, self._shared.supply.guest[:nbytes])
            self._wake_rest_of(body)
        elif not self.lingering:
            came = self._shared.supply.guest[:nbytes]
            if self.task is None and not self._ahead:
                self._take_head(came)
            else:
                self._ahead += bytes(came)
                self.pause()

    @property
    def patient(self) -> bool:
        """Unix sockets keep what was sent when the sender closes; TCP forgets it on a reset."""
        return not self._shared.names_clients

    def pause(self) -> None:
        if not self._paused and self._transport is not None and not self.ended:
            self._paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        """Receive; whoever waits to be asked for the body is asked now."""
        if self._expects:
            self._expects = False
            if self._transport is not None and self.body is not None and not self.body.held:
                self._transport.write(CONTINUE)
        self.receive()

    def receive(self) -> None:
        if self._paused and self._transport is not None:
            self._paused = False
            if not self._transport.is_closing():
                self._transport.resume_reading()

    @property
    def waits_to_be_asked(self) -> bool:
        """The client has not sent the body, and will not if it is told so now."""
        return self._expects and self.body is not None and not self.body.held

    async def rest(self, seconds: float) -> None:
        """Wait until the body has come to its end, or nothing more comes; so long at most."""
        if self.body is None or self.body.ended or self.ended:
            return
        self._expects = False
        loop = asyncio.get_running_loop()
        self._rest = loop.create_future()
        timer = loop.call_later(seconds, self._wake_rest)
        self.receive()
        try:
            await self._rest
        finally:
            timer.cancel()
            self._rest = None

    def send(self, answer: bytes) -> None:
        if self._transport is not None:
            self._transport.write(answer)

    def next(self) -> None:
        """Ready for another request."""
        self.task = self.body = self._chunks = None
        self._deadline = time.monotonic() + self._shared.head_seconds
        if self._ahead:
            asyncio.get_running_loop().call_soon(self._take_ahead)
        elif self.ended:
            self.close()
        else:
            self.receive()

    def hang_up(self, *, gently: bool) -> None:
        """Close; `gently`: after the other side has had time to read, whatever it still sends.

        Closing on unread bytes resets the connection, and a reset destroys the answer on its way.
        """
        self.task = self.body = self._chunks = None
        transport = self._transport
        if transport is None or self.ended or not gently:
            self.close()
            return
        self.lingering = True
        if transport.can_write_eof():
            transport.write_eof()
        asyncio.get_running_loop().call_later(LINGER_SECONDS, self.close)
        self.receive()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def sweep(self, now: float) -> None:
        """Close if a head is overdue."""
        if self.task is None and not self.lingering and now >= self._deadline:
            self.close()

    def _no_more(self) -> None:
        self.ended = True
        if self.body is not None:
            self.body.interrupt(BodyBroken)
        self._wake_rest()

    def _wake_rest_of(self, body: FedBody) -> None:
        if body.ended:
            self._wake_rest()

    def _wake_rest(self) -> None:
        if self._rest is not None and not self._rest.done():
            self._rest.set_result(None)

    def _decode(self, body: FedBody, view: memoryview) -> None:
        assert self._chunks is not None
        if self.refused:
            return
        try:
            count = self._chunks.take(view)
        except BadHead as bad:
            self.refused = bad.status
            body.interrupt(BodyBroken)
            self._wake_rest()
            return
        if self._chunks.ended:
            body.end(self._chunks.trailers)
            if count < len(view):
                self._ahead += bytes(view[count:])
                self.pause()

    def _take_ahead(self) -> None:
        ahead, self._ahead = self._ahead, b""
        if self._transport is not None:
            self._take_head(memoryview(ahead))
            if self.task is None:
                if self.ended:
                    self.close()
                else:
                    self.receive()

    def _take_head(self, came: memoryview) -> None:
        """What came, perhaps with the beginning of a body, of which no copy is made here."""
        known = self._head
        if known is None:
            # RFC 9112, 2.2: an empty line before a request is ignored.
            if bytes(came[:2]) == b"\r\n":
                came = came[2:]
            head: bytes | bytearray = bytes(came[:HEAD_BYTES])
            searched = before = 0
        else:
            before = len(known)
            searched = max(0, before - 3)
            known += came[: HEAD_BYTES - before]
            head = known
        end = head.find(END, searched, HEAD_BYTES)
        if end >= 0:
            self._head = None
            end += len(END)
            self._begin(bytes(head[:end]), came[end - before :])
        elif _BARE_LINE_FEED.search(head, searched) is not None:
            self._refuse(BadHead())
        elif len(head) >= HEAD_BYTES:
            self._refuse(BadHead(431))
        elif head and known is None:
            self._head = bytearray(head)

    def _begin(self, text: bytes, rest: memoryview) -> None:
        try:
            head = parse(text, self.client)
        except BadHead as bad:
            self._refuse(bad)
            return
        length = head.request.body_length
        self._expects = head.expects and length != 0
        if length != 0:
            body = self.body = FedBody(length, self._shared.supply, self)
            if length is None:
                self._chunks = Chunks(body.feed)
                self._decode(body, rest)
                if self.refused:
                    self._refuse(BadHead(self.refused))
                    return
            else:
                body.feed(rest[:length])
                if len(rest) >= length:
                    body.end()
                    self._ahead = bytes(rest[length:])
                elif body.left is not None and body.left > SCRATCH_BYTES:
                    # It waits in the kernel until somebody says where it goes: no copy of it is made.
                    self.pause()
        else:
            self._ahead = bytes(rest)
        self.task = asyncio.get_running_loop().create_task(
            self._shared.answer(self, head), context=self._shared.context
        )

    def _refuse(self, bad: BadHead) -> None:
        """What follows cannot be told from data any more: answer and close."""
        self._head = None
        self.send(serialized(plain(bad.status, str(bad.status)), method="", close=True))
        self.hang_up(gently=True)
