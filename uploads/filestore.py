"""Uploads as two files each, `data/{id}` and `data/{id}.info`, laid out as tusd's file store does.

The size of the data file is the offset. The description is written once, renamed into place and its
directory synced, so that an upload exists wholly or not at all. Space for the declared length is reserved
beyond the end of the file where the file system can (it then counts as used, for every process), never by
moving the end.

Next station: a finished upload is hashed by `uploads/finishing.py`.
"""

import contextlib
import ctypes
import logging
import os
import tempfile
import time
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, BinaryIO

from uploads.arrivals import sync_directory
from uploads.capability import is_upload_id, shard_of
from uploads.description import from_info, to_info
from uploads.errors import StoreFull, StoreTrouble, UnknownUpload
from uploads.model import Upload
from uploads.store import FULL, trouble

log = logging.getLogger(__name__)

MIB = 1024 * 1024
PIECES_PER_WRITE = 1024
"""IOV_MAX on Linux."""
ORPHAN_SECONDS = 3600
FALLOC_FL_KEEP_SIZE = 1

_libc = ctypes.CDLL(None, use_errno=True)


def reserve(descriptor: int, length: int) -> None:
    """Reserve `length` bytes without moving the end of the file (fallocate(2), KEEP_SIZE).

    Quiet where the file system cannot; raises OSError when there is no room.
    """
    if length == 0 or not hasattr(_libc, "fallocate"):
        return
    failed = _libc.fallocate(
        descriptor, FALLOC_FL_KEEP_SIZE, ctypes.c_int64(0), ctypes.c_int64(length)
    )
    if failed and (number := ctypes.get_errno()) in FULL:
        raise OSError(number, os.strerror(number))


class FileWriter:
    """One open data file."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, offset: int, pieces: Sequence[bytes]) -> int:
        pending = list(pieces)
        try:
            while pending:
                count = os.pwritev(self._descriptor, pending[:PIECES_PER_WRITE], offset)
                offset += count
                pending = _after(pending, count)
        except OSError as error:
            raise trouble(error) from None
        return offset

    def sync(self) -> None:
        try:
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


def _after(pieces: list[bytes], count: int) -> list[bytes]:
    """What is left of `pieces` when their first `count` bytes are written."""
    for index, piece in enumerate(pieces):
        if count < len(piece):
            return [piece[count:], *pieces[index + 1 :]]
        count -= len(piece)
    return []


class FileStore:
    """A Store, CanRemove and CanStage on one local file system.

    `headroom`: bytes that stay free; a creation that would eat into them is refused.
    """

    def __init__(self, root: Path, *, headroom: int = 0, preallocate: bool = True) -> None:
        self.root = root
        self._data = root / "data"
        self._headroom = headroom
        self._preallocate = preallocate
        self._data.mkdir(parents=True, exist_ok=True)

    def check_room(self, length: int) -> None:
        try:
            space = os.statvfs(self._data)
        except OSError as error:
            raise trouble(error) from None
        if space.f_bavail * space.f_frsize < length + self._headroom:
            raise StoreFull("headroom")

    def create(self, upload: Upload) -> None:
        data = self._path(upload.upload_id)
        info, draft = _info(data), data.with_name(f"{data.name}.draft")
        try:
            descriptor = os.open(data, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o640)
        except OSError as error:
            raise trouble(error) from None
        try:
            if self._preallocate:
                reserve(descriptor, upload.length)
            with draft.open("x", encoding="utf-8") as file:
                file.write(to_info(upload))
                file.flush()
                os.fsync(file.fileno())
            draft.rename(info)
            sync_directory(self._data)
        except OSError as error:
            for path in (info, draft, data):
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
            raise trouble(error) from None
        finally:
            os.close(descriptor)

    def load(self, upload_id: str) -> Upload:
        data = self._path(upload_id)
        try:
            text = _info(data).read_text(encoding="utf-8")
            status = data.stat()
        except FileNotFoundError:
            raise UnknownUpload from None
        except OSError as error:
            raise trouble(error) from None
        changed_at = datetime.fromtimestamp(status.st_mtime, UTC)
        try:
            upload = from_info(text, offset=status.st_size, changed_at=changed_at)
        except (ValueError, KeyError, TypeError):
            # Not the exception: its text would quote the description, file name included.
            log.error("upload %s: its description cannot be read", upload_id)  # noqa: TRY400
            raise StoreTrouble("description") from None
        if upload.offset > upload.length or upload.upload_id != upload_id:
            log.error("upload %s: its description does not fit its data", upload_id)
            raise StoreTrouble("description")
        return upload

    def sync(self, upload_id: str) -> None:
        writer = self.open(upload_id)
        try:
            writer.sync()
        finally:
            writer.close()

    def open(self, upload_id: str) -> FileWriter:
        try:
            return FileWriter(os.open(self._path(upload_id), os.O_WRONLY))
        except FileNotFoundError:
            raise UnknownUpload from None
        except OSError as error:
            raise trouble(error) from None

    def read(self, upload_id: str) -> BinaryIO:
        try:
            return self._path(upload_id).open("rb", buffering=0)
        except FileNotFoundError:
            raise UnknownUpload from None
        except OSError as error:
            raise trouble(error) from None

    def ids(self, shards: Collection[int]) -> Iterator[str]:
        with os.scandir(self._data) as entries:
            for entry in entries:
                upload_id, _, ending = entry.name.partition(".")
                if ending == "info" and is_upload_id(upload_id) and shard_of(upload_id) in shards:
                    yield upload_id

    def remove(self, upload_id: str) -> None:
        data = self._path(upload_id)
        try:
            # The description first: without it the upload does not exist, whatever else is left.
            _info(data).unlink(missing_ok=True)
            data.unlink(missing_ok=True)
            sync_directory(self._data)
        except OSError as error:
            raise trouble(error) from None

    def stage(self) -> IO[bytes]:
        try:
            return tempfile.SpooledTemporaryFile(max_size=MIB, dir=str(self._data))
        except OSError as error:
            raise trouble(error) from None

    def tidy(self, shards: Collection[int]) -> int:
        """Remove what creations that died left behind and is an hour old; returns how many files."""
        before, count = time.time() - ORPHAN_SECONDS, 0
        with os.scandir(self._data) as entries:
            for entry in entries:
                upload_id, _, ending = entry.name.partition(".")
                if not is_upload_id(upload_id) or shard_of(upload_id) not in shards:
                    continue
                path = self._data / entry.name
                orphan = ending == "draft" or (not ending and not _info(path).exists())
                if orphan and entry.stat().st_mtime < before:
                    path.unlink(missing_ok=True)
                    count += 1
        return count

    def _path(self, upload_id: str) -> Path:
        if not is_upload_id(upload_id):
            raise UnknownUpload
        return self._data / upload_id


def _info(data: Path) -> Path:
    return data.with_name(f"{data.name}.info")
