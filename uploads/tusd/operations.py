"""The operations on an upload with tusd as the one who writes: the same locks, conditions and arrivals.

Who may write, what was granted, when an upload ends and what has arrived is decided by
`uploads/operations.py` for both engines. tusd creates and appends; what it acknowledged is made durable
here, because it syncs nothing, before anybody hears of it.

Next station: `uploads/tusd/client.py`; for a creation tusd asks back through `uploads/tusd/hooks.py`.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from uploads.body import Body
from uploads.checksums import Expected
from uploads.creation import Wanted
from uploads.errors import Refusal, StoreTrouble, UnknownUpload
from uploads.headers import OFFSET_OCTET_STREAM
from uploads.hot import Running
from uploads.locks import Lease
from uploads.model import TUS_VERSION, Upload
from uploads.packing import PackingStore
from uploads.packing_operations import PackingOperations
from uploads.threads import run
from uploads.transfer import Stored, receive
from uploads.tusd.answers import refusal_in
from uploads.tusd.aside import Aside, AsideBody
from uploads.tusd.asking import NONCE, Desk
from uploads.tusd.client import Answer, Client, EngineAway
from uploads.tusd.hooks import HookAddress, HookListener
from uploads.tusd.pouring import pour
from uploads.tusd.upkeep import SETTLED_SECONDS, broken, put_aside

log = logging.getLogger(__name__)

FILES = "/files/"
LOOK_SECONDS = 30.0
AT_ONCE = 200


class EngineOperations(PackingOperations):
    """The uploads of one process and its tusd, which listens at `socket` and asks at `hooks`.

    `store` reads and removes what tusd writes, and has the root tusd is started in.
    """

    without = frozenset({"creation-defer-length"})
    packs_more = False

    def __init__(
        self, *, store: PackingStore, socket: Path, hooks: HookAddress, **settings: Any
    ) -> None:
        super().__init__(store=store, **settings)
        self._files = store
        self._client = Client(socket)
        self._desk = Desk(self._creation)
        self._hooks = HookListener(hooks, self._desk, self.finisher.add)

    async def start(self) -> asyncio.Task[None]:
        """Listen for hooks, then begin the background work. Raises OSError when the port is taken."""
        await self._hooks.start()
        recovery = await super().start()
        self._background.begin(self._watch)
        return recovery

    async def stop(self) -> None:
        """End the background work, then stop listening."""
        await super().stop()
        await self._hooks.stop()
        self._client.close()

    async def _settled(self, lease: Lease, upload: Upload) -> Upload:  # noqa: ARG002 - held meanwhile
        """As in the base, with tusd asked: nobody may still be writing on its side."""
        if upload.finished:
            return upload
        answer = await self._ask("HEAD", upload.upload_id)
        if answer.status != 200:
            raise refusal_in(answer)
        found = await run(self._quick, self._durable, upload.upload_id)
        if found.finished:
            self._complete(found.upload_id, partial=found.partial)
        return found

    async def _begin(self, wanted: Wanted) -> Upload:
        """Have tusd create what the Policy grants; durable, its space reserved, when this returns."""
        fields = {"Tus-Resumable": TUS_VERSION, "Upload-Length": str(wanted.length)}
        if wanted.partial:
            fields["Upload-Concat"] = "partial"
        with self._desk.wait(wanted) as asked:
            fields[NONCE] = asked.nonce
            try:
                answer = await self._client.ask("POST", FILES, fields)
            except EngineAway:
                answer = None
        if asked.refusal is not None:
            raise asked.refusal
        upload = asked.granted
        if upload is None:
            log.warning("tusd did not ask for a creation: %s", answer and answer.status)
            raise StoreTrouble("the engine did not ask")
        try:
            await self._settle(upload, answer)
        except BaseException:
            self._creation.give_up(upload.upload_id)
            raise
        self.counters.created += 1
        return upload

    async def _settle(self, upload: Upload, answer: Answer | None) -> None:
        """Believe the disk, not the answer: the upload is there, wholly, or it is not."""
        try:
            await run(self._disk, self._store.load, upload.upload_id)
        except UnknownUpload:
            raise (StoreTrouble("no answer") if answer is None else refusal_in(answer)) from None
        # Our own description in place of theirs; without room for the rest nothing is left of it.
        await run(self._disk, self._files.adopt, upload)

    async def _write(
        self,
        body: Body,
        lease: Lease,  # noqa: ARG002 - whoever wants the upload interrupts the body
        upload: Upload,
        expected: Expected | None,
        running: Running | None,  # noqa: ARG002 - what tusd is sent comes to no digest here
    ) -> Stored:
        """tusd appends; the offset it reached is durable when this returns."""
        if expected is None:
            return await self._pass_on(body, upload)
        aside = Aside(self._files, upload.offset, expected)
        with aside.stage:
            stored = await receive(body, aside, upload, self._threads)
            if stored.ending is not None or aside.length is None:
                return stored
            return await self._pass_on(AsideBody(aside.stage, aside.length), upload)

    async def _pass_on(self, body: Body, upload: Upload) -> Stored:
        fields = {
            "Tus-Resumable": TUS_VERSION,
            "Upload-Offset": str(upload.offset),
            "Content-Type": OFFSET_OCTET_STREAM,
        }
        target = FILES + upload.upload_id

        async def sync() -> None:
            await run(self._disk, self._store.sync, upload.upload_id)

        ending: Refusal | None
        try:
            async with self._client.request(
                "PATCH", target, fields, length=body.length
            ) as exchange:
                ending = await pour(body, exchange, upload.offset, upload.limit, sync)
                answer = await exchange.answer()
            if ending is None and answer.status != 204:
                ending = refusal_in(answer)
        except EngineAway:
            ending = StoreTrouble("the engine is away")
        # What ended it matters to the client; how far it came only the disk says.
        stored = await run(self._disk, self._synced, upload.upload_id)
        return Stored(stored, ending)

    def _synced(self, upload_id: str) -> int:
        self._store.sync(upload_id)
        return self._store.load(upload_id).offset

    async def _ask(self, method: str, upload_id: str) -> Answer:
        fields = {"Tus-Resumable": TUS_VERSION}
        try:
            return await self._client.ask(method, FILES + upload_id, fields)
        except EngineAway:
            raise StoreTrouble("the engine is away") from None

    async def _recover(self) -> None:
        await self._put_broken_aside()
        await super()._recover()

    async def _watch(self) -> None:
        """What is complete without anybody having heard of it; until cancelled."""
        await asyncio.sleep(SETTLED_SECONDS)
        await self._put_broken_aside()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            waiting = list(self.expiry.open)
            for start in range(0, len(waiting), AT_ONCE):
                some = waiting[start : start + AT_ONCE]
                for upload in await run(self._disk, self._finished, some):
                    self._complete(upload.upload_id, partial=upload.partial)

    def _finished(self, ids: Sequence[str]) -> list[Upload]:
        found = []
        for upload_id in ids:
            with contextlib.suppress(Refusal):
                upload = self._store.load(upload_id)
                if upload.finished:
                    found.append(upload)
        return found

    async def _put_broken_aside(self) -> None:
        root = self._store.root
        for upload_id in await run(self._disk, broken, self._store, self.arrivals, self._shards):
            await run(self._disk, put_aside, root, upload_id)
            self.finisher.ended(upload_id, "lost")
