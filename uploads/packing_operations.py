"""The operations over a store with packs: a small document that comes whole with its creation is packed.

Whatever else comes is a plain file, as in the base. Nothing of a document is on disk before its last byte
is there, so its creation is permitted first and described only where it is packed, or fails to be.

Next station: `uploads/packing.py`.
"""

from dataclasses import replace
from typing import Any

from uploads.body import Body
from uploads.checksums import Awaited, Expected
from uploads.creation import Wanted
from uploads.errors import ChecksumMismatch, Refusal
from uploads.model import Upload
from uploads.operations import Operations
from uploads.packing import Packing, PackingStore
from uploads.threads import run


class PackingOperations(Operations):
    """The uploads of one process over plain files and packs."""

    packs_more = True
    """Another engine answers and reports what was packed before it, and packs nothing itself."""

    def __init__(self, *, store: PackingStore, **settings: Any) -> None:
        super().__init__(store=store, **settings)
        self._packed = store
        self._packing = Packing(store.packs, self.finisher, self.counters, self._now)

    async def create(
        self, wanted: Wanted, body: Body | None = None, expected: Expected | None = None
    ) -> Upload:
        """As in the base. A document that could not be packed for want of room is not created at all."""
        if not self.packs_more or wanted.parts or body is None or isinstance(expected, Awaited):
            return await super().create(wanted, body, expected)
        upload = await self._creation.permit(wanted)
        rest: Body | None = body
        if self._packing.fits(upload, body):
            try:
                with self._bodies.receiving(body):
                    rest = await self._packing.receive(upload, body, expected)
            except ChecksumMismatch:
                rest, expected = None, None
            except Refusal:
                self._creation.give_up(upload.upload_id)
                raise
            else:
                if rest is None:
                    return replace(upload, offset=body.length or 0)
        await self._creation.store(upload)
        return await self._fill(upload, rest, expected)

    async def stop(self) -> None:
        await super().stop()
        self._packed.close()

    async def _recover(self) -> None:
        await super()._recover()
        for arrival in await run(self._disk, self._packing.unreported, self._shards):
            self._packing.report(arrival)
