"""After the last byte: hash the file, write the arrival once, tell the Policy until it has heard.

None of it is on the way of a request: the last PATCH is answered when the bytes are durable. A marker
stands from before the arrival until the Policy has returned, so a process that dies in between begins
again where it was; what was complete without an arrival is found by reading the store. Nobody waits for
the Policy to hear, so it is told of many at once.

Next station: the arrival on disk, `uploads/arrivals.py`, and `Policy.finished` (`portal/intake.py`).
"""

import asyncio
import hashlib
import logging
import random
import threading
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from uploads import events
from uploads.arrivals import ArrivalLog
from uploads.batches import Batches
from uploads.capability import is_upload_id, shard_of
from uploads.counters import Counters
from uploads.errors import UnknownUpload
from uploads.hot import Running
from uploads.model import Upload
from uploads.policy import Arrival, Policy
from uploads.store import Store
from uploads.threads import Crew

log = logging.getLogger(__name__)

MIB = 1024 * 1024
FIRST_DELAY_SECONDS = 1.0
LONGEST_DELAY_SECONDS = 60.0
FINISH_THREADS = 4
REPORT_THREADS = 2
"""One tells of arrivals; the other of what ends meanwhile."""
REPORT_BATCH = 128
REPORT_LINGER_SECONDS = 0.25
"""Nobody waits for a report; what it costs is a transaction, whatever the number of arrivals."""

_Future = TypeVar("_Future", bound="asyncio.Future[None]")
Heard = Callable[[Collection[str]], None]
"""Called in a thread with the ids of arrivals the Policy has heard of."""


class Interrupted(Exception):
    """The process stops; the work begins anew at the next start."""


@dataclass(frozen=True, slots=True)
class _News:
    arrival: Arrival
    heard: Heard


class Finisher:
    """Reports to one Policy. `add` and `ended` from the event loop; the work in its own threads."""

    def __init__(
        self, store: Store, arrivals: ArrivalLog, policy: Policy, counters: Counters, threads: int
    ) -> None:
        self._store = store
        self._arrivals = arrivals
        self._policy = policy
        self._counters = counters
        self._pending = store.root / "pending"
        self._pending.mkdir(parents=True, exist_ok=True)
        self._crew = Crew(FINISH_THREADS, "finish")
        # Of their own: what need not be read back is not behind a large file that must be.
        self._hashing = Crew(threads, "hash")
        self._reporting = Crew(REPORT_THREADS, "report")
        self._news: Batches[_News, None] = Batches(
            self._tell_all,
            self._reporting,
            most=REPORT_BATCH,
            linger=lambda _: REPORT_LINGER_SECONDS,
        )
        self._stopping = threading.Event()
        self._tasks: set[asyncio.Future[None]] = set()
        self._finishing: set[str] = set()

    def add(self, upload_id: str, running: Running | None = None) -> None:
        """A complete upload: hash, record, report; at least once, in the background.

        `running`: a digest made while it came; used if it is of the whole file.
        """
        if self._take(upload_id):
            task = self._until_done(lambda: self._finish(upload_id, running), upload_id)
            task.add_done_callback(lambda _: self._finishing.discard(upload_id))

    def report(self, arrival: Arrival, heard: Heard) -> None:
        """What has its arrival already: tell the Policy until it has heard, then call `heard`."""
        if self._take(arrival.upload_id):
            # Without a task of its own, for thousands of small documents; one is made if it fails.
            news = _News(arrival, heard)
            self._keep(self._news.ask(news)).add_done_callback(partial(self._told, news))

    def ended(self, upload_id: str, why: str) -> None:
        """An upload that will never finish: report it, in the background."""
        self._until_done(
            partial(self._reporting.start, self._policy.ended, upload_id, why), upload_id
        )

    def declared(self, upload_id: str, length: int) -> None:
        """An upload's length is known now: report it, in the background."""
        declare = partial(self._reporting.start, self._policy.declared, upload_id, length)
        self._until_done(declare, upload_id)

    def unreported(self, shards: Collection[int]) -> list[str]:
        """Uploads whose arrival the Policy may not have heard of. Blocking."""
        names = (path.name for path in self._pending.iterdir())
        return [name for name in names if is_upload_id(name) and shard_of(name) in shards]

    async def settle(self) -> None:
        """Wait until nothing is left to do (tests, and whoever wants to stop with nothing open)."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def stop(self) -> None:
        """Drop what is waiting; what runs ends at its next block."""
        self._stopping.set()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self._news.drop()
        for crew in (self._crew, self._hashing, self._reporting):
            crew.shutdown()

    def _take(self, upload_id: str) -> bool:
        """Whether to begin with this one: it is not being finished, and the process does not stop."""
        if upload_id in self._finishing or self._stopping.is_set():
            return False
        self._finishing.add(upload_id)
        return True

    def _told(self, news: _News, told: asyncio.Future[None]) -> None:
        upload_id = news.arrival.upload_id
        self._finishing.discard(upload_id)
        if not told.cancelled() and told.exception() is not None and self._take(upload_id):
            task = self._until_done(lambda: self._news.ask(news), upload_id, told)
            task.add_done_callback(lambda _: self._finishing.discard(upload_id))

    def _keep(self, task: _Future) -> _Future:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _until_done(
        self,
        work: Callable[[], Awaitable[None]],
        upload_id: str,
        tried: asyncio.Future[None] | None = None,
    ) -> asyncio.Task[None]:
        loop = asyncio.get_running_loop()
        return self._keep(loop.create_task(self._repeat(work, upload_id, tried)))

    async def _repeat(
        self,
        work: Callable[[], Awaitable[None]],
        upload_id: str,
        tried: asyncio.Future[None] | None,
    ) -> None:
        """Until it is done, with longer and longer pauses; `tried`: how it went the first time."""
        delay = FIRST_DELAY_SECONDS
        while True:
            try:
                await (tried or work())
            except Interrupted:
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
                # The type only: the text of an error may quote metadata or a statement's values.
                log.warning("upload %s: reporting failed: %s", upload_id, type(error).__name__)
            else:
                return
            tried = None
            self._counters.report_failures += 1
            await asyncio.sleep(delay * random.uniform(0.8, 1.2))  # noqa: S311
            delay = min(delay * 2, LONGEST_DELAY_SECONDS)

    async def _finish(self, upload_id: str, running: Running | None) -> None:
        found = await self._crew.run(self._found, upload_id)
        if isinstance(found, Upload):
            if running is not None and running.size == found.offset:
                digest = running.hexdigest()
            else:
                digest = await self._hashing.run(self._sha256, upload_id)
            found = await self._crew.run(self._record, found, digest)
        if found is not None:
            await self._news.ask(_News(found, self._unmark))

    def _found(self, upload_id: str) -> Arrival | Upload | None:
        """The arrival; before there is one the upload, synced; None when there is nothing to do."""
        arrival = self._arrivals.read(upload_id)
        if arrival is not None:
            return arrival
        try:
            upload = self._store.load(upload_id)
        except UnknownUpload:
            self._unmark([upload_id])
            return None
        if upload.perishable:
            return None
        self._store.sync(upload_id)
        return upload

    def _record(self, upload: Upload, digest: str) -> Arrival:
        """Write the arrival, marked before it is there."""
        arrival = Arrival(
            upload_id=upload.upload_id,
            size=upload.offset,
            sha256=digest,
            created_at=upload.created_at,
            finished_at=upload.changed_at.astimezone(UTC),
            claim=upload.claim,
            metadata=upload.metadata,
        )
        (self._pending / upload.upload_id).touch()
        if not self._arrivals.write(arrival):
            arrival = self._arrivals.read(upload.upload_id) or arrival
        self._counters.finished += 1
        events.finished(arrival)
        return arrival

    def _unmark(self, upload_ids: Collection[str]) -> None:
        for upload_id in upload_ids:
            (self._pending / upload_id).unlink(missing_ok=True)

    def _tell_all(self, news: Sequence[_News]) -> Sequence[Exception | None]:
        """In a thread."""
        answers = self._policy.finished([each.arrival for each in news])
        heard: dict[Heard, list[str]] = {}
        for each, error in zip(news, answers, strict=True):
            if error is None:
                heard.setdefault(each.heard, []).append(each.arrival.upload_id)
        for hear, upload_ids in heard.items():
            hear(upload_ids)
        return answers

    def _sha256(self, upload_id: str) -> str:
        digest = hashlib.sha256()
        with self._store.read(upload_id) as file:
            while block := file.read(MIB):
                if self._stopping.is_set():
                    raise Interrupted
                digest.update(block)
        return digest.hexdigest()


@dataclass(slots=True)
class Left:
    """What an earlier process left: finished files without an arrival, what expires when, final uploads."""

    complete: list[str] = field(default_factory=list)
    open: list[tuple[str, datetime]] = field(default_factory=list)
    finals: list[str] = field(default_factory=list)


def left_behind(store: Store, arrivals: ArrivalLog, shards: Collection[int]) -> Left:
    """Read the store at start. Blocking."""
    left = Left()
    for upload_id in store.ids(shards):
        if arrivals.path(upload_id).exists():
            continue
        try:
            upload = store.load(upload_id)
        except Exception as error:  # noqa: BLE001 - one broken upload must not hide the others
            log.warning("upload %s: not readable at start: %s", upload_id, type(error).__name__)
            continue
        if upload.parts:
            left.finals.append(upload_id)
        if upload.perishable:
            left.open.append((upload_id, upload.expires_at))
        elif not upload.parts:
            left.complete.append(upload_id)
    return left
