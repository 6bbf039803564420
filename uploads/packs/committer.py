"""Group commit: one thread gathers what waits, hashes it, writes it behind each other and syncs once.

Nothing waits for company: whatever came while the last group was being written is the next one. A document
is answered when its bytes are on stable storage and the index knows where; a group that fails leaves
nothing behind, because its segment is cut off before it.

Next station: `uploads/packs/reader.py`, for whoever reads what was packed.
"""

import hashlib
import logging
import mmap
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime

from uploads.description import to_info
from uploads.direct import ALIGNMENT, LEAST_DIRECT, address
from uploads.errors import ChecksumMismatch, Refusal, StoreTrouble
from uploads.headers import Checksum
from uploads.model import Upload
from uploads.packs.index import Index, Known, Place
from uploads.packs.layout import BLOCK, Head, arrival_of, encode, head_length, padded
from uploads.packs.segment import Segment
from uploads.policy import Arrival
from uploads.store import Piece, trouble

log = logging.getLogger(__name__)

GROUP_BYTES = 8 * 1024 * 1024
"""What one write and one sync carry at most; the buffer a process has for it."""


@dataclass(slots=True, kw_only=True)
class Job:
    """A document that waits; its pieces must stay as they are until `done` is."""

    upload: Upload
    pieces: Sequence[Piece]
    finished_at: datetime
    sha256: str | None
    checksum: Checksum | None
    done: Future[Arrival] = field(default_factory=Future)
    text: bytes = b""

    def room(self) -> int:
        """Bytes it takes in a segment."""
        return head_length(len(self.text)) + padded(sum(map(len, self.pieces)))


@dataclass(slots=True)
class _Placed:
    job: Job
    arrival: Arrival
    place: Place


class _Group:
    """Documents as they will lie behind each other: heads and remainders copied, large pieces as they are."""

    def __init__(self, buffer: memoryview, at: int) -> None:
        self._buffer = buffer
        self._views: list[memoryview] = []
        self._begin = self._used = 0
        self.end = at

    def copy(self, piece: Piece) -> None:
        self._buffer[self._used : self._used + len(piece)] = piece
        self._used += len(piece)
        self.end += len(piece)

    def add(self, pieces: Sequence[Piece]) -> None:
        """The bytes of a document; only one that came in one aligned piece need not be copied."""
        for piece in pieces:
            view, whole = memoryview(piece), len(piece) // BLOCK * BLOCK
            if len(pieces) == 1 and whole >= LEAST_DIRECT and _is_aligned(view):
                self._flush()
                self._views.append(view[:whole])
                self.end += whole
                view = view[whole:]
            self.copy(view)

    def pad(self) -> None:
        self.copy(bytes(-self.end % BLOCK))

    def views(self) -> list[memoryview]:
        self._flush()
        return self._views

    def _flush(self) -> None:
        if self._used > self._begin:
            self._views.append(self._buffer[self._begin : self._used])
            self._begin = self._used


class Committer:
    """The thread. `open_segment`: makes one with room for so many bytes, raising StoreFull or OSError."""

    def __init__(self, index: Index, open_segment: Callable[[int], Segment]) -> None:
        self._index = index
        self._open_segment = open_segment
        self._segment: Segment | None = None
        self._waiting: queue.SimpleQueue[Job | str | None] = queue.SimpleQueue()
        self._buffer: mmap.mmap | None = None
        self._thread: threading.Thread | None = None
        self._mutex = threading.Lock()
        self._closed = False

    def submit(self, job: Job) -> None:
        """Raises StoreTrouble when the store is closed."""
        job.text = to_info(job.upload).encode()
        self._put(job)

    def reported(self, upload_id: str) -> None:
        """Note it with the next group; quiet when it is too late, then it is reported again."""
        if not self._closed:
            self._put(upload_id)

    def close(self) -> None:
        """Write what waits, and give the segment up."""
        with self._mutex:
            self._closed = True
            thread = self._thread
        if thread is not None:
            self._waiting.put(None)
            thread.join()

    def _put(self, job: Job | str) -> None:
        with self._mutex:
            if self._closed:
                raise StoreTrouble("closed")
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="packs", daemon=True)
                self._thread.start()
            self._waiting.put(job)

    def _run(self) -> None:
        left: Job | None = None
        open_ = True
        while open_ or left is not None:
            jobs, reported, left, open_ = self._gather(left, open_=open_)
            if jobs:
                self._commit(jobs, reported)
            elif reported:
                self._note(reported)
        if self._segment is not None:
            self._seal(self._segment)
            self._segment = None

    def _gather(
        self, left: Job | None, *, open_: bool
    ) -> tuple[list[Job], list[str], Job | None, bool]:
        """What waits, as much as one group takes; the first document that did not fit; still open."""
        jobs: list[Job] = []
        reported: list[str] = []
        size = 0
        item: Job | str | None = left
        if item is None:
            item = self._waiting.get()
        while True:
            if item is None:
                open_ = False
            elif isinstance(item, str):
                reported.append(item)
            elif size + item.room() > GROUP_BYTES:
                return jobs, reported, item, open_
            elif item.done.set_running_or_notify_cancel():
                jobs.append(item)
                size += item.room()
            try:
                item = self._waiting.get_nowait()
            except queue.Empty:
                return jobs, reported, None, open_

    def _commit(self, jobs: list[Job], reported: list[str]) -> None:
        try:
            placed = self._write(jobs, reported)
        except BaseException as error:  # noqa: BLE001 - whoever waits must hear of it, and the thread lives
            self._give_up_segment()
            refusal = _refusal(error)
            for job in jobs:
                if not job.done.done():
                    job.done.set_exception(refusal)
            return
        for each in placed:
            each.job.done.set_result(each.arrival)

    def _write(self, jobs: list[Job], reported: list[str]) -> list[_Placed]:
        if self._buffer is None:
            self._buffer = mmap.mmap(-1, GROUP_BYTES)
        needed = sum(job.room() for job in jobs)
        if self._segment is not None and self._segment.room() < needed:
            self._seal(self._segment)
            self._segment = None
        if self._segment is None:
            self._segment = self._open_segment(needed)
        segment = self._segment
        group = _Group(memoryview(self._buffer), segment.end)
        placed = [each for job in jobs if (each := _place(job, segment, group)) is not None]
        if placed:
            segment.write(group.views(), segment.end)
            segment.sync()
        known = Known(segment.name, segment.nonce, group.end, closed=False)
        self._index.add(known, [each.place for each in placed], reported)
        segment.end = group.end
        return placed

    def _note(self, reported: list[str]) -> None:
        try:
            self._index.reported(reported)
        except Exception as error:  # noqa: BLE001 - reported twice is allowed, a dead thread is not
            log.warning("the index of packs: %s", type(error).__name__)

    def _seal(self, segment: Segment) -> None:
        try:
            segment.seal()
            self._index.add(Known(segment.name, segment.nonce, segment.end, closed=True), ())
        except Exception as error:  # noqa: BLE001 - then whoever starts next takes it over
            log.warning("a pack could not be closed: %s", type(error).__name__)

    def _give_up_segment(self) -> None:
        if self._segment is not None:
            self._seal(self._segment)
            self._segment = None


def _place(job: Job, segment: Segment, group: _Group) -> _Placed | None:
    """Add a document to a group; None when the sender's checksum is not that of its bytes."""
    digest = _digest(job)
    if digest is None:
        job.done.set_exception(ChecksumMismatch())
        return None
    at, size = group.end, sum(map(len, job.pieces))
    head = Head(at=at, size=size, sha256=digest, finished_at=job.finished_at, text=job.text)
    group.copy(encode(segment.nonce, head))
    group.add(job.pieces)
    group.pad()
    upload = replace(job.upload, offset=size, changed_at=job.finished_at)
    place = Place(upload.upload_id, segment.name, segment.nonce, at, size)
    return _Placed(job, arrival_of(upload, digest), place)


def _is_aligned(view: memoryview) -> bool:
    place = address(view)
    return place is not None and place % ALIGNMENT == 0


def _digest(job: Job) -> str | None:
    """SHA-256 in hex; None when the sender's checksum is not that of the bytes."""
    sha256 = job.sha256 or _hash("sha256", job.pieces).hex()
    if job.checksum is None:
        return sha256
    theirs = job.checksum.algorithm
    ours = bytes.fromhex(sha256) if theirs == "sha256" else _hash(theirs, job.pieces)
    return sha256 if ours == job.checksum.digest else None


def _hash(algorithm: str, pieces: Sequence[Piece]) -> bytes:
    digest = hashlib.new(algorithm, usedforsecurity=False)
    for piece in pieces:
        digest.update(piece)
    return digest.digest()


def _refusal(error: BaseException) -> Refusal:
    if isinstance(error, Refusal):
        return error
    if isinstance(error, OSError):
        return trouble(error)
    log.error("a group of documents could not be packed: %s", type(error).__name__)
    return StoreTrouble("pack")
