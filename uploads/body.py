"""A request's body as whoever stores it sees it, and the ways in which it may end.

Nothing received is lost to an ending: what came before the line broke, the sender stalled or another
request took the upload over is handed out first, and only then does reading raise.

Next station: `uploads/fedbody.py`, the body that receivers feed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Protocol

Piece = memoryview | bytearray | bytes
"""A Buffer with a length."""
Pour = Callable[[Piece], "asyncio.Future[None]"]
"""Takes a piece; done when it is written, and may be forgotten."""
NO_TRAILERS: Mapping[str, str] = MappingProxyType({})


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

    @property
    def exhausted(self) -> bool:
        """The last byte has been read: the next `read` returns nothing and need not be waited for."""
        ...

    @property
    def trailers(self) -> Mapping[str, str]:
        """Trailer fields by lower-case name, once a chunked body has ended."""
        ...

    def read(self, enough: int, at: int) -> Awaitable[Piece]:
        """What was received and belongs at file position `at`; at least `enough` bytes unless the body
        ends, slows down or a buffer is full.

        A large piece lies at an address ≡ `at` (mod 4096) and, if it filled its buffer, ends where a
        page of the file ends. Valid until the next call. Nothing is the end. Raises a BodyEnding after
        the pieces before it were read.
        """
        ...

    def pour(self, into: Pour | None) -> None:
        """From now on pieces that come slowly may go `into` this, while a `read` waits for what follows."""
        ...

    def interrupt(self, why: type[BodyEnding]) -> None:
        """End the body here: later pieces are refused, a waiting `read` wakes up."""
        ...


class Flow(Protocol):
    """The line a body comes from."""

    @property
    def patient(self) -> bool:
        """What waits in the kernel is safe there, even if the other side goes away."""
        ...

    def pause(self) -> None:
        """Receive nothing more for now; may be called again."""
        ...

    def resume(self) -> None:
        """Receive; may be called again."""
        ...
