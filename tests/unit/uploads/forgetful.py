"""A store in memory that forgets, when it crashes, every byte that was not synced. And one that fills up."""

import io
import threading
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, BinaryIO

from uploads.capability import is_upload_id, shard_of
from uploads.errors import StoreFull, StoreTrouble, UnknownUpload
from uploads.model import Upload


@dataclass
class Entry:
    upload: Upload
    data: bytearray
    synced: int
    changed_at: datetime


class ForgetfulStore:
    """`capacity`: bytes in all; beyond it writes keep what fits. `failing_syncs`: so many syncs fail."""

    def __init__(self, root: Path, capacity: int = 2**40) -> None:
        self.root = root
        self.capacity = capacity
        self.failing_syncs = 0
        self._entries: dict[str, Entry] = {}
        self._lock = threading.Lock()

    def crash(self) -> None:
        for entry in self._entries.values():
            del entry.data[entry.synced :]

    def check_room(self, length: int) -> None:
        if length > self.room():
            raise StoreFull

    def room(self) -> int:
        return self.capacity - sum(len(entry.data) for entry in self._entries.values())

    def create(self, upload: Upload) -> None:
        self.check_room(upload.max_size if upload.length is None and not upload.parts else 1)
        with self._lock:
            if upload.upload_id in self._entries:
                raise StoreTrouble
            self._entries[upload.upload_id] = Entry(upload, bytearray(), 0, datetime.now(UTC))

    def entry(self, upload_id: str) -> Entry:
        if not is_upload_id(upload_id) or upload_id not in self._entries:
            raise UnknownUpload
        return self._entries[upload_id]

    def load(self, upload_id: str) -> Upload:
        entry = self.entry(upload_id)
        return replace(entry.upload, offset=len(entry.data), changed_at=entry.changed_at)

    def sync(self, upload_id: str) -> None:
        entry = self.entry(upload_id)
        if self.failing_syncs:
            self.failing_syncs -= 1
            raise StoreTrouble
        entry.synced = len(entry.data)

    def open(self, upload_id: str) -> "ForgetfulWriter":
        self.entry(upload_id)
        return ForgetfulWriter(self, upload_id)

    def read(self, upload_id: str) -> BinaryIO:
        return io.BytesIO(bytes(self.entry(upload_id).data))

    def ids(self, shards: Collection[int]) -> Iterator[str]:
        return iter([each for each in self._entries if shard_of(each) in shards])

    def tidy(self, shards: Collection[int]) -> int:
        return 0

    def remove(self, upload_id: str) -> None:
        self._entries.pop(upload_id, None)

    def stage(self) -> IO[bytes]:
        return io.BytesIO()

    def declare(self, upload_id: str, length: int) -> None:
        entry = self.entry(upload_id)
        if entry.upload.length == length:
            return
        if entry.upload.length is not None or length < len(entry.data):
            raise StoreTrouble
        self.check_room(length)
        entry.upload = replace(entry.upload, length=length)

    def join(self, upload: Upload, parts: Sequence[str]) -> None:
        data = bytearray(b"".join(bytes(self.entry(part).data) for part in parts))
        self.check_room(len(data))
        whole = replace(upload, length=len(data))
        self._entries[upload.upload_id] = Entry(whole, data, len(data), datetime.now(UTC))

    def hollow(self, upload_id: str) -> None:
        if upload_id in self._entries:
            data = self._entries[upload_id].data
            data[:] = bytes(len(data))


class ForgetfulWriter:
    def __init__(self, store: ForgetfulStore, upload_id: str) -> None:
        self._store = store
        self._id = upload_id

    def write(self, offset: int, pieces: Sequence[bytes]) -> int:
        entry, piece = self._store.entry(self._id), b"".join(pieces)
        assert offset == len(entry.data), "a write beside the offset"
        room = self._store.room()
        entry.data += piece[: max(room, 0)]
        entry.changed_at = datetime.now(UTC)
        if len(piece) > room:
            raise StoreFull
        return len(entry.data)

    def sync(self) -> None:
        self._store.sync(self._id)

    def cut(self, offset: int) -> None:
        entry = self._store.entry(self._id)
        del entry.data[offset:]
        entry.synced = min(entry.synced, offset)

    def close(self) -> None:
        pass
