"""What can be done with an upload: create, look, append, remove. Plain values in and out, no header names.

Lock, load, judge, write, finish: a layer of headers (tus in `uploads/server.py`) reads its requests into
these values and says the results in its own words.

Next station: `uploads/creation.py` for what is new, `uploads/transfer.py` for what comes in.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Collection, Coroutine
from dataclasses import replace
from datetime import datetime
from typing import Any

from uploads import conditions
from uploads.arrivals import ArrivalLog
from uploads.background import Background
from uploads.bodies import Bodies
from uploads.body import Body
from uploads.checksums import Expected
from uploads.claims import Claims
from uploads.concatenation import Concatenation
from uploads.conditions import Held, judge
from uploads.counters import Counters
from uploads.creation import MOST_WAITING, POLICY_SECONDS, Creation, Wanted
from uploads.errors import (
    DeletionRefused,
    FinalUpload,
    LongerThanDeclared,
    NotOffered,
    OffsetConflict,
    StoreFull,
    StoreTrouble,
)
from uploads.expiry import Expiry
from uploads.finishing import Finisher, left_behind
from uploads.hot import HotDigests, Running
from uploads.landing import landing
from uploads.locks import PATIENCE_SECONDS, Lease, Locks
from uploads.model import Upload, bare
from uploads.policy import Policy
from uploads.store import CanDeclare, CanRemove, Store
from uploads.threads import Crew, run
from uploads.transfer import Stored, Threads, receive

QUICK_THREADS = 4
"""For those who only look: never behind a write, and few, so that a slow disk is not asked too much."""


class Operations:
    """The uploads of one process over one store; `start` before the first of them, `stop` after the last.

    Another engine (`uploads/tusd/operations.py`) has its own `_begin`, `_settled` and `_write`.
    """

    without: frozenset[str] = frozenset()
    """Extensions its store would make possible and this engine has not got."""

    def __init__(
        self,
        *,
        store: Store,
        policy: Policy,
        shards: Collection[int],
        now: Callable[[], datetime],
        disk_threads: int = 32,
        hash_threads: int = 2,
        patience: float = PATIENCE_SECONDS,
        policy_seconds: float = POLICY_SECONDS,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self.counters = Counters()
        self.arrivals = ArrivalLog(store.root)
        self._store = store
        self._shards = frozenset(shards)
        self._now = now
        self._disk = Crew(disk_threads, "disk")
        self._quick = Crew(QUICK_THREADS, "quick")
        self._threads = Threads(disk=self._disk, digests=Crew(hash_threads, "digest"))
        self._hot = HotDigests()
        self.locks = Locks(store.root / "locks", self._disk, patience=patience)
        self.finisher = Finisher(store, self.arrivals, policy, self.counters, hash_threads)
        self._background = Background()
        self._claims = Claims(store)
        self.expiry = Expiry(
            store, self.locks, self.finisher, self.counters, self._claims, now, self._disk
        )
        self._creation = Creation(
            store=store,
            policy=policy,
            finisher=self.finisher,
            shards=self._shards,
            now=now,
            counters=self.counters,
            disk=self._disk,
            policy_seconds=policy_seconds,
            most_waiting=most_waiting,
        )
        self._concatenation = Concatenation(
            store=store, claims=self._claims, creation=self._creation, locks=self.locks,
            expiry=self.expiry, finisher=self.finisher, now=now, background=self._background,
            disk=self._disk,
        )  # fmt: skip
        self._bodies = Bodies(self.counters)

    async def start(self) -> asyncio.Task[None]:
        """Begin the background work of this event loop.

        Returns a task that is done when what an earlier process left has been taken up; nobody need wait.
        """
        for watch in (self.locks.watch, self.expiry.watch, self._concatenation.watch):
            self._background.begin(watch)
        return self._background.begin(self._recover)

    def interrupt(self) -> None:
        """Let every body in flight be stored as far as it came, and end. At once, no waiting."""
        self._bodies.interrupt()

    async def stop(self) -> None:
        """End the background work; no operation may be running any more."""
        await self._background.end()
        await self._concatenation.stop()
        await self.finisher.stop()
        self._creation.stop()
        self.locks.close()
        for crew in (self._disk, self._quick, self._threads.digests):
            crew.shutdown()

    async def create(
        self, wanted: Wanted, body: Body | None = None, expected: Expected | None = None
    ) -> Upload:
        """A new upload with as much of `body` as could be stored, all of it durable.

        A body that could not be stored does not undo the creation: the offset says from where to go on.
        Raises what `Creation` and `Concatenation` raise, and LongerThanDeclared.
        """
        if wanted.parts:
            return await self._concatenation.create(wanted)
        return await self._fill(await self._begin(wanted), body, expected)

    async def _fill(self, upload: Upload, body: Body | None, expected: Expected | None) -> Upload:
        """A new upload, stored and empty, with its first bytes."""
        self.expiry.add(upload.upload_id, upload.expires_at)
        if body is not None:
            async with self.locks.hold(upload.upload_id) as lease:
                with contextlib.suppress(StoreFull, StoreTrouble):
                    stored = await self._receive(body, lease, upload, expected)
                    if isinstance(stored.ending, LongerThanDeclared):
                        raise stored.ending
                    upload = replace(upload, offset=stored.offset)
                lease.finished_with = upload.finished
        if upload.finished:
            self._complete(upload.upload_id, partial=upload.partial)
        return upload

    async def _begin(self, wanted: Wanted) -> Upload:
        """A durable upload of no bytes."""
        upload = await self._creation.permit(wanted)
        await self._creation.store(upload)
        return upload

    async def look(self, upload_id: str) -> Upload:
        """An upload with its durable offset, after taking it from whoever writes it.

        Raises UnknownUpload, UploadExpired, UploadLocked, StoreTrouble.
        """
        if self._concatenation.is_waiting(upload_id):
            return await self._concatenation.look(upload_id)
        async with self.locks.hold(upload_id, self._durable, pool=self._quick) as lease:
            upload: Upload = lease.found
            judge(conditions.LOOK, Held(upload=upload, now=self._now()))
            if upload.parts and not upload.finished:  # another process will join it
                return await self._concatenation.look(upload_id)
            return await self._settled(lease, upload)

    async def _settled(self, lease: Lease, upload: Upload) -> Upload:  # noqa: ARG002
        """The upload as it may be told of; it is durable as it is."""
        return upload

    async def append(
        self,
        upload_id: str,
        offset: int,
        body: Body,
        *,
        length: int | None = None,
        expected: Expected | None = None,
    ) -> Upload:
        """The bytes of `body` at `offset`, durable when this returns; the upload as it is then.

        `length`: of the whole upload, declared now. Raises OffsetConflict with the durable offset,
        LengthChanged, FinalUpload, what ended the body, and what `look` raises.
        """
        if self._concatenation.is_waiting(upload_id):
            raise FinalUpload
        async with self.locks.hold(upload_id, self._store.load, at_once=True) as lease:
            before, lease.found = bare(lease.found), None
            try:
                judge(
                    conditions.APPEND,
                    Held(upload=before, now=self._now(), offset=offset, count=body.length,
                         length=length),
                )  # fmt: skip
            except OffsetConflict:
                # The answer names the present offset, so it is an acknowledgement.
                await run(self._disk, self._store.sync, upload_id)
                raise
            upload = before if before.length is not None else replace(before, length=length)
            if expected is None:
                await self._declare(before, upload)
            stored = await self._receive(body, lease, upload, expected)
            if expected is not None and stored.ending is None:
                # Not before: a chunk that is discarded changes nothing of its upload.
                await self._declare(before, upload)
            upload = replace(upload, offset=stored.offset)
            lease.finished_with = upload.finished
        if upload.finished and not before.finished:
            self._complete(upload_id, partial=upload.partial)
        if stored.ending is not None:
            raise stored.ending
        return upload

    async def remove(self, upload_id: str) -> None:
        """An unfinished upload is gone, and its owner's reservation with it.

        Raises NotOffered, DeletionRefused, and what `look` raises.
        """
        if not isinstance(self._store, CanRemove):
            raise NotOffered
        async with self.locks.hold(upload_id, self._store.load) as lease:
            upload: Upload = lease.found
            judge(conditions.REMOVE, Held(upload=upload, now=self._now()))
            if upload.partial and await run(self._disk, self._claims.holds, upload_id):
                raise DeletionRefused("a final upload waits for this part")
            await run(self._disk, self._store.remove, upload_id)
            await run(self._disk, self._claims.let_go, upload)
            lease.finished_with = True
        self.expiry.forget(upload_id)
        self.counters.terminated += 1
        self.finisher.ended(upload_id, "terminated")

    def _durable(self, upload_id: str) -> Upload:
        """The upload with an offset that survives a power cut. Blocking."""
        upload = self._store.load(upload_id)
        self._store.sync(upload_id)
        return upload

    async def _receive(
        self, body: Body, lease: Lease, upload: Upload, expected: Expected | None
    ) -> Stored:
        started = time.monotonic()
        running = self._hot.take(upload.upload_id, upload.offset)
        with self._bodies.receiving(body, lease):
            stored = await self._write(body, lease, upload, expected, running)
        self._hot.keep(upload.upload_id, running, stored.offset)
        self._bodies.count(stored, upload, time.monotonic() - started)
        return stored

    async def _declare(self, before: Upload, upload: Upload) -> None:
        if upload.length is None or before.length is not None:
            return
        if not isinstance(self._store, CanDeclare):
            raise NotOffered
        await run(self._disk, self._store.declare, upload.upload_id, upload.length)
        self.finisher.declared(upload.upload_id, upload.length)

    def _write(
        self,
        body: Body,
        lease: Lease,
        upload: Upload,
        expected: Expected | None,
        running: Running | None,
    ) -> Coroutine[Any, Any, Stored]:
        """As much of `body` as there is, durable; `running` is fed with it."""
        place = landing(self._store, lease, upload, expected, running)
        return receive(body, place, upload, self._threads)

    def _complete(self, upload_id: str, *, partial: bool = False) -> None:
        """The last byte is there: a file is finished, a part waits to be joined."""
        if partial:
            self._concatenation.part_is_complete(upload_id)
        else:
            self.expiry.forget(upload_id)
            self.finisher.add(upload_id, self._hot.drop(upload_id))

    async def _recover(self) -> None:
        await run(self._disk, self._store.tidy, self._shards)
        unreported = await run(self._disk, self.finisher.unreported, self._shards)
        left = await run(self._disk, left_behind, self._store, self.arrivals, self._shards)
        for upload_id in {*unreported, *left.complete}:
            self.finisher.add(upload_id)
        for upload_id, expires_at in left.open:
            self.expiry.add(upload_id, expires_at)
        for upload_id in left.finals:
            self._concatenation.add(upload_id)
