"""Small documents packed into segments: one sync for a group of them, and no file of their own.

A packed document is finished, and it is an arrival: its head in the segment says what an arrival file would.
So packs hold finished documents only, and nothing further is written for one. Each process appends to a
segment of its own; what a process that died left is taken over at the next start: documents that are whole
are kept, whatever is torn is cut off.

Next station: `uploads/packs/committer.py` writes them.
"""

import contextlib
import fcntl
import logging
import os
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future
from datetime import datetime
from pathlib import Path

from uploads.description import to_info
from uploads.disk import sync_directory
from uploads.errors import StoreFull
from uploads.headers import Checksum
from uploads.model import Upload
from uploads.packs import segment
from uploads.packs.committer import Committer, Job
from uploads.packs.index import Known, Place
from uploads.packs.layout import BLOCK, MOST_TEXT_BYTES, Head, padded
from uploads.packs.reader import Packs
from uploads.packs.segment import Segment
from uploads.policy import Arrival
from uploads.space import Space
from uploads.store import Piece

log = logging.getLogger(__name__)

MIB = 1024 * 1024
LARGEST = MIB
"""Bytes of the largest document that is packed."""
SEGMENT_BYTES = 64 * MIB
SHORT_METADATA = MOST_TEXT_BYTES // 8
"""Characters: six bytes each at worst, as JSON, and what is ours beside them."""
SHARE_OF_ROOM = 8
"""A segment reserves no more than this part of the room there is."""


class PackStore(Packs):
    """Packs, and the right to add to them. `close` it, or the next start takes its segment over.

    `durable` False leaves out the syncs, for measuring only.
    """

    def __init__(
        self,
        root: Path,
        space: Space | None = None,
        *,
        durable: bool = True,
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        super().__init__(root)
        self._space = space or Space(root)
        self._durable = durable
        self._segment_bytes = segment_bytes
        self.folder.mkdir(parents=True, exist_ok=True)
        if durable:
            sync_directory(root)
        with self._alone("index.lock"):
            self._index.create()
        self._committer = Committer(self._index, self._open_segment)

    def fits(self, upload: Upload) -> bool:
        """Whether a document of this description and declared length may be packed."""
        length = upload.length
        if not length or length > LARGEST or upload.partial or upload.parts:
            return False
        # Nearly always plain without writing the description for it.
        said = sum(len(key) + len(value) for key, value in upload.metadata.items())
        return said <= SHORT_METADATA or len(to_info(upload).encode()) <= MOST_TEXT_BYTES

    def submit(
        self,
        upload: Upload,
        pieces: Sequence[Piece],
        finished_at: datetime,
        *,
        sha256: str | None = None,
        checksum: Checksum | None = None,
    ) -> Future[Arrival]:
        """All bytes of a document that `fits`; they must stay as they are until the future is done.

        Done means durable and readable by every process. `sha256` in hex when it is known already,
        `checksum` what the sender says. Fails with ChecksumMismatch, StoreFull, StoreTrouble, and then
        there is nothing.
        """
        job = Job(
            upload=upload,
            pieces=pieces,
            finished_at=finished_at,
            sha256=sha256,
            checksum=checksum,
        )
        self._committer.submit(job)
        return job.done

    def put(
        self, upload: Upload, body: Piece, finished_at: datetime, *, sha256: str | None = None
    ) -> Arrival:
        """`submit`, waiting for the end of it."""
        return self.submit(upload, [body], finished_at, sha256=sha256).result()

    def mark_reported(self, upload_ids: Collection[str]) -> None:
        """The Policy has heard of these. Written soon; what a crash forgets is reported again."""
        for upload_id in upload_ids:
            self._committer.reported(upload_id)

    def unreported(self, shards: Collection[int]) -> list[str]:
        """Documents of these shards the Policy may not have heard of, in the order they came."""
        return self._index.unreported(shards)

    def adopt(self) -> int:
        """Take over what processes that are gone left behind; returns how many documents that brought.

        At a start, before `unreported`. One process at a time does it, the others wait for it.
        """
        with self._alone("adopting.lock"):
            try:
                return self._adopt_all()
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:
                self._index.make_anew()
                return self._adopt_all()

    def close(self) -> None:
        self._committer.close()
        super().close()

    def _adopt_all(self) -> int:
        found = 0
        known = self._index.segments()
        for path in sorted(self.folder.glob(f"*{segment.ENDING}")):
            before = known.get(path.stem)
            if before is None or not before.closed:
                found += self._adopt(path)
        for place in self._index.to_erase():
            self._erase(place)
        return found

    def _adopt(self, path: Path) -> int:
        descriptor = os.open(path, os.O_RDWR)
        try:
            if not segment.hold(descriptor):
                return 0
            # What was written and not synced when its process died is read now, and may go later.
            os.fdatasync(descriptor)
            nonce = segment.nonce_of(descriptor)
            if nonce is None:
                log.warning("pack %s: it never came to be", path.stem)
                path.unlink()
                return 0
            before = self._index.segments().get(path.stem)
            start = before.end if before is not None else BLOCK
            heads = [
                head
                for head in segment.heads(descriptor, nonce, start)
                if not head.living or segment.is_whole(descriptor, head)
            ]
            end = max([start, *(head.end for head in heads)])
            places = [_place(path.stem, nonce, head) for head in heads if head.living]
            self._index.add(Known(path.stem, nonce, end, closed=False), places)
            if os.fstat(descriptor).st_size > end:
                os.ftruncate(descriptor, end)
                os.fdatasync(descriptor)
            self._index.add(Known(path.stem, nonce, end, closed=True), ())
            self._remove_if_empty(path.stem, descriptor)
            return len(places)
        finally:
            os.close(descriptor)

    def _open_segment(self, needed: int) -> Segment:
        free = max(self._space.free(), 0) // SHARE_OF_ROOM // MIB * MIB
        least = padded(needed) + BLOCK
        size = max(least, min(self._segment_bytes, free))
        try:
            return self._new_segment(size)
        except StoreFull:
            if size == least:
                raise
            return self._new_segment(least)

    def _new_segment(self, size: int) -> Segment:
        made = Segment(self.folder, size, self._space, durable=self._durable)
        self._index.add(Known(made.name, made.nonce, made.end, closed=False), ())
        return made

    @contextlib.contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        descriptor = os.open(self.folder / name, os.O_CREAT | os.O_RDWR, 0o640)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _place(name: str, nonce: bytes, head: Head) -> Place:
    return Place(head.upload().upload_id, name, nonce, head.at, head.size)
