"""A small document whose whole body comes with its creation goes into a pack, and nowhere else before.

Nobody has heard of the upload until its 201, so nothing need be on the disk before its last byte is there.
What does not come whole (the line breaks, the server stops, too much is waiting in memory) is handed on as
a body that begins with what came, and becomes a plain file.

Next station: `uploads/packs/store.py`; what is packed is an arrival already, so only the Policy is told.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from uploads import events
from uploads.body import Body, BodyEnding, Piece, Pour
from uploads.counters import Counters
from uploads.errors import UnknownUpload
from uploads.filestore import FileStore
from uploads.finishing import Finisher
from uploads.headers import Checksum
from uploads.model import Upload
from uploads.packs import PackStore
from uploads.policy import Arrival
from uploads.threads import Outbox

GATHERED_BUDGET = 16 * 1024 * 1024
"""Bytes of documents that come slowly and are waited for in memory, all of a process together."""


class PackingStore(FileStore):
    """Plain files, and packs for small documents that came whole; both are found by their id.

    Settings as `FileStore`'s. `close` it when nothing is written any more.
    """

    def __init__(self, root: Path, **settings: Any) -> None:
        super().__init__(root, **settings)
        self.packs = PackStore(root, self.space, durable=settings.get("durable", True))

    def load(self, upload_id: str) -> Upload:
        try:
            return super().load(upload_id)
        except UnknownUpload:
            return self.packs.load(upload_id)

    def sync(self, upload_id: str) -> None:
        try:
            super().sync(upload_id)
        except UnknownUpload:
            # A packed document was durable before anybody could ask for it.
            if not self.packs.holds(upload_id):
                raise

    def read(self, upload_id: str) -> BinaryIO:
        try:
            return super().read(upload_id)
        except UnknownUpload:
            return self.packs.read(upload_id)

    def tidy(self, shards: Collection[int]) -> int:
        self.packs.adopt()
        return super().tidy(shards)

    def close(self) -> None:
        self.packs.close()


class Packing:
    """The way of a document into the packs of one process. Runs in its event loop."""

    def __init__(
        self,
        packs: PackStore,
        finisher: Finisher,
        counters: Counters,
        now: Callable[[], datetime],
    ) -> None:
        self._packs = packs
        self._finisher = finisher
        self._counters = counters
        self._now = now
        self._gathered = 0
        self._outbox: Outbox | None = None

    def fits(self, upload: Upload, body: Body | None) -> bool:
        """Whether this upload, nothing of it stored yet, may become a packed document."""
        return body is not None and body.length == upload.length and self._packs.fits(upload)

    async def receive(self, upload: Upload, body: Body, checksum: Checksum | None) -> Body | None:
        """Pack the whole body durably and report it: None. Or else the body, unread again, to be stored.

        Raises ChecksumMismatch, StoreFull, StoreTrouble, and then nothing is stored.
        """
        assert upload.length is not None
        pieces: list[Piece] = []
        size = 0
        try:
            while size < upload.length:
                if size and not self._may_gather(upload.length):
                    return Begun(pieces, body)
                piece = await body.read(upload.length - size, size)
                size += len(piece)
                if not piece or size > upload.length:
                    return Begun([*pieces, piece], body)
                # The last piece stays valid, because nothing is read after it.
                pieces.append(piece if size == upload.length else self._keep(piece))
        except BodyEnding:
            return Begun(pieces, body)
        else:
            await self._pack(upload, pieces, checksum)
            return None
        finally:
            self._gathered -= sum(len(piece) for piece in pieces if isinstance(piece, bytes))

    def unreported(self, shards: Collection[int]) -> list[Arrival]:
        """Documents the Policy may not have heard of. Blocking."""
        found = map(self._packs.arrival, self._packs.unreported(shards))
        return [arrival for arrival in found if arrival is not None]

    def report(self, arrival: Arrival) -> None:
        """Tell the Policy, until it has heard."""
        self._finisher.report(arrival, self._packs.mark_reported)

    async def _pack(self, upload: Upload, pieces: list[Piece], checksum: Checksum | None) -> None:
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[None] = loop.create_future()
        future = self._packs.submit(upload, pieces, self._now(), checksum=checksum)
        # From the committer's thread, whose groups wake the loop once.
        future.add_done_callback(partial(self._outbox_of(loop).put, self._answer, waiting))
        try:
            await asyncio.shield(waiting)
        except asyncio.CancelledError:
            if not future.cancel():
                await asyncio.wait([waiting])
            raise

    def _outbox_of(self, loop: asyncio.AbstractEventLoop) -> Outbox:
        if self._outbox is None:
            self._outbox = Outbox(loop)
        return self._outbox

    def _answer(self, waiting: asyncio.Future[None], done: Future[Arrival]) -> None:
        error = None if done.cancelled() else done.exception()
        if error is None and not done.cancelled():
            # Also when nobody waits any more: what is packed has arrived.
            self._packed(done.result())
        if waiting.done():
            return
        if error is None:
            waiting.set_result(None)
        else:
            waiting.set_exception(error)

    def _packed(self, arrival: Arrival) -> None:
        self._counters.created += 1
        self._counters.finished += 1
        self._counters.packed += 1
        self._counters.bytes_stored += arrival.size
        events.finished(arrival)
        self.report(arrival)

    def _may_gather(self, length: int) -> bool:
        return self._gathered + length <= GATHERED_BUDGET

    def _keep(self, piece: Piece) -> bytes:
        kept = bytes(piece)
        self._gathered += len(kept)
        return kept


class Begun:
    """A Body of which something was read already and is handed out again first."""

    def __init__(self, pieces: list[Piece], body: Body) -> None:
        self._first = b"".join(pieces)
        self._body = body

    @property
    def length(self) -> int | None:
        return self._body.length

    @property
    def ended(self) -> bool:
        return self._body.ended

    @property
    def exhausted(self) -> bool:
        return not self._first and self._body.exhausted

    @property
    def trailers(self) -> Mapping[str, str]:
        return self._body.trailers

    async def read(self, enough: int, at: int) -> Piece:
        first, self._first = self._first, b""
        return first or await self._body.read(enough, at)

    def pour(self, into: Pour | None) -> None:
        self._body.pour(into)

    def interrupt(self, why: type[BodyEnding]) -> None:
        self._body.interrupt(why)
