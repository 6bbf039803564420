"""A request's body between whoever receives it and whoever stores it, within a fixed amount of memory.

The receiving side feeds pieces and is told when there is room for more; the storing side takes all pieces
at once. Nothing received is lost to an ending: what was fed before the line broke, the sender stalled or
another request took the upload over is handed out first, and only then does reading raise.

Next station: `uploads/transfer.py` writes the pieces into the store.
"""

import asyncio
from typing import Protocol

KIB = 1024
MIB = 1024 * KIB
STALL_SECONDS = 90.0
AGE_SECONDS = 4.0


class BodyEnding(Exception):
    """Base of the ways a body ends before its end."""


class BodyBroken(BodyEnding):
    """The sender is gone."""


class BodyTaken(BodyEnding):
    """Another request took the upload over."""


class BodyStopped(BodyEnding):
    """The server is stopping."""


class BodyStalled(BodyEnding):
    """Nothing came for too long."""


class Body(Protocol):
    """What the core needs of a body. Runs in the event loop only."""

    @property
    def length(self) -> int | None:
        """Content-Length in bytes, 0 without a body, None for a chunked one."""
        ...

    @property
    def ended(self) -> bool:
        """The last byte has been received; it may still have to be read."""
        ...

    async def read(self, enough: int) -> list[bytes]:
        """Everything received so far, once `enough` bytes (or the end, or some time) are there.

        An empty list is the end. Raises a BodyEnding after the pieces before it were read.
        """
        ...

    def interrupt(self, why: type[BodyEnding]) -> None:
        """End the body here: later pieces are refused, a waiting `read` wakes up."""
        ...


class FedBody:
    """A Body fed piece by piece from the event loop that reads it."""

    def __init__(
        self, length: int | None, *, stall: float = STALL_SECONDS, age: float = AGE_SECONDS
    ) -> None:
        self.length = length
        self.ended = length == 0
        self._pieces: list[bytes] = []
        self._size = 0
        self._received = 0
        self._enough = 64 * KIB
        self._ending: type[BodyEnding] | None = None
        self._stall = stall
        self._age = age
        self._reader: asyncio.Future[None] | None = None
        self._feeder: asyncio.Future[None] | None = None
        self._ripening: asyncio.TimerHandle | None = None
        self._fed_at = 0.0

    @property
    def open(self) -> bool:
        """More pieces are wanted: neither ended nor broken nor interrupted."""
        return not self.ended and self._ending is None

    @property
    def held(self) -> int:
        """Bytes received and not read yet."""
        return self._size

    @property
    def left(self) -> int | None:
        """Bytes not received yet; None when the length is not known."""
        return None if self.length is None else self.length - self._received

    def feed(self, piece: bytes) -> None:
        """Add a received piece; after an interruption it is dropped, as it was never acknowledged."""
        self._received += len(piece)
        if not piece or not self.open:
            return
        self._pieces.append(piece)
        self._size += len(piece)
        if self._reader is None:
            return
        loop = self._reader.get_loop()
        self._fed_at = loop.time()
        if self._size >= self._enough:
            _wake(self._reader)
        elif self._ripening is None:
            self._ripening = loop.call_later(self._age, _wake, self._reader)

    def end(self) -> None:
        """The body is complete."""
        self.ended = True
        _wake(self._reader)

    def interrupt(self, why: type[BodyEnding]) -> None:
        if self.open:
            self._ending = why
            _wake(self._reader)
            _wake(self._feeder)

    async def room(self) -> None:
        """Wait until less than the wanted amount is held; returns at once when the body is not open."""
        while self.open and self._size >= self._enough:
            self._feeder = asyncio.get_running_loop().create_future()
            try:
                await self._feeder
            finally:
                self._feeder = None

    async def read(self, enough: int) -> list[bytes]:
        self._enough = enough
        _wake(self._feeder)
        if self.open and self._size < enough:
            await self._wait()
        if self._pieces:
            pieces, self._pieces, self._size = self._pieces, [], 0
            _wake(self._feeder)
            return pieces
        if self.ended:
            return []
        assert self._ending is not None
        raise self._ending

    async def _wait(self) -> None:
        """Until enough, an ending, the oldest unread piece being old, or a stall."""
        loop = asyncio.get_running_loop()
        self._reader = loop.create_future()
        self._fed_at = loop.time()
        if self._pieces:
            self._ripening = loop.call_later(self._age, _wake, self._reader)
        watch = loop.call_later(self._stall, self._check_stall, loop)
        try:
            await self._reader
        finally:
            watch.cancel()
            if self._ripening is not None:
                self._ripening.cancel()
            self._reader = self._ripening = None

    def _check_stall(self, loop: asyncio.AbstractEventLoop) -> None:
        # A reader waits with the oldest piece for `age` at most, so a fed body never gets here late.
        if loop.time() - self._fed_at >= self._stall * 0.9:
            self.interrupt(BodyStalled)


def _wake(waiting: asyncio.Future[None] | None) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(None)
