"""Uploads that were never finished go when their time is over; finished ones never go here.

Both the answer 410 and the removal read a steady clock: a jump of the wall clock is believed only after
it has lasted, because a wrong time for a minute must not cost anybody an upload.

Next station: `Policy.ended`, through `uploads/finishing.py`.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime

from uploads.claims import Claims
from uploads.counters import Counters
from uploads.errors import Refusal, UnknownUpload
from uploads.finishing import Finisher
from uploads.locks import Locks
from uploads.model import Upload
from uploads.store import CanRemove, Store
from uploads.threads import Crew, run

log = logging.getLogger(__name__)

SWEEP_SECONDS = 60.0
JUMP_SECONDS = 60.0
BELIEVE_AFTER_SECONDS = 600.0


class SteadyClock:
    """The wall clock, except that a jump counts only after it has lasted for ten minutes."""

    def __init__(
        self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall = wall
        self._steady = steady
        self._offset = wall() - steady()
        self._jumped_at: float | None = None

    def now(self) -> datetime:
        """Aware UTC."""
        steady = self._steady()
        offset = self._wall() - steady
        if abs(offset - self._offset) < JUMP_SECONDS:
            self._offset, self._jumped_at = offset, None
        elif self._jumped_at is None:
            self._jumped_at = steady
            log.warning("the clock jumped; expiry waits until the new time has lasted")
        elif steady - self._jumped_at >= BELIEVE_AFTER_SECONDS:
            self._offset, self._jumped_at = offset, None
        return datetime.fromtimestamp(self._offset + steady, UTC)


class Expiry:
    """The open uploads of this process's shards and when each ends."""

    def __init__(
        self,
        store: Store,
        locks: Locks,
        finisher: Finisher,
        counters: Counters,
        claims: Claims,
        now: Callable[[], datetime],
        pool: Crew,
    ) -> None:
        self._store = store
        self._locks = locks
        self._finisher = finisher
        self._counters = counters
        self._claims = claims
        self._now = now
        self._pool = pool
        self._open: dict[str, datetime] = {}

    @property
    def open(self) -> Collection[str]:
        """The ids of the uploads that have begun and are not known to have ended."""
        return self._open.keys()

    @property
    def open_count(self) -> int:
        """Uploads of this process that are not finished."""
        return len(self._open)

    def add(self, upload_id: str, expires_at: datetime) -> None:
        self._open[upload_id] = expires_at

    def forget(self, upload_id: str) -> None:
        self._open.pop(upload_id, None)

    async def watch(self) -> None:
        """Sweep every minute until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            await self.sweep()

    async def sweep(self) -> int:
        """Remove what is due; returns how many. An upload somebody holds is left for the next time."""
        due = [upload_id for upload_id, at in self._open.items() if at <= self._now()]
        count = 0
        for upload_id in due:
            if self._locks.is_held(upload_id):
                continue
            try:
                count += await self._end(upload_id)
            except Refusal as refusal:
                log.warning("upload %s: not expired yet: %s", upload_id, refusal.code)
        return count

    async def _end(self, upload_id: str) -> bool:
        async with self._locks.hold(upload_id) as lease:
            try:
                upload = await run(self._pool, self._store.load, upload_id)
            except UnknownUpload:
                upload = None
            if upload is not None and upload.expires_at > self._now():
                self.add(upload_id, upload.expires_at)
                return False
            if upload is not None and await run(self._pool, self._is_waited_for, upload):
                return False
            self.forget(upload_id)
            if upload is None or not upload.perishable or not isinstance(self._store, CanRemove):
                return False
            await run(self._pool, self._store.remove, upload_id)
            await run(self._pool, self._claims.let_go, upload)
            lease.finished_with = True
        self._counters.expired += 1
        self._finisher.ended(upload_id, "expired")
        return True

    def _is_waited_for(self, upload: Upload) -> bool:
        """A complete part stays as long as the final upload that will be joined from it."""
        return upload.partial and upload.finished and self._claims.holds(upload.upload_id)
