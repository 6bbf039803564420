"""How an upload comes to be: id, room, the Policy's leave, the description; in this order.

The Policy is asked in a bounded pool and has two seconds; whatever it grants and does not come to be is
reported back as ended, also a grant that came too late.

Next station: the new upload's bytes, `uploads/transfer.py`.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from uploads.capability import mint_id
from uploads.counters import Counters
from uploads.errors import CreationRefused, PolicyUnavailable, Temporary, TooLarge
from uploads.finishing import Finisher
from uploads.model import Upload
from uploads.policy import DEFERRED_BYTES, CreateRequest, Grant, Policy
from uploads.store import Store
from uploads.threads import Crew, run

log = logging.getLogger(__name__)

POLICY_SECONDS = 2.0
WAITING_PER_THREAD = 16
"""Questions that may wait for each thread; more could not be answered in time."""
NOT_CREATED = "not created"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An upload somebody wants, in plain values; `length` in bytes, None when it is declared later.

    The last four say who asks and go to the Policy as they came; they are secrets.
    """

    length: int | None
    metadata: Mapping[str, str] = field(repr=False)
    partial: bool = False
    parts: tuple[str, ...] = ()
    joined_as: str = ""
    authorization: str | None = field(default=None, repr=False)
    cookie: str | None = field(default=None, repr=False)
    origin: str | None = None
    host: str | None = None


class Creation:
    """Creates uploads in one store, with leave of one Policy, in the shards of this process."""

    def __init__(
        self,
        *,
        store: Store,
        policy: Policy,
        finisher: Finisher,
        shards: Collection[int],
        now: Callable[[], datetime],
        counters: Counters,
        disk: Crew,
        policy_threads: int,
        policy_seconds: float = POLICY_SECONDS,
    ) -> None:
        self._store = store
        self._policy = policy
        self._finisher = finisher
        self._shards = sorted(shards)
        self._now = now
        self._counters = counters
        self._disk = disk
        self._pool = Crew(policy_threads, "policy")
        self._most_waiting = policy_threads * WAITING_PER_THREAD
        self._seconds = policy_seconds
        self._asked = 0

    def stop(self) -> None:
        self._pool.shutdown()

    async def permit(self, wanted: Wanted) -> Upload:
        """The upload as it may come to be; nothing is stored. Then comes `store` or `give_up`.

        Raises StoreFull, CreationRefused, PolicyUnavailable, TooLarge.
        """
        upload_id = mint_id(self._shards)
        grant = await self._ask(
            CreateRequest(
                upload_id=upload_id,
                length=wanted.length,
                metadata=wanted.metadata,
                authorization=wanted.authorization,
                cookie=wanted.cookie,
                origin=wanted.origin,
                host=wanted.host,
                partial=wanted.partial,
                parts=wanted.parts,
            )
        )
        if wanted.length is not None and wanted.length > grant.max_size:
            self.give_up(upload_id)
            raise TooLarge(f"the maximum is {grant.max_size} bytes")
        open_end = wanted.length is None and not wanted.parts
        now = self._now()
        return Upload(
            upload_id=upload_id,
            length=wanted.length,
            offset=0,
            metadata=wanted.metadata,
            owner=grant.owner,
            claim=grant.claim,
            max_size=min(grant.max_size, DEFERRED_BYTES) if open_end else grant.max_size,
            created_at=now,
            expires_at=grant.expires_at,
            changed_at=now,
            partial=wanted.partial,
            parts=wanted.parts,
            joined_as=wanted.joined_as,
        )

    async def store(self, upload: Upload) -> None:
        """Make a permitted upload of no bytes durable. Raises StoreFull, StoreTrouble."""
        try:
            await run(self._disk, self._store.create, upload)
        except BaseException:
            self.give_up(upload.upload_id)
            raise
        self._counters.created += 1

    def give_up(self, upload_id: str) -> None:
        """What was granted will not come to be: tell the Policy, in the background."""
        self._finisher.ended(upload_id, NOT_CREATED)

    async def _ask(self, request: CreateRequest) -> Grant:
        if self._asked >= self._most_waiting:
            raise PolicyUnavailable
        self._asked += 1
        started = time.monotonic()
        question = _Question(self._store, self._policy, request)
        answer = self._pool.start(question.ask)
        try:
            await asyncio.wait([answer], timeout=self._seconds)
        finally:
            self._asked -= 1
            self._counters.policy.observe(time.monotonic() - started)
            if not answer.done():
                question.withdrawn = True
                answer.add_done_callback(lambda late: self._give_back(request, late))
        if not answer.done():
            self._counters.policy_timeouts += 1
            raise PolicyUnavailable
        error = answer.exception()
        if error is None:
            return answer.result()
        if not isinstance(error, CreationRefused | Temporary):
            # The type only: the text may quote a header or metadata.
            log.error("the policy failed: %s", type(error).__name__)
            raise PolicyUnavailable
        raise error

    def _give_back(self, request: CreateRequest, late: asyncio.Future[Grant]) -> None:
        if not late.cancelled() and late.exception() is None:
            self.give_up(request.upload_id)


class _Question:
    """What a thread asks for one creation: room first, then leave. Nothing, once it is withdrawn."""

    __slots__ = ("_policy", "_request", "_store", "withdrawn")

    def __init__(self, store: Store, policy: Policy, request: CreateRequest) -> None:
        self._store = store
        self._policy = policy
        self._request = request
        self.withdrawn = False

    def ask(self) -> Grant:
        if self.withdrawn:
            raise PolicyUnavailable
        self._store.check_room(self._request.length or 0)
        return self._policy.may_create(self._request)
