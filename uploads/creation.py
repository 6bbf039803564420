"""How an upload comes to be: id, room, the Policy's leave, the description; in this order.

The Policy is asked for those who come together, in a thread, and has two seconds; whatever it grants and
does not come to be is reported back as ended, also a grant that came too late.

Next station: the new upload's bytes, `uploads/transfer.py`.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from uploads.batches import Batches
from uploads.capability import mint_id
from uploads.counters import Counters
from uploads.errors import PolicyUnavailable, Refusal, TooLarge
from uploads.finishing import Finisher
from uploads.model import Upload
from uploads.policy import DEFERRED_BYTES, CreateRequest, Grant, Policy
from uploads.store import Store
from uploads.threads import Crew, run

log = logging.getLogger(__name__)

POLICY_SECONDS = 2.0
MOST_WAITING = 512
"""Creations that may wait to be judged; more could not be answered in time."""
BATCH = 64
LONGEST_LINGER_SECONDS = 0.05
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
        policy_seconds: float = POLICY_SECONDS,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._store = store
        self._policy = policy
        self._finisher = finisher
        self._shards = sorted(shards)
        self._now = now
        self._counters = counters
        self._disk = disk
        self._crew = Crew(1, "policy")
        self._questions = Batches(
            self._judged, self._crew, most=BATCH, linger=_linger, unwanted=self._unwanted
        )
        self._most_waiting = most_waiting
        self._seconds = policy_seconds

    def stop(self) -> None:
        self._questions.drop()
        self._crew.shutdown()

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
        if self._questions.waiting >= self._most_waiting:
            raise PolicyUnavailable
        started = time.monotonic()
        answer = self._questions.ask(request)
        timer = asyncio.get_running_loop().call_later(self._seconds, self._too_late, answer)
        try:
            return await answer
        except Refusal:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a Policy raises
            # The type only: the text may quote a header or metadata.
            log.error("the policy failed: %s", type(error).__name__)  # noqa: TRY400
            raise PolicyUnavailable from None
        finally:
            timer.cancel()
            self._counters.policy.observe(time.monotonic() - started)

    def _too_late(self, answer: "asyncio.Future[Grant]") -> None:
        if not answer.done():
            self._counters.policy_timeouts += 1
            answer.set_exception(PolicyUnavailable())

    def _judged(self, requests: Sequence[CreateRequest]) -> Sequence[Grant | Exception]:
        """In a thread: room first, then leave."""
        refused = [self._no_room(request.length or 0) for request in requests]
        fitting = [request for request, no in zip(requests, refused, strict=True) if no is None]
        answers = iter(self._policy.may_create(fitting) if fitting else ())
        return [next(answers) if no is None else no for no in refused]

    def _no_room(self, length: int) -> Refusal | None:
        try:
            self._store.check_room(length)
        except Refusal as refusal:
            return refusal
        return None

    def _unwanted(self, request: CreateRequest, _: Grant) -> None:
        self.give_up(request.upload_id)


def _linger(took: float) -> float:
    """Those just answered come again when their bytes are stored: half as long as judging took is enough
    for most, and with them in it the next batch costs the same.
    """
    return min(took / 2, LONGEST_LINGER_SECONDS)
