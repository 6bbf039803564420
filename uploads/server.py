"""The tus 1.0.0 server: lock, load, judge, write, finish. It knows requests, bodies and replies, no web.

Next station: `uploads/rules.py`, whose lists this file runs.
"""

import asyncio
import contextlib
import logging
import traceback
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from uploads import rules
from uploads.arrivals import ArrivalLog
from uploads.body import Body, BodyStopped, BodyTaken
from uploads.capability import PREFIX, id_from_path, path_for
from uploads.counters import Counters
from uploads.creation import POLICY_SECONDS, Creation
from uploads.errors import (
    ConnectionBroken,
    LongerThanDeclared,
    MethodNotAllowed,
    OffsetConflict,
    Refusal,
    Stopping,
    StoreFull,
    StoreTrouble,
    UnknownUpload,
    UploadLocked,
)
from uploads.expiry import Expiry, SteadyClock
from uploads.finishing import Finisher, complete_and_open
from uploads.headers import parse_checksum
from uploads.locks import PATIENCE_SECONDS, Lease, Locks
from uploads.model import Offer, Reply, Request, Upload
from uploads.policy import Policy
from uploads.replies import expires, offered, refused, reply, state_of
from uploads.rules import Asked, Held, RequestRule, UploadRule
from uploads.store import CanRemove, CanStage, Store, extensions
from uploads.threads import persist, run
from uploads.transfer import Stored, landing, receive

log = logging.getLogger(__name__)

KIB, MIB, GIB = 1024, 1024**2, 1024**3
WRITE_BYTES = 1 * MIB
LEAST_WRITE_BYTES = 64 * KIB
BUFFER_BUDGET = 64 * MIB
"""What all bodies together gather: with many of them each writes smaller pieces."""
STOP_SECONDS = 10.0


class UploadServer:
    """One process's server over one store; `start` before the first request, `stop` after the last.

    `secret`: the key of the capability URLs. `shards`: the first bytes (0–255) of the ids this process
    mints. `max_size`: bytes, for any upload, whatever a Grant allows. Times in seconds.
    """

    def __init__(
        self,
        *,
        store: Store,
        secret: bytes,
        policy: Policy,
        shards: Collection[int] = range(256),
        max_size: int = 64 * GIB,
        disk_threads: int = 32,
        policy_threads: int = 8,
        hash_threads: int = 2,
        patience: float = PATIENCE_SECONDS,
        policy_seconds: float = POLICY_SECONDS,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self.counters = Counters()
        self.arrivals = ArrivalLog(store.root)
        self._store = store
        self._secret = secret
        self._shards = frozenset(shards)
        self._now = now or SteadyClock().now
        self._offer = Offer(
            extensions=extensions(store),
            algorithms=("sha1", "sha256") if isinstance(store, CanStage) else (),
            max_size=max_size,
        )
        self._disk = ThreadPoolExecutor(disk_threads, thread_name_prefix="disk")
        self._locks = Locks(store.root / "locks", self._disk, patience=patience)
        self.finisher = Finisher(store, self.arrivals, policy, self.counters, hash_threads)
        self.expiry = Expiry(
            store, self._locks, self.finisher, self.counters, self._now, self._disk
        )
        self._creation = Creation(
            store=store,
            policy=policy,
            finisher=self.finisher,
            shards=self._shards,
            now=self._now,
            counters=self.counters,
            disk=self._disk,
            policy_threads=policy_threads,
            policy_seconds=policy_seconds,
        )
        self._bodies: set[Body] = set()
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._background: set[asyncio.Task[None]] = set()
        self.stopping = False

    async def start(self) -> asyncio.Task[None]:
        """Begin the background work of this event loop.

        Returns a task that is done when what an earlier process left has been taken up; nobody need wait.
        """
        recovery, *_ = tasks = [
            asyncio.create_task(persist(work))
            for work in (self._recover, self._locks.watch, self.expiry.watch)
        ]
        for task in tasks:
            self._background.add(task)
            task.add_done_callback(self._background.discard)
        return recovery

    async def stop(self) -> None:
        """Keep what every upload in flight has received, answer 503, end the background work."""
        self.interrupt()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await self._idle.wait()
        for task in self._background:
            task.cancel()
        if self._background:
            await asyncio.wait(self._background)
        await self.finisher.stop()
        self._creation.stop()
        self._disk.shutdown(wait=False)

    def interrupt(self) -> None:
        """Let every upload in flight store what it has and end; refuse new ones. At once, no waiting."""
        self.stopping = True
        for body in self._bodies:
            body.interrupt(BodyStopped)

    async def handle(self, request: Request, body: Body) -> Reply:
        """Answer one request; never raises a Refusal. `body` may be left unread."""
        method = request.headers.get("x-http-method-override", request.method).upper()
        self._in_flight += 1
        self._idle.clear()
        try:
            answer = await self._dispatch(method, request, body)
        except Refusal as refusal:
            answer = refused(method, refusal)
        except Exception as error:  # noqa: BLE001 - the edge: a client is told to come back, not dropped
            # Frames without the message: it may quote a header, and keys and names are in headers.
            frames = "".join(traceback.format_tb(error.__traceback__))
            log.error("unexpected %s\n%s", type(error).__name__, frames)  # noqa: TRY400
            answer = refused(method, StoreTrouble())
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._idle.set()
        self.counters.answers[method, answer.status] += 1
        return answer

    async def _dispatch(self, method: str, request: Request, body: Body) -> Reply:
        if self.stopping:
            raise Stopping
        if method == "OPTIONS":
            return offered(self._offer)
        if method == "POST" and request.path in (PREFIX, PREFIX.rstrip("/")):
            return await self._post(request, body)
        if method not in rules.BY_METHOD:
            raise MethodNotAllowed
        self._judge(rules.BY_METHOD[method], request)
        upload_id = id_from_path(self._secret, request.path)
        if upload_id is None:
            raise UnknownUpload
        if method == "HEAD":
            return await self._head(request, upload_id)
        if method == "PATCH":
            return await self._patch(request, body, upload_id)
        return await self._delete(request, upload_id)

    async def _post(self, request: Request, body: Body) -> Reply:
        """Creation, POST: 201 with Location; with a body also how much of it is stored.

        A body that could not be stored does not undo the creation: the offset in the answer says from
        where to go on.
        """
        self._judge(rules.POST, request)
        upload = await self._creation.create(request)
        self.expiry.add(upload.upload_id, upload.expires_at)
        fields = {"Location": path_for(self._secret, upload.upload_id)}
        offset = 0
        if request.has_body:
            async with self._locks.hold(upload.upload_id) as lease:
                with contextlib.suppress(StoreFull, StoreTrouble):
                    stored = await self._receive(request, body, lease, upload)
                    offset = stored.offset
                    if isinstance(stored.ending, LongerThanDeclared):
                        raise stored.ending
            fields["Upload-Offset"] = str(offset)
        if upload.finished:  # a file of no bytes
            self._complete(upload.upload_id)
        return reply(201, fields | expires(upload, offset))

    async def _head(self, request: Request, upload_id: str) -> Reply:
        """Core, HEAD: the durable offset, after taking the upload from whoever writes it."""
        async with self._locks.hold(upload_id) as lease:
            upload = await self._load(lease)
            self._judge_held(rules.HEAD_UPLOAD, request, upload)
            await run(self._disk, self._store.sync, upload_id)
        return reply(200, state_of(upload))

    async def _patch(self, request: Request, body: Body, upload_id: str) -> Reply:
        """Core, PATCH: bytes at the offset, durable before 204."""
        async with self._locks.hold(upload_id) as lease:
            upload = await self._load(lease)
            try:
                self._judge_held(rules.PATCH_UPLOAD, request, upload)
            except OffsetConflict:
                # The answer names the present offset, so it is an acknowledgement.
                await run(self._disk, self._store.sync, upload_id)
                raise
            stored = await self._receive(request, body, lease, upload)
        if stored.ending is not None:
            raise stored.ending
        return reply(204, {"Upload-Offset": str(stored.offset)} | expires(upload, stored.offset))

    async def _delete(self, request: Request, upload_id: str) -> Reply:
        """Termination, DELETE: an unfinished upload is gone, and its owner's reservation with it."""
        assert isinstance(self._store, CanRemove)
        async with self._locks.hold(upload_id) as lease:
            upload = await self._load(lease)
            self._judge_held(rules.DELETE_UPLOAD, request, upload)
            await run(self._disk, self._store.remove, upload_id)
            lease.finished_with = True
        self.expiry.forget(upload_id)
        self.counters.terminated += 1
        self.finisher.ended(upload_id, "terminated")
        return reply(204, {})

    async def _load(self, lease: Lease) -> Upload:
        try:
            return await run(self._disk, self._store.load, lease.upload_id)
        except UnknownUpload:
            lease.finished_with = True
            raise

    async def _receive(self, request: Request, body: Body, lease: Lease, upload: Upload) -> Stored:
        text = request.headers.get("upload-checksum")
        checksum = None if text is None else parse_checksum(text, self._offer.algorithms)
        place = landing(self._store, lease, upload, checksum)
        self._bodies.add(body)
        self.counters.active += 1
        lease.when_wanted(lambda: body.interrupt(BodyTaken))
        if self.stopping:
            body.interrupt(BodyStopped)
        try:
            enough = max(LEAST_WRITE_BYTES, min(WRITE_BYTES, BUFFER_BUDGET // self.counters.active))
            stored = await receive(body, place, upload, pool=self._disk, enough=enough)
        finally:
            self.counters.active -= 1
            self._bodies.discard(body)
        self._count(stored, upload)
        if stored.offset == upload.length and not upload.finished:
            lease.finished_with = True
            self._complete(upload.upload_id)
        return stored

    def _count(self, stored: Stored, upload: Upload) -> None:
        self.counters.bytes_stored += stored.offset - upload.offset
        self.counters.broken += isinstance(stored.ending, ConnectionBroken)
        self.counters.taken_over += isinstance(stored.ending, UploadLocked)

    def _complete(self, upload_id: str) -> None:
        self.expiry.forget(upload_id)
        self.finisher.add(upload_id)

    async def _recover(self) -> None:
        await run(self._disk, self._store.tidy, self._shards)
        unreported = await run(self._disk, self.finisher.unreported, self._shards)
        complete, unfinished = await run(
            self._disk, complete_and_open, self._store, self.arrivals, self._shards
        )
        for upload_id in {*unreported, *complete}:
            self.finisher.add(upload_id)
        for upload_id, expires_at in unfinished:
            self.expiry.add(upload_id, expires_at)

    def _judge(self, verb: Iterable[RequestRule], request: Request) -> None:
        for rule in verb:
            rule(Asked(request, self._offer))

    def _judge_held(self, verb: Iterable[UploadRule], request: Request, upload: Upload) -> None:
        for rule in verb:
            rule(Held(request, upload, self._now()))
