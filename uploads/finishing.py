"""After the last byte: hash the file, write the arrival once, tell the Policy until it has heard.

None of it is on the way of a request: the last PATCH is answered when the bytes are durable. A marker
stands from before the arrival until the Policy has returned, so a process that dies in between begins
again where it was; what was complete without an arrival is found by reading the store.

Next station: the arrival on disk, `uploads/arrivals.py`, and `Policy.finished` (`portal/intake.py`).
"""

import asyncio
import hashlib
import logging
import random
import threading
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime

from uploads import events
from uploads.arrivals import ArrivalLog
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
REPORT_THREADS = 32


class Interrupted(Exception):
    """The process stops; the work begins anew at the next start."""


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
        # Many may report, because a Policy can take them together; few read whole files back.
        self._pool = Crew(REPORT_THREADS, "finish")
        self._hashing = threading.Semaphore(threads)
        self._stopping = threading.Event()
        self._tasks: set[asyncio.Future[None]] = set()
        self._finishing: set[str] = set()

    def add(self, upload_id: str, running: Running | None = None) -> None:
        """A complete upload: hash, record, report; at least once, in the background.

        `running`: a digest made while it came; used if it is of the whole file.
        """
        if upload_id not in self._finishing:
            self._finishing.add(upload_id)
            task = self._start(lambda: self._finish(upload_id, running), upload_id)
            task.add_done_callback(lambda _: self._finishing.discard(upload_id))

    def report(self, arrival: Arrival, heard: Callable[[], None]) -> None:
        """What has its arrival already: tell the Policy until it has heard, then call `heard`."""
        if arrival.upload_id not in self._finishing:
            self._finishing.add(arrival.upload_id)
            # Without a task of its own, for thousands of small documents; one is made if it fails.
            telling = self._pool.start(self._tell, arrival, heard)
            self._tasks.add(telling)
            telling.add_done_callback(lambda told: self._told(arrival, heard, told))

    def ended(self, upload_id: str, why: str) -> None:
        """An upload that will never finish: report it, in the background."""
        self._start(lambda: self._policy.ended(upload_id, why), upload_id)

    def declared(self, upload_id: str, length: int) -> None:
        """An upload's length is known now: report it, in the background."""
        self._start(lambda: self._policy.declared(upload_id, length), upload_id)

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
        self._pool.shutdown()

    def _told(
        self, arrival: Arrival, heard: Callable[[], None], told: asyncio.Future[None]
    ) -> None:
        self._tasks.discard(told)
        self._finishing.discard(arrival.upload_id)
        if not told.cancelled() and told.exception() is not None and not self._stopping.is_set():
            self._finishing.add(arrival.upload_id)
            again = self._repeat(told, lambda: self._tell(arrival, heard), arrival.upload_id)
            task = self._keep(again)
            task.add_done_callback(lambda _: self._finishing.discard(arrival.upload_id))

    def _start(self, work: Callable[[], None], upload_id: str) -> asyncio.Task[None]:
        return self._keep(self._repeat(None, work, upload_id))

    def _keep(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _repeat(
        self, tried: asyncio.Future[None] | None, work: Callable[[], None], upload_id: str
    ) -> None:
        """Until it is done, with longer and longer pauses; `tried`: how it went the first time."""
        delay = FIRST_DELAY_SECONDS
        while True:
            if tried is None:
                tried = self._pool.start(work)
                await asyncio.wait([tried])
            error, tried = tried.exception(), None
            if error is None or isinstance(error, Interrupted):
                return
            # The type only: the text of an error may quote metadata or a statement's values.
            log.warning("upload %s: reporting failed: %s", upload_id, type(error).__name__)
            self._counters.report_failures += 1
            await asyncio.sleep(delay * random.uniform(0.8, 1.2))  # noqa: S311
            delay = min(delay * 2, LONGEST_DELAY_SECONDS)

    def _finish(self, upload_id: str, running: Running | None) -> None:
        marker = self._pending / upload_id
        arrival = self._arrivals.read(upload_id)
        if arrival is None:
            try:
                upload = self._store.load(upload_id)
            except UnknownUpload:
                marker.unlink(missing_ok=True)
                return
            if upload.perishable:
                return
            arrival = self._arrival_of(upload, running)
            marker.touch()
            if not self._arrivals.write(arrival):
                arrival = self._arrivals.read(upload_id) or arrival
            self._counters.finished += 1
            events.finished(arrival)
        self._policy.finished(arrival)
        marker.unlink(missing_ok=True)

    def _tell(self, arrival: Arrival, heard: Callable[[], None]) -> None:
        self._policy.finished(arrival)
        heard()

    def _arrival_of(self, upload: Upload, running: Running | None) -> Arrival:
        self._store.sync(upload.upload_id)
        hot = running is not None and running.size == upload.offset
        return Arrival(
            upload_id=upload.upload_id,
            size=upload.offset,
            sha256=running.hexdigest() if hot and running else self._sha256(upload.upload_id),
            created_at=upload.created_at,
            finished_at=upload.changed_at.astimezone(UTC),
            claim=upload.claim,
            metadata=upload.metadata,
        )

    def _sha256(self, upload_id: str) -> str:
        digest = hashlib.sha256()
        with self._hashing, self._store.read(upload_id) as file:
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
