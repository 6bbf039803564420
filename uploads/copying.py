"""A copy of an upload root in use: what a kill -9 now would have left there, which needs no repair.

Arrivals are copied before the bytes they speak of, so that none stands without them. An open upload is
copied as far as it is; its size is its offset, its sender goes on from there. The index of packs is left
out: it is read from the segments. A copy has the layout of a root, so the way back is the same function.

Next station: `portal/backup/making.py` and `portal/backup/restoring.py`.
"""

import contextlib
import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from uploads.arrivals import ArrivalLog
from uploads.capability import is_upload_id
from uploads.packs import PackStore, segment

PIECE = 1024 * 1024
SETTLED_NS = 2_000_000_000
"""What changed this recently may change again within one tick of its clock, unnoticed."""
_ZEROS = bytes(PIECE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """`files` there are, of `size` bytes; of them `written` bytes, the others are of the copy before.

    `damaged`: uploads whose bytes are not those that arrived; they are copied as they are.
    """

    files: int
    size: int
    written: int
    damaged: tuple[str, ...]


def copy_root(source: Path, target: Path, before: Path | None = None) -> Copied:
    """Copy everything under `source` into `target`, which must be new or empty.

    A file that has not changed since the copy `before` is linked to it and not read again: what has
    arrived does not change. Nothing is durable before the caller has synced the file system.
    """
    copying = _Copying(source, target, before)
    copying.arrivals()
    copying.packs()
    copying.data()
    return Copied(
        files=copying.files,
        size=copying.size,
        written=copying.written,
        damaged=tuple(copying.damaged),
    )


def settle_root(root: Path) -> None:
    """After a copy: what is packed is found again. No upload process may be running."""
    store = PackStore(root)
    try:
        store.adopt()
    finally:
        store.close()


class _Digest(Protocol):
    def update(self, data: memoryview, /) -> None: ...


class _Copying:
    def __init__(self, source: Path, target: Path, before: Path | None) -> None:
        self._source = source
        self._target = target
        self._before = before
        self._arrived: dict[str, str] = {}
        self.files = self.size = self.written = 0
        self.damaged: list[str] = []

    def arrivals(self) -> None:
        log = ArrivalLog(self._target)
        for shard in _entries(self._source / "arrivals"):
            for name in _entries(self._source / "arrivals" / shard):
                upload_id = name.removesuffix(".json")
                if is_upload_id(upload_id):
                    self._file(f"arrivals/{shard}/{name}")
                    arrival = log.read(upload_id)
                    if arrival is not None:
                        self._arrived[upload_id] = arrival.sha256

    def packs(self) -> None:
        for name in _entries(self._source / "packs"):
            if name.endswith(segment.ENDING):
                self._file(f"packs/{name}")

    def data(self) -> None:
        (self._target / "data").mkdir(parents=True, exist_ok=True)
        for name in _entries(self._source / "data"):
            upload_id = name.removesuffix(".info")
            if not is_upload_id(upload_id):
                continue
            wanted = self._arrived.get(upload_id) if name == upload_id else None
            found = self._file(f"data/{name}", hashed=wanted is not None)
            if wanted is not None and found not in (None, wanted):
                self.damaged.append(upload_id)

    def _file(self, relative: str, *, hashed: bool = False) -> str | None:
        """Copy one file, or link it; its SHA-256 when it was read for that. One that is gone is left out."""
        source, target = self._source / relative, self._target / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            about = source.stat()
            if self._before is not None and _same(about, self._before / relative):
                os.link(self._before / relative, target)
                self._count(about.st_size)
                return None
            digest = hashlib.sha256() if hashed else None
            size = _copy(source, target, digest)
            self._count(size)
            self.written += size
            # With a time of its own it will not be taken for unchanged.
            if time.time_ns() - about.st_mtime_ns > SETTLED_NS:
                os.utime(target, ns=(about.st_atime_ns, about.st_mtime_ns))
            return digest.hexdigest() if digest is not None else None
        return None

    def _count(self, size: int) -> None:
        self.files += 1
        self.size += size


def _copy(source: Path, target: Path, digest: _Digest | None) -> int:
    """The bytes as they are while they are read, holes left holes; how many there were."""
    size, buffer = 0, memoryview(bytearray(PIECE))
    with source.open("rb", buffering=0) as reading, target.open("xb", buffering=0) as writing:
        while count := reading.readinto(buffer):
            piece = buffer[:count]
            if digest is not None:
                digest.update(piece)
            if piece == _ZEROS[:count]:
                writing.seek(count, os.SEEK_CUR)
            else:
                left = piece
                while left:
                    left = left[writing.write(left) :]
            size += count
        writing.truncate(size)
    return size


def _same(about: os.stat_result, before: Path) -> bool:
    try:
        then = before.stat()
    except FileNotFoundError:
        return False
    return (then.st_size, then.st_mtime_ns) == (about.st_size, about.st_mtime_ns)


def _entries(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir())
    except FileNotFoundError:
        return []
