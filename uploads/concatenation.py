"""Final uploads: parts that were sent side by side become one file, in the order their sender named them.

A final upload is described first, then its parts are claimed for it, then it waits until the last of them
is complete and is joined in one step. All of it is on disk before its sender hears of it and every step
may be done again, so a process that dies in between goes on where it was. A joined part keeps its offset
(its sender may ask again after a lost answer) and gives its bytes back; it goes when its time is over.

Next station: a joined upload is finished like any other, `uploads/finishing.py`.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from uploads import conditions
from uploads.background import Background
from uploads.claims import Claims
from uploads.conditions import Held, judge
from uploads.creation import NOT_CREATED, Creation, Wanted
from uploads.errors import PartTaken, Refusal, UnknownPart, UnknownUpload
from uploads.expiry import Expiry
from uploads.finishing import Finisher
from uploads.locks import Locks
from uploads.model import Upload
from uploads.store import CanJoin, CanRemove, Store
from uploads.threads import Crew, run

log = logging.getLogger(__name__)

PROMPT_SECONDS = 1.0
"""So long an answer waits for a join, because most are done by then."""
LOOK_SECONDS = 0.25
LONGEST_LOOK_SECONDS = 2.0
PART_GONE = "part gone"
TOO_LARGE = "too large"


class Concatenation:
    """The final uploads of this process's shards that are not joined yet."""

    def __init__(
        self,
        *,
        store: Store,
        claims: Claims,
        creation: Creation,
        locks: Locks,
        expiry: Expiry,
        finisher: Finisher,
        now: Callable[[], datetime],
        background: Background,
        disk: Crew,
    ) -> None:
        self._store = store
        self._claims = claims
        self._creation = creation
        self._locks = locks
        self._expiry = expiry
        self._finisher = finisher
        self._now = now
        self._background = background
        self._disk = disk
        self._waiting: dict[str, tuple[float, float]] = {}
        self._joining: dict[str, asyncio.Task[None]] = {}

    async def create(self, wanted: Wanted) -> Upload:
        """A final upload of `wanted.parts`, joined already if that was quick.

        The same parts and metadata again are the same upload: its sender did not hear the first answer.
        Raises UnknownPart, UploadExpired, PartTaken, and what `Creation` raises.
        """
        parts = await run(self._disk, self._parts, wanted.parts)
        if known := await run(self._disk, self._made_before, wanted):
            return known
        upload = await self._creation.permit(replace(wanted, length=length_of(parts)))
        # Begun when its first part was: that is what a party may have to prove.
        upload = replace(upload, created_at=min(part.created_at for part in parts))
        if any(part.owner != upload.owner for part in parts):
            self._creation.give_up(upload.upload_id)
            raise PartTaken("a part belongs to another")
        await self._creation.store(upload)
        self._expiry.add(upload.upload_id, upload.expires_at)
        if not await run(self._disk, self._claims.claim, upload):
            await self._end(upload, NOT_CREATED)
            raise PartTaken
        self.add(upload.upload_id)
        await asyncio.wait({self._join_soon(upload.upload_id)}, timeout=PROMPT_SECONDS)
        return await run(self._disk, self._store.load, upload.upload_id)

    def add(self, final_id: str) -> None:
        """A final upload that may have to be joined."""
        self._waiting[final_id] = (0.0, LOOK_SECONDS)

    def is_waiting(self, upload_id: str) -> bool:
        """Whether this is a final upload of ours that is not joined yet."""
        return upload_id in self._waiting

    async def look(self, final_id: str) -> Upload:
        """A final upload that waits, with its length if its parts tell it; takes it from nobody."""
        if final_id in self._waiting:
            self._join_soon(final_id)
        final = await run(self._disk, self._store.load, final_id)
        judge(conditions.LOOK, Held(upload=final, now=self._now()))
        if final.length is None:
            parts = await run(self._disk, self._present, final)
            final = replace(final, length=None if parts is None else length_of(parts))
        return final

    def part_is_complete(self, part_id: str) -> None:
        """The last part may have come; other processes find out by looking."""
        if self._waiting:
            self._background.begin(lambda: self._join_for(part_id))

    async def _join_for(self, part_id: str) -> None:
        final_id = await run(self._disk, self._claims.holder, part_id)
        if final_id is not None and final_id in self._waiting:
            self._join_soon(final_id)

    async def watch(self) -> None:
        """Join what has become complete, whoever received the parts, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for final_id, (at, delay) in list(self._waiting.items()):
                if at <= loop.time():
                    later = min(delay * 2, LONGEST_LOOK_SECONDS)
                    self._waiting[final_id] = (loop.time() + delay, later)
                    self._join_soon(final_id)

    async def stop(self) -> None:
        """Wait for the joins that run; what waits is taken up at the next start."""
        self._waiting.clear()
        if self._joining:
            await asyncio.wait(self._joining.values())

    def _join_soon(self, final_id: str) -> asyncio.Task[None]:
        task = self._joining.get(final_id)
        if task is None:
            task = self._joining[final_id] = asyncio.create_task(self._join(final_id))
            task.add_done_callback(lambda _: self._joining.pop(final_id, None))
        return task

    async def _join(self, final_id: str) -> None:
        try:
            if await self._settle(final_id):
                self._waiting.pop(final_id, None)
        except Refusal as refusal:
            log.warning("upload %s: not joined yet: %s", final_id, refusal.code)
        except Exception as error:  # noqa: BLE001 - it is tried again; the text may quote metadata
            log.warning("upload %s: not joined yet: %s", final_id, type(error).__name__)

    async def _settle(self, final_id: str) -> bool:
        """Do what can be done now; whether nothing is left to do."""
        async with self._locks.hold(final_id) as lease:
            try:
                final = await run(self._disk, self._store.load, final_id)
            except UnknownUpload:
                lease.finished_with = True
                return True
            if not final.finished:
                parts = await run(self._disk, self._present, final)
                if parts is None or not await run(self._disk, self._claims.claim, final):
                    await self._end(final, PART_GONE)
                    return True
                length = length_of(parts)
                if length is None or not all(part.finished for part in parts):
                    return False
                if length > final.max_size:
                    await self._end(final, TOO_LARGE)
                    return True
                assert isinstance(self._store, CanJoin)
                await run(self._disk, self._store.join, final, final.parts)
                if final.length is None:
                    self._finisher.declared(final_id, length)
            lease.finished_with = True
        self._expiry.forget(final_id)
        self._finisher.add(final_id)
        await run(self._disk, self._claims.spend, final)
        return True

    async def _end(self, final: Upload, why: str) -> None:
        assert isinstance(self._store, CanRemove)
        await run(self._disk, self._store.remove, final.upload_id)
        await run(self._disk, self._claims.let_go, final)
        self._expiry.forget(final.upload_id)
        self._finisher.ended(final.upload_id, why)

    def _parts(self, ids: Sequence[str]) -> list[Upload]:
        found = []
        for part_id in ids:
            try:
                part = self._store.load(part_id)
            except UnknownUpload:
                raise UnknownPart("a part does not exist") from None
            if not part.partial:
                raise UnknownPart("not a partial upload")
            judge(conditions.LOOK, Held(upload=part, now=self._now()))
            found.append(part)
        return found

    def _present(self, final: Upload) -> list[Upload] | None:
        try:
            return [self._store.load(part_id) for part_id in final.parts]
        except UnknownUpload:
            return None

    def _made_before(self, wanted: Wanted) -> Upload | None:
        """The final upload that was made of the same in the same way. Raises PartTaken."""
        holders = {self._claims.holder(part_id) for part_id in wanted.parts}
        if holders == {None}:
            return None
        for final_id in holders - {None}:
            known = self._claims.final(final_id)
            if known is not None and (known.parts, known.metadata) == (
                wanted.parts,
                wanted.metadata,
            ):
                return known
        if self._claims.are_free(wanted.parts):
            return None
        raise PartTaken


def length_of(parts: Sequence[Upload]) -> int | None:
    """Concatenation: the length of the final upload is the sum of the lengths of its parts."""
    total = 0
    for part in parts:
        if part.length is None:
            return None
        total += part.length
    return total
