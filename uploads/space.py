"""Room on the disk: what is promised to an upload at its creation is there until its last byte.

To check and to reserve is one step, for all threads and processes of an upload root: a lock file is held
meanwhile. Where the file system reserves extents they count as used at once and nothing else need be
remembered. Elsewhere the promise is an empty file `promised/{id}.{length}`; what it still stands for is
the length less the bytes that have come, so a process that dies leaves nothing wrong behind.

Next station: `uploads/filestore.py` and `uploads/packs/segment.py` take room here.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from uploads.capability import is_upload_id
from uploads.disk import reserve
from uploads.errors import StoreFull


class Space:
    """The room under one upload root. `headroom`: bytes that stay free, whoever asks.

    `preallocate`: reserve extents where the file system can; else every promise is counted.
    """

    def __init__(self, root: Path, *, headroom: int = 0, preallocate: bool = True) -> None:
        self._root = root
        self._data = root / "data"
        self._promises = root / "promised"
        self._headroom = headroom
        self._preallocate = preallocate
        self._mutex = threading.Lock()
        self._descriptor: int | None = None

    def free(self) -> int:
        """Bytes that may still be promised; negative when the headroom is eaten into. OSError."""
        space = os.statvfs(self._root)
        return space.f_bavail * space.f_frsize - self._headroom - self.promised()

    def check(self, length: int) -> None:
        """Raise StoreFull when `length` more bytes would eat into the headroom; OSError."""
        if self.free() < length:
            raise StoreFull("headroom")

    def promise(self, descriptor: int, upload_id: str, length: int) -> None:
        """Reserve the declared length of an upload behind its open data file, or nothing of it.

        Raises StoreFull, or OSError when the file system finds no room after all.
        """
        with self._alone():
            self._redeem(upload_id)
            self.check(length)
            if not (self._preallocate and reserve(descriptor, length)) and length:
                self._write_down(upload_id, length)

    def pledge(self, upload_id: str, length: int) -> None:
        """Keep room for at most `length` bytes of an upload whose length comes with a later `promise`.

        Nothing is reserved in the file system, which could not give the rest back. Raises StoreFull.
        """
        with self._alone():
            self.check(length)
            self._write_down(upload_id, length)

    def take(self, descriptor: int, length: int) -> None:
        """Make an open, empty file `length` bytes long whose room is reserved; StoreFull, OSError.

        Where the file system cannot reserve, the file grows as it is written.
        """
        with self._alone():
            self.check(length)
            if self._preallocate:
                reserve(descriptor, length, keep_size=False)

    def promised(self) -> int:
        """Bytes promised and not written yet, where nothing but this directory says so."""
        if not self._promises.is_dir():
            return 0
        left = 0
        for path in self._promises.iterdir():
            upload_id, _, length = path.name.partition(".")
            if not is_upload_id(upload_id):
                continue
            missing = int(length) - self._there(upload_id, int(length))
            if missing > 0:
                left += missing
            else:
                path.unlink(missing_ok=True)
        return left

    def _write_down(self, upload_id: str, length: int) -> None:
        self._promises.mkdir(exist_ok=True)
        (self._promises / f"{upload_id}.{length}").touch()

    def _redeem(self, upload_id: str) -> None:
        if self._promises.is_dir():
            for path in self._promises.glob(f"{upload_id}.*"):
                path.unlink(missing_ok=True)

    def _there(self, upload_id: str, gone: int) -> int:
        """Bytes of an upload that have come, also of one that is being joined; `gone` without any."""
        for name in (f"{upload_id}.joining", upload_id):
            with suppress(FileNotFoundError):
                return (self._data / name).stat().st_size
        return gone

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._mutex:
            if self._descriptor is None:
                path = self._root / "space.lock"
                self._descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o640)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)
