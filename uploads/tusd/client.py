"""HTTP/1.1 to one tusd over its Unix socket: bodies stream, answers are small, connections are kept.

A line that breaks in mid-body is handed on as the end of sending only: tusd then stores what came before
and answers, and its answer means that it has let go of the upload.

Next station: tusd; what it answers is read by `uploads/tusd/answers.py`.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httptools

KIB = 1024
Piece = bytes | bytearray | memoryview
KEPT = 32
"""Idle connections."""
SEND_SECONDS = 60.0
"""For one piece; a tusd that takes nothing for longer has a disk that hangs."""
ANSWER_SECONDS = 90.0
"""After the last byte; nginx waits longer."""
ANSWER_LIMIT = 64 * KIB


class EngineAway(Exception):
    """tusd does not listen, or broke off without an answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What tusd said: `headers` by lower-case name."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Parsed:
    """What httptools calls back while it reads one answer."""

    def __init__(self, *, bodiless: bool) -> None:
        self._bodiless = bodiless
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self._size = 0
        self._parser = httptools.HttpResponseParser(self)
        self.answer: Answer | None = None
        self.reusable = False

    def feed(self, data: bytes) -> None:
        """Raises EngineAway on what is no answer, or too large a one."""
        self._size += len(data)
        if self._size > ANSWER_LIMIT:
            raise EngineAway
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            # After the answer to a HEAD the parser waits for a body that never comes.
            if self.answer is None:
                raise EngineAway from error

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if self._bodiless:
            self._complete()

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        if self.answer is None:
            self._complete()

    def _complete(self) -> None:
        status = self._parser.get_status_code()
        self.answer = Answer(status, self._headers, bytes(self._body))
        self.reusable = self._parser.should_keep_alive()


class Exchange:
    """One request: send its body, or break it off, then take the answer."""

    def __init__(self, line: socket.socket, *, chunked: bool, bodiless: bool) -> None:
        self._loop = asyncio.get_running_loop()
        self._line = line
        self._chunked = chunked
        self._parsed = _Parsed(bodiless=bodiless)
        self._broken = self._whole = False
        self.reading = asyncio.create_task(self._read())

    @property
    def answered(self) -> bool:
        """tusd has said all it will say, perhaps before the end of the body."""
        return self.reading.done() or self._broken

    async def begin(self, head: bytes) -> None:
        """Request line and fields."""
        await self._send(head)

    async def send(self, piece: Piece) -> None:
        """A part of the body; quiet when tusd does not listen any more, which its answer explains."""
        if self._chunked:
            await self._send(b"%x\r\n" % memoryview(piece).nbytes)
        await self._send(piece)
        if self._chunked:
            await self._send(b"\r\n")

    async def end(self) -> None:
        """The body is complete."""
        if self._chunked:
            await self._send(b"0\r\n\r\n")
        self._whole = True

    def cut(self) -> None:
        """No more will come; tusd keeps what it has."""
        with contextlib.suppress(OSError):
            self._line.shutdown(socket.SHUT_WR)

    async def answer(self) -> Answer:
        """tusd's answer. Raises EngineAway."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await asyncio.shield(self.reading)
        except TimeoutError:
            raise EngineAway from None

    async def close(self) -> bool:
        """Whether the connection can be used again; if not it is closed."""
        if self.reading.done() and not self.reading.cancelled():
            failed = self.reading.exception() is not None
            if not failed and self._whole and self._parsed.reusable and not self._broken:
                return True
        self.reading.cancel()
        await asyncio.wait([self.reading])
        self._line.close()
        return False

    async def _send(self, data: Piece) -> None:
        if self._broken:
            return
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._loop.sock_sendall(self._line, data)
        except (OSError, TimeoutError):  # it has answered and closed, or it hangs
            self._broken = True

    async def _read(self) -> Answer:
        while self._parsed.answer is None:
            try:
                data = await self._loop.sock_recv(self._line, 16 * KIB)
            except OSError:
                raise EngineAway from None
            if not data:
                raise EngineAway
            self._parsed.feed(data)
        return self._parsed.answer


class Client:
    """Requests to one tusd. One event loop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: list[socket.socket] = []

    @contextlib.asynccontextmanager
    async def request(
        self, method: str, target: str, fields: Mapping[str, str], *, length: int | None = 0
    ) -> AsyncIterator[Exchange]:
        """Send a head and hand out the exchange; `length` of the body, None for a chunked one.

        Raises EngineAway when nobody listens.
        """
        line = await self._connection()
        exchange = Exchange(line, chunked=length is None, bodiless=method == "HEAD")
        try:
            await exchange.begin(_head(method, target, fields, length))
            if length == 0:
                await exchange.end()
            yield exchange
        finally:
            if await exchange.close() and len(self._idle) < KEPT:
                self._idle.append(line)
            else:
                line.close()

    async def ask(self, method: str, target: str, fields: Mapping[str, str]) -> Answer:
        """A request without a body; once more when a kept connection had just been closed."""
        for last in (False, True):
            fresh = not self._idle
            try:
                async with self.request(method, target, fields) as exchange:
                    return await exchange.answer()
            except EngineAway:
                if fresh or last:
                    raise
                self.close()
        raise EngineAway

    def close(self) -> None:
        """Let go of the connections that nobody uses."""
        while self._idle:
            self._idle.pop().close()

    async def _connection(self) -> socket.socket:
        while self._idle:
            line = self._idle.pop()
            if _is_open(line):
                return line
            line.close()
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            await asyncio.get_running_loop().sock_connect(line, str(self._path))
        except OSError:
            line.close()
            raise EngineAway from None
        return line


def _is_open(line: socket.socket) -> bool:
    try:
        line.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _head(method: str, target: str, fields: Mapping[str, str], length: int | None) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: tusd"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    if length is None:
        lines.append("Transfer-Encoding: chunked")
    elif length or method in ("POST", "PATCH"):
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
