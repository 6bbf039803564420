"""One file for each shard, in which each upload has a byte of its own to lock.

Locks of open file descriptions (fcntl(2), F_OFD_SETLK): the kernel keeps them as long as the process has
the file open, so a dead holder holds nothing, and no file is made or removed for an upload.

Next station: `uploads/locks.py`.
"""

import contextlib
import fcntl
import os
import struct
import threading
from pathlib import Path

from uploads.capability import is_upload_id, shard_of
from uploads.errors import UploadLocked

_FLOCK = struct.Struct("hhqqi4x")
"""struct flock: type, whence, start, length, process (0 for this kind)."""
PLACE_DIGITS = slice(2, 17)
"""60 bits of an id behind its shard: two uploads share a byte about never, and then only wait."""


class _ShardFile:
    """One open file; a lock taken through it is this process's."""

    __slots__ = ("descriptor",)

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)

    def set(self, kind: int, place: int) -> None:
        """Raises BlockingIOError when another process has the byte."""
        request = _FLOCK.pack(kind, os.SEEK_SET, place, 1, 0)
        fcntl.fcntl(self.descriptor, fcntl.F_OFD_SETLK, request)

    def is_in_place(self) -> bool:
        """False when somebody removed the file: others lock another one by now."""
        return os.fstat(self.descriptor).st_nlink > 0


class Place:
    """A locked byte."""

    __slots__ = ("_file", "_place")

    def __init__(self, file: _ShardFile, place: int) -> None:
        """Raises BlockingIOError when another process has it."""
        self._file = file
        self._place = place
        file.set(fcntl.F_WRLCK, place)

    def is_ours(self) -> bool:
        """Whether the lock still means what it says."""
        return self._file.is_in_place()

    def unlock(self) -> None:
        with contextlib.suppress(OSError):
            self._file.set(fcntl.F_UNLCK, self._place)


class LockFiles:
    """The files of one directory, each opened when it is first needed. For any thread."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._files: dict[int, _ShardFile] = {}
        self._replaced: list[_ShardFile] = []
        self._opening = threading.Lock()
        directory.mkdir(parents=True, exist_ok=True)

    def lock(self, upload_id: str) -> Place | None:
        """The lock of an upload, or None when another process has it. Raises UploadLocked."""
        if not is_upload_id(upload_id):
            raise UploadLocked("not an upload id")
        place = int(upload_id[PLACE_DIGITS], 16)
        while True:
            file = self._file(shard_of(upload_id))
            try:
                lock = Place(file, place)
            except BlockingIOError:
                return None
            # Between open and lock the file may have been removed: another one is the lock now.
            if lock.is_ours():
                return lock

    def close(self) -> None:
        for file in (*self._files.values(), *self._replaced):
            os.close(file.descriptor)
        self._files.clear()
        self._replaced.clear()

    def _file(self, shard: int) -> _ShardFile:
        file = self._files.get(shard)
        if file is not None and file.is_in_place():
            return file
        with self._opening:
            file = self._files.get(shard)
            if file is not None:
                if file.is_in_place():
                    return file
                # Kept open: those who locked through it find out by asking it.
                self._replaced.append(file)
            file = self._files[shard] = _ShardFile(self._directory / f"{shard:02x}.lock")
            return file
