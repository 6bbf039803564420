"""A line between a client and nginx that can be slow, cut, or dead; it counts what goes over it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from types import TracebackType

from tests.patience import PATIENCE

PIECE = 16 * 1024
# Small kernel buffers: what a client believes sent should be not much more than what was sent.
BUFFER = 64 * 1024
LATE = 0.1


class Line:
    """`with Line(target_port) as line:` listens on `line.port`.

    `rate` (bytes a second, both directions apart, all connections together; None: as fast as it
    goes) may be changed at any time. `up` and `down` are the bytes passed on since the start.
    """

    def __init__(self, target_port: int = 0, *, rate: float | None = None) -> None:
        self.target_port = target_port
        self.rate = rate
        self.up = 0
        self.down = 0
        self.cuts = 0
        self._cut_at: list[int] = []
        self._refusing = False
        self._free_at = {"up": 0.0, "down": 0.0}
        self._connections: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="line", daemon=True)
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        listener.bind(("127.0.0.1", 0))
        self._listener = listener
        self.port: int = listener.getsockname()[1]

    def __enter__(self) -> Line:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(PATIENCE)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    def cut(self) -> None:
        """Reset every connection now."""
        self._loop.call_soon_threadsafe(self._reset_all)

    def cut_at(self, *bytes_up: int) -> None:
        """Reset every connection each time `up` passes one of these."""
        self._cut_at = sorted(bytes_up)

    def refuse(self, *, refusing: bool = True) -> None:
        """Reset what is there and whoever comes, until called with `refusing=False`."""
        self._refusing = refusing
        if refusing:
            self.cut()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._connected, sock=self._listener)

    async def _close(self) -> None:
        self._server.close()
        self._reset_all()
        await self._server.wait_closed()
        mine = asyncio.current_task()
        others = [task for task in asyncio.all_tasks() if task is not mine]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refusing:
            _reset(writer)
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            _reset(writer)
            return
        pair = {writer, far_writer}
        self._connections |= pair
        try:
            await asyncio.gather(
                self._carry(reader, far_writer, "up"), self._carry(far_reader, writer, "down")
            )
        except (OSError, asyncio.CancelledError):
            pass  # cut, or the end of the test
        finally:
            self._connections -= pair
            for end in pair:
                _reset(end) if end.transport.is_closing() else end.close()

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: str
    ) -> None:
        while piece := await reader.read(self._piece(way)):
            await self._wait_for_turn(len(piece), way)
            if way == "down":
                self.down += len(piece)
            else:
                self.up += len(piece)
            writer.write(piece)
            await writer.drain()
            if way == "up" and self._cut_at and self.up >= self._cut_at[0]:
                self._cut_at.pop(0)
                self._reset_all()
                return
        with contextlib.suppress(OSError):
            writer.write_eof()

    def _piece(self, way: str) -> int:
        """How much may be read: up to the next cut and not a byte beyond."""
        if way == "down" or not self._cut_at:
            return PIECE
        return max(1, min(PIECE, self._cut_at[0] - self.up))

    async def _wait_for_turn(self, size: int, way: str) -> None:
        if self.rate is None:
            return
        now = self._loop.time()
        # Whoever comes next waits until everything before it has been through; a turn that was woken
        # late is made up for, or a busy machine would make the line slower than it is called.
        free_at = self._free_at[way]
        self._free_at[way] = (free_at if now - free_at < LATE else now) + size / self.rate
        await asyncio.sleep(max(0.0, self._free_at[way] - now))

    def _reset_all(self) -> None:
        self.cuts += bool(self._connections)
        for writer in list(self._connections):
            _reset(writer)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST: nothing more arrives, on either side."""
    held = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
