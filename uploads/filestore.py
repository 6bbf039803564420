"""Uploads as two files each, `data/{id}` and `data/{id}.info`, laid out as tusd's file store does.

The size of the data file is the offset. A description is written aside, renamed into place and its
directory synced, so that an upload exists wholly or not at all. Space for the declared length is reserved
beyond the end of the file where the file system can, never by moving the end. A joined upload is put
together aside, by the kernel alone (copy_file_range, which shares blocks where a file system can), and
takes its name when the last byte is durable.

Next station: `uploads/direct.py` writes the bytes; a finished upload goes to `uploads/finishing.py`.
"""

import contextlib
import errno
import logging
import os
import tempfile
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, BinaryIO

from uploads.capability import is_upload_id, shard_of
from uploads.description import described, to_info
from uploads.direct import FileWriter
from uploads.disk import copy_range, punch, read_all, send_range, sync_directory, write_new
from uploads.errors import StoreTrouble, UnknownUpload
from uploads.model import Upload
from uploads.space import Space
from uploads.store import trouble

log = logging.getLogger(__name__)

MIB = 1024 * 1024
ORPHAN_SECONDS = 3600
JOIN_STEP = 256 * MIB
"""Bytes the kernel copies between two syncs: dirty pages stay bounded, and a stop is heard."""
NOT_IN_THE_KERNEL = frozenset({errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL})
DRAFTS = frozenset({"draft", "joining"})


class FileStore:
    """A Store that can remove, stage, declare and join, on one local file system.

    `headroom`: bytes that stay free; a creation that would eat into them is refused. `preallocate`:
    reserve extents where the file system can. `direct`: past the page cache where it can. `durable` False
    leaves out every sync: for measuring what they cost, never for uploads that matter.
    """

    def __init__(
        self,
        root: Path,
        *,
        headroom: int = 0,
        preallocate: bool = True,
        direct: bool = True,
        durable: bool = True,
    ) -> None:
        self.root = root
        self.space = Space(root, headroom=headroom, preallocate=preallocate)
        self._data = root / "data"
        self._direct = direct
        self._durable = durable
        self._data.mkdir(parents=True, exist_ok=True)
        if durable:
            # Also when another process made it: that one may not have come so far.
            sync_directory(root)

    def check_room(self, length: int) -> None:
        try:
            self.space.check(length)
        except OSError as error:
            raise trouble(error) from None

    def create(self, upload: Upload) -> None:
        self._begin(upload, os.O_CREAT | os.O_EXCL | os.O_WRONLY)

    def adopt(self, upload: Upload) -> None:
        """As `create`, for an empty upload that another engine has put here; its description is replaced.

        Theirs names absolute paths and is not synced.
        """
        self._begin(upload, os.O_WRONLY)

    def _begin(self, upload: Upload, flags: int) -> None:
        data = self._path(upload.upload_id)
        try:
            descriptor = os.open(data, flags, 0o640)
        except OSError as error:
            raise trouble(error) from None
        try:
            self._reserve(descriptor, upload)
            self._describe(upload)
        except BaseException as error:
            with contextlib.suppress(OSError):
                self._unlink(_info(data), data)
            if isinstance(error, OSError):
                raise trouble(error) from None
            raise
        finally:
            os.close(descriptor)

    def load(self, upload_id: str) -> Upload:
        data = self._name(upload_id)
        try:
            text = read_all(f"{data}.info")
            status = os.stat(data)  # noqa: PTH116 - see _name
        except FileNotFoundError:
            raise UnknownUpload from None
        except OSError as error:
            raise trouble(error) from None
        changed_at = datetime.fromtimestamp(status.st_mtime, UTC)
        try:
            upload = replace(described(text), offset=status.st_size, changed_at=changed_at)
        except (ValueError, KeyError, TypeError):
            # Not the exception: its text would quote the description, file name included.
            log.error("upload %s: its description cannot be read", upload_id)  # noqa: TRY400
            raise StoreTrouble("description") from None
        if upload.offset > upload.limit or upload.upload_id != upload_id:
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
            return FileWriter(self._name(upload_id), direct=self._direct, durable=self._durable)
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
            self._unlink(_info(data), data)
            self._sync_directory()
        except OSError as error:
            raise trouble(error) from None

    def stage(self) -> IO[bytes]:
        try:
            return tempfile.SpooledTemporaryFile(max_size=MIB, dir=str(self._data))
        except OSError as error:
            raise trouble(error) from None

    def declare(self, upload_id: str, length: int) -> None:
        upload = self.load(upload_id)
        if upload.length == length:
            return
        if upload.length is not None or length < upload.offset:
            raise StoreTrouble("length")
        try:
            descriptor = os.open(self._path(upload_id), os.O_WRONLY)
            try:
                self.space.promise(descriptor, upload_id, length)
                self._describe(replace(upload, length=length))
            finally:
                os.close(descriptor)
        except OSError as error:
            raise trouble(error) from None

    def join(self, upload: Upload, parts: Sequence[str]) -> None:
        data = self._path(upload.upload_id)
        joining = data.with_name(f"{data.name}.joining")
        try:
            with contextlib.ExitStack() as files:
                sources = [files.enter_context(self.read(part)) for part in parts]
                length = sum(os.fstat(source.fileno()).st_size for source in sources)
                joining.unlink(missing_ok=True)
                target = os.open(joining, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o640)
                files.callback(os.close, target)
                self.space.promise(target, upload.upload_id, length)
                for source in sources:
                    self._append(target, source.fileno())
                if self._durable:
                    os.fdatasync(target)
            # Its size leaps from nothing to everything; until it is described it does not exist.
            joining.rename(data)
            if self._durable:
                self._sync_directory()
            self._describe(replace(upload, length=length))
        except BaseException as error:
            with contextlib.suppress(OSError):
                joining.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise trouble(error) from None
            raise

    def hollow(self, upload_id: str) -> None:
        try:
            with contextlib.suppress(FileNotFoundError):
                descriptor = os.open(self._path(upload_id), os.O_WRONLY)
                try:
                    punch(descriptor, 0, os.fstat(descriptor).st_size)
                finally:
                    os.close(descriptor)
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
                orphan = ending in DRAFTS or (not ending and not _info(path).exists())
                if orphan and entry.stat().st_mtime < before:
                    path.unlink(missing_ok=True)
                    count += 1
        return count

    def _reserve(self, descriptor: int, upload: Upload) -> None:
        if upload.length is None and not upload.parts:
            self.space.pledge(upload.upload_id, upload.max_size)
        elif not upload.parts:  # room for a joined upload is taken when it is joined
            self.space.promise(descriptor, upload.upload_id, upload.length or 0)

    def _describe(self, upload: Upload) -> None:
        info = _info(self._path(upload.upload_id))
        draft = info.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        try:
            write_new(draft, to_info(upload), durable=self._durable)
            draft.rename(info)
            self._sync_directory()
        except OSError:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
            raise

    def _append(self, target: int, source: int) -> None:
        """All of one file behind another, inside the kernel."""
        left, copy = os.fstat(source).st_size, copy_range
        os.lseek(source, 0, os.SEEK_SET)
        while left:
            try:
                count = copy(source, target, min(left, JOIN_STEP))
            except OSError as error:
                if error.errno not in NOT_IN_THE_KERNEL or copy is send_range:
                    raise
                copy = send_range
                continue
            if count == 0:
                raise StoreTrouble("a part became shorter")
            left -= count
            if left and self._durable:
                os.fdatasync(target)

    def _unlink(self, *paths: Path) -> None:
        for path in paths:
            path.unlink(missing_ok=True)

    def _sync_directory(self) -> None:
        if self._durable:
            sync_directory(self._data)

    def _path(self, upload_id: str) -> Path:
        return Path(self._name(upload_id))

    def _name(self, upload_id: str) -> str:
        """A Path costs more to make than the file to open."""
        if not is_upload_id(upload_id):
            raise UnknownUpload
        return f"{self._data}/{upload_id}"


def _info(data: Path) -> Path:
    return data.with_name(f"{data.name}.info")
