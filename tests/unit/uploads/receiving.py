"""A receiver on a Unix socket of its own in the running loop, a handler that writes down, and raw bytes."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop

from tests.patience import PATIENCE
from uploads.body import Body, BodyEnding
from uploads.model import Reply, Request
from uploads.receiver.service import Limits, Service, unix_socket

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@dataclass
class Heard:
    """One request as the handler saw it."""

    request: Request
    body: bytes
    ending: type[BodyEnding] | None
    trailers: dict[str, str]


@dataclass
class Recorder:
    """Reads every body and answers 200 with its length; `refusing` answers 409 unread, `gate` waits."""

    heard: list[Heard] = field(default_factory=list)
    refusing: bool = False
    gate: asyncio.Event | None = None
    stopping: bool = False
    started: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _bodies: set[Body] = field(default_factory=set)

    async def start(self) -> object:
        return None

    async def stop(self) -> None:
        self.interrupt()

    def interrupt(self) -> None:
        self.stopping = True

    async def handle(self, request: Request, body: Body) -> Reply:
        self.started += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.refusing:
            return Reply(status=409, headers={"Upload-Offset": "0"}, body=b"no")
        content, ending = bytearray(), None
        try:
            while piece := await body.read(2**20, len(content)):
                content += piece
        except BodyEnding as ended:
            ending = type(ended)
        self.heard.append(Heard(request, bytes(content), ending, dict(body.trailers)))
        self.ended.set()
        return Reply(status=200, headers={"X-Path": request.path}, body=str(len(content)).encode())


@dataclass
class Line:
    """A raw connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Status, fields by lower-case name, body of the next answer."""
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), PATIENCE)
        lines = head.decode("latin-1").split("\r\n")
        fields = {name.lower(): value for name, _, value in (x.partition(": ") for x in lines[1:])}
        body = await self.reader.readexactly(int(fields.get("content-length", "0")))
        return int(lines[0].split(" ")[1]), fields, body

    async def rest(self) -> bytes:
        """Whatever still comes until the other side closes."""
        return await asyncio.wait_for(self.reader.read(), PATIENCE)

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()


@dataclass
class Stand:
    handler: Recorder
    service: Service
    path: Path

    async def line(self) -> Line:
        return Line(*await asyncio.open_unix_connection(str(self.path)))

    async def ask(self, data: bytes) -> tuple[int, dict[str, str], bytes]:
        line = await self.line()
        try:
            await line.send(data)
            return await line.answer()
        finally:
            await line.close()


@contextlib.asynccontextmanager
async def receiving(directory: Path, handler: Any = None, **limits: float) -> AsyncIterator[Stand]:
    """A running receiver; stopped when left."""
    recorder = handler or Recorder()
    path = directory / "s"
    service = Service(recorder, Limits(**limits))
    up = asyncio.Event()
    running = asyncio.create_task(service.run(listening(path), up.set))
    await up.wait()
    try:
        yield Stand(recorder, service, path)
    finally:
        service.interrupt()
        await asyncio.wait_for(running, PATIENCE)


def listening(path: Path) -> socket.socket:
    return unix_socket(path)


def run(
    scenario: Callable[[], Coroutine[Any, Any, None]],
    loop: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop,
) -> None:
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(scenario())
