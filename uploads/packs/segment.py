"""A segment: one preallocated file of documents behind each other. One process appends, any may read.

Who appends holds the file's lock (flock); a segment nobody holds was left by a process that died or has
stopped, and belongs to whoever takes the lock. Bytes go past the page cache where the file system allows.

Next station: `uploads/packs/index.py` says where in which segment a document lies.
"""

import errno
import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from uploads.counters import SYNCS
from uploads.direct import PIECES_PER_WRITE, after
from uploads.disk import punch, sync_directory
from uploads.packs.layout import (
    BLOCK,
    MOST_HEAD_BYTES,
    NONCE_BYTES,
    Head,
    decode,
    decode_segment,
    encode,
    encode_segment,
    wanted,
)
from uploads.space import Space

ENDING = ".pack"
_NO_SEEKING = frozenset({errno.EINVAL, errno.EOPNOTSUPP})


class Segment:
    """A segment this process appends to, from creation to `seal`. One thread at a time.

    `size`: bytes reserved for it. Raises StoreFull, OSError.
    """

    def __init__(self, folder: Path, size: int, space: Space, *, durable: bool = True) -> None:
        self.name = secrets.token_hex(8)
        self.nonce = secrets.token_bytes(NONCE_BYTES)
        self.size = size
        self.end = BLOCK
        self._durable = durable
        path = folder / f"{self.name}{ENDING}"
        self._descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o640)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            space.take(self._descriptor, size)
            os.pwrite(self._descriptor, encode_segment(self.nonce), 0)
            self.sync()
            if durable:
                sync_directory(folder)
            self._turn(direct=True)
        except BaseException:
            os.close(self._descriptor)
            path.unlink(missing_ok=True)
            raise

    def room(self) -> int:
        return self.size - self.end

    def write(self, views: list[memoryview], at: int) -> None:
        """Whole blocks from aligned memory. Raises OSError; then `seal` forgets what came after `end`."""
        while views:
            try:
                count = os.pwritev(self._descriptor, views[:PIECES_PER_WRITE], at)
            except OSError as error:
                if error.errno != errno.EINVAL or not self._direct:
                    raise
                count = 0
            if count % BLOCK or not count:
                self._turn(direct=False)
            views, at = after(views, count), at + count

    def sync(self) -> None:
        if self._durable:
            with SYNCS.timed():
                os.fdatasync(self._descriptor)

    def seal(self) -> None:
        """Give back what was reserved beyond the last document, and let go of the segment."""
        try:
            os.ftruncate(self._descriptor, self.end)
            self.sync()
        finally:
            os.close(self._descriptor)

    def _turn(self, *, direct: bool) -> None:
        flags = fcntl.fcntl(self._descriptor, fcntl.F_GETFL) & ~os.O_DIRECT
        try:
            fcntl.fcntl(self._descriptor, fcntl.F_SETFL, flags | (os.O_DIRECT if direct else 0))
        except OSError as error:
            if not direct or error.errno != errno.EINVAL:
                raise
            direct = False
        self._direct = direct


def nonce_of(descriptor: int) -> bytes | None:
    """The nonce of an open segment, None when it is not one."""
    return decode_segment(os.pread(descriptor, BLOCK, 0))


def head_at(descriptor: int, nonce: bytes, at: int) -> Head | None:
    """The head that stands at this place, None when none does."""
    content = os.pread(descriptor, BLOCK, at)
    length = wanted(nonce, at, content)
    if length is not None and length > BLOCK:
        content = os.pread(descriptor, min(length, MOST_HEAD_BYTES), at)
    return decode(nonce, at, content)


def heads(descriptor: int, nonce: bytes, at: int) -> Iterator[Head]:
    """Every head from this place on, also those behind something broken; their bytes may be broken too.

    What was never written or was given back is skipped without reading it.
    """
    end = os.fstat(descriptor).st_size
    while at < end:
        at = _next_data(descriptor, at, end)
        head = head_at(descriptor, nonce, at) if at < end else None
        if head is None or head.end > end:
            at += BLOCK
            continue
        yield head
        at = head.end


def body_of(descriptor: int, head: Head) -> bytes:
    """The bytes of a document, as many of them as there are."""
    return os.pread(descriptor, head.size, head.body_at)


def is_whole(descriptor: int, head: Head) -> bool:
    """Whether the bytes are those the head was written for."""
    return hashlib.sha256(body_of(descriptor, head)).hexdigest() == head.sha256


def erase(descriptor: int, nonce: bytes, head: Head) -> None:
    """Make a document unreadable for good: its head says so first, then its bytes go."""
    stone = replace(head, living=False, sha256="0" * 64, text=b"\0" * len(head.text))
    os.pwrite(descriptor, encode(nonce, stone), head.at)
    os.fdatasync(descriptor)
    length = head.end - head.body_at
    if length and not punch(descriptor, head.body_at, length):
        os.pwrite(descriptor, bytes(length), head.body_at)
    os.fdatasync(descriptor)


def hold(descriptor: int) -> bool:
    """Take the lock of an open segment; False when another process holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _next_data(descriptor: int, at: int, end: int) -> int:
    """The block at or after this place where something was ever written; `end` when none was."""
    try:
        return max(at, os.lseek(descriptor, at, os.SEEK_DATA) // BLOCK * BLOCK)
    except OSError as error:
        if error.errno == errno.ENXIO:
            return end
        if error.errno in _NO_SEEKING:
            return at
        raise
