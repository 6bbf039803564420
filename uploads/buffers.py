"""Memory for bodies: large page-aligned buffers that are used again and again, and one that all share.

Fresh pages cost more than the bytes that go into them, so buffers come back here. A direct write wants
memory that is aligned like the file (`uploads/store.py`, Writer), which anonymous mappings are.

Next station: `uploads/body.py` fills them.
"""

import contextlib
import ctypes
import mmap
import time
from collections.abc import Callable

PAGE = 4096
MIB = 1024 * 1024
HUGE = 2 * MIB
BUFFER_BYTES = 2 * MIB
MOST_BUFFERS = 32
"""Half of them written while the other half is filled: so many fast bodies at once, the others wait."""
SPARE_SECONDS = 2.0
"""Buffers that were free for so long are given back to the system."""
HELD_BUDGET = 32 * MIB
"""What all slow bodies together hold: with many of them each is written in smaller pieces."""
MOST_HELD = 64 * 1024
LEAST_HELD = 2 * 1024


class Pool:
    """Large buffers of one size. One event loop; not for threads."""

    def __init__(
        self,
        size: int = BUFFER_BYTES,
        most: int = MOST_BUFFERS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`size` in bytes, a multiple of a page."""
        self.size = size
        self._most = most
        self._clock = clock
        self._free: list[memoryview] = []
        self._out = 0
        self._spare = 0
        self._looked = clock()

    @property
    def out(self) -> int:
        """Buffers in use."""
        return self._out

    def take(self) -> memoryview | None:
        """A buffer, the one used last if possible (it is hot); None when too many are out."""
        if self._out >= self._most:
            return None
        self._out += 1
        if not self._free:
            return aligned(self.size)
        buffer = self._free.pop()
        self._spare = min(self._spare, len(self._free))
        return buffer

    def give(self, buffer: memoryview) -> None:
        """Return a buffer; nobody may look at it any more."""
        self._out -= 1
        self._free.append(buffer)
        self.trim()

    def trim(self) -> None:
        """Give back what nobody took since the last time; to be called now and then."""
        now = self._clock()
        if now - self._looked >= SPARE_SECONDS:
            del self._free[: self._spare]
            self._looked, self._spare = now, len(self._free)


def aligned(size: int) -> memoryview:
    """Zeroed memory that begins at a page; unmapped when nobody refers to it any more.

    From `HUGE` bytes on it asks for huge pages: a direct write pins every page it takes bytes from.
    """
    huge = size >= HUGE
    room = mmap.mmap(-1, size + HUGE * huge, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    begin = -ctypes.addressof(ctypes.c_char.from_buffer(room)) % HUGE if huge else 0
    if huge:
        with contextlib.suppress(OSError):  # a kernel without them
            room.madvise(mmap.MADV_HUGEPAGE)
    return memoryview(room)[begin : begin + size]
