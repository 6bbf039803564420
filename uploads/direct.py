"""Writing past the page cache where that is possible, through it where it is not.

New page-cache pages cost more than anything else a receiver does; O_DIRECT from an aligned, reused buffer
needs none. It takes whole blocks from memory that is aligned like the file, so a write is cut into an
unaligned head, an aligned middle and an unaligned tail, and only the middle goes directly. The end of the
file is the offset at every instant: nothing is padded. Mixing is safe, because head and tail lie in other
blocks than the middle, and the kernel drops cached pages of what is written directly.

Whatever refuses O_DIRECT (tmpfs, some network mounts) is written through the cache, without a word.
Next station: `uploads/filestore.py`, whose data files these are.
"""

import ctypes
import errno
import fcntl
import os
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from uploads.counters import SYNCS
from uploads.disk import FULL
from uploads.store import Piece, trouble

ALIGNMENT = 4096
"""Of file offset, length and memory: a page, a multiple of every device's block."""
LEAST_DIRECT = 64 * 1024
"""Bytes below which a write through the cache is cheaper."""
PIECES_PER_WRITE = 1024
"""IOV_MAX on Linux."""
REFUSALS = frozenset({errno.EINVAL, errno.EOPNOTSUPP})


def address(view: memoryview) -> int | None:
    """Where a writable view lies in memory; None for a read-only one, which nobody aligned."""
    return None if view.readonly else ctypes.addressof(ctypes.c_char.from_buffer(view))


def cut_up(pieces: Sequence[Piece], offset: int) -> Iterator[tuple[bool, memoryview]]:
    """`pieces` for the file from `offset` on, as (directly, bytes) in their order, none empty."""
    for piece in pieces:
        view = memoryview(piece).cast("B")
        head = -offset % ALIGNMENT
        middle = (len(view) - head) // ALIGNMENT * ALIGNMENT
        offset += len(view)
        parts = [(False, view)]
        if middle >= LEAST_DIRECT:
            place = address(view)
            if place is not None and (place + head) % ALIGNMENT == 0:
                parts = [
                    (False, view[:head]),
                    (True, view[head : head + middle]),
                    (False, view[head + middle :]),
                ]
        yield from (part for part in parts if len(part[1]))


class FileWriter:
    """One open data file; a Writer. `direct` False: never past the cache. `durable` False: no syncs.

    Raises FileNotFoundError when there is no such file.
    """

    __slots__ = ("_descriptor", "_directly", "_durable", "_refused")

    def __init__(self, path: Path | str, *, direct: bool = True, durable: bool = True) -> None:
        self._descriptor = os.open(path, os.O_WRONLY)
        self._directly = False
        self._refused = not direct
        self._durable = durable

    def write(self, offset: int, pieces: Sequence[Piece]) -> int:
        try:
            if len(pieces) == 1 and len(pieces[0]) < LEAST_DIRECT:
                return self._cached(offset, [memoryview(pieces[0])])
            for directly, group in groupby(cut_up(pieces, offset), itemgetter(0)):
                views = [view for _, view in group]
                offset = self._direct(offset, views) if directly else self._cached(offset, views)
        except OSError as error:
            raise trouble(error) from None
        return offset

    def sync(self) -> None:
        if not self._durable:
            return
        try:
            with SYNCS.timed():
                os.fdatasync(self._descriptor)
        except OSError as error:
            raise trouble(error) from None

    def cut(self, offset: int) -> None:
        try:
            os.ftruncate(self._descriptor, offset)
        except OSError as error:
            raise trouble(error) from None

    def close(self) -> None:
        os.close(self._descriptor)

    def _cached(self, offset: int, views: list[memoryview]) -> int:
        if self._directly:
            self._turn(direct=False)
        while views:
            count = os.pwritev(self._descriptor, views[:PIECES_PER_WRITE], offset)
            offset += count
            views = after(views, count)
        return offset

    def _direct(self, offset: int, views: list[memoryview]) -> int:
        try:
            while views and not self._refused and offset % ALIGNMENT == 0:
                if not self._directly:
                    self._turn(direct=True)
                count = os.pwritev(self._descriptor, views[:PIECES_PER_WRITE], offset)
                offset += count
                views = after(views, count)
        except OSError as error:
            if error.errno in REFUSALS:
                self._refused = True
            elif error.errno not in FULL:
                raise
            # Without room for all of it the cached way writes what fits, then says so itself.
        return self._cached(offset, views) if views else offset

    def _turn(self, *, direct: bool) -> None:
        """One descriptor for both ways: a second one, opened by name, might be another file."""
        # None of the other flags that can be set is.
        fcntl.fcntl(self._descriptor, fcntl.F_SETFL, os.O_DIRECT if direct else 0)
        self._directly = direct


def after(views: list[memoryview], count: int) -> list[memoryview]:
    """What is left of `views` when their first `count` bytes are written."""
    for index, view in enumerate(views):
        if count < len(view):
            return [view[count:], *views[index + 1 :]]
        count -= len(view)
    return []
