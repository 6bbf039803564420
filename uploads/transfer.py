"""From a body into the store: pieces land in large writes, durable before anybody is told.

A landing is blocking and lives in threads; `receive` is the loop between it and the body. Without a
checksum bytes land in the upload as they come, and whatever came before an ending stays. With a checksum
the chunk lies aside until it is verified, all or nothing, because the offset must never count bytes that
were not (tus 1.0.0 checksum: "the uploaded chunk MUST be discarded").

Next station: a complete upload goes to `uploads/finishing.py`.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import IO, Protocol

from uploads.batches import Batches
from uploads.body import Body, BodyBroken, BodyEnding, BodyStalled, BodyStopped, Piece
from uploads.checksums import Expected, Verification
from uploads.errors import (
    ChecksumMismatch,
    ConnectionBroken,
    LongerThanDeclared,
    Refusal,
    Stalled,
    Stopping,
    Temporary,
    UploadLocked,
)
from uploads.hot import Running
from uploads.locks import Lease
from uploads.model import Upload
from uploads.store import CanStage, Store, Writer, trouble
from uploads.threads import Crew

MIB = 1024 * 1024
WRITE_BYTES = 4 * MIB
SYNC_EVERY = 16 * MIB
"""Dirty bytes are bounded, so that the sync a HEAD waits for is short."""
MOST_IN_A_HANDFUL = 256
LEAST_BESIDE = 128 * 1024
"""A smaller piece is hashed where it is written: another thread would cost more than it saves."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The durable offset after a body, and what ended it early."""

    offset: int
    ending: Refusal | None


class Landing(Protocol):
    """Where the pieces of one request go. Blocking; one thread at a time."""

    beside: Running | None
    """A digest that wants every piece, in order, from another thread while the piece is put."""

    def put(self, piece: Piece, *, digested: bool) -> None: ...

    def land(self, *, complete: bool) -> int: ...


class PlainLanding:
    """Bytes go straight into the upload. Blocking; one thread at a time."""

    __slots__ = ("_lease", "_offset", "_store", "_synced", "_upload_id", "_writer", "beside")

    def __init__(
        self, store: Store, lease: Lease, upload: Upload, running: Running | None = None
    ) -> None:
        self.beside = running
        self._store = store
        self._lease = lease
        self._upload_id = upload.upload_id
        self._writer: Writer | None = None
        self._offset = self._synced = upload.offset

    def put(self, piece: Piece, *, digested: bool = False) -> None:
        """Write at the offset. Raises UploadLocked when the lease has passed, StoreFull, StoreTrouble.

        `digested`: somebody else adds the piece to the running digest.
        """
        self._lease.check()
        if self._writer is None:
            self._writer = self._store.open(self._upload_id)
        try:
            self._offset = self._writer.write(self._offset, [piece])
        except Temporary:
            # A prefix may have been written, and the upload's size is the offset.
            self._offset = self._store.load(self._upload_id).offset
            raise
        if self.beside is not None and not digested:
            self.beside.update(piece)
        if self._offset - self._synced >= SYNC_EVERY:
            self._sync(self._writer)

    def land(self, *, complete: bool) -> int:  # noqa: ARG002 - a broken body's bytes are kept too
        """Everything put is durable; returns the offset."""
        writer, self._writer = self._writer, None
        if writer is None:
            self._store.sync(self._upload_id)
            return self._offset
        try:
            if self._offset != self._synced:
                self._sync(writer)
        finally:
            writer.close()
        return self._offset

    def _sync(self, writer: Writer) -> None:
        try:
            writer.sync()
        except Temporary:
            # After a failed sync nobody knows which pages reached the disk; they must not be counted.
            writer.cut(self._synced)
            self._offset = self._synced
            raise
        self._synced = self._offset


class VerifiedLanding:
    """A chunk lies aside until its digest is right, then goes into the upload. Blocking."""

    def __init__(
        self,
        store: Store,
        lease: Lease,
        upload: Upload,
        expected: Expected,
        running: Running | None = None,
    ) -> None:
        assert isinstance(store, CanStage)
        self.beside: Running | None = None
        self._plain = PlainLanding(store, lease, upload, running)
        self._offset = upload.offset
        self._stage: IO[bytes] = store.stage()
        self._verification = Verification(expected)

    def put(self, piece: Piece, *, digested: bool = False) -> None:  # noqa: ARG002 - not yet
        """Keep and hash. Raises StoreFull, StoreTrouble."""
        self._verification.update(piece)
        try:
            self._stage.write(piece)
        except OSError as error:
            raise trouble(error) from None

    def land(self, *, complete: bool) -> int:
        """Verify and move, durably; returns the offset. Raises what `Verification.verify` raises."""
        with self._stage:
            if not complete:
                return self._offset
            self._verification.verify()
            self._stage.seek(0)
            while block := self._stage.read(MIB):
                self._plain.put(block)
        return self._plain.land(complete=True)


def landing(
    store: Store,
    lease: Lease,
    upload: Upload,
    expected: Expected | None,
    running: Running | None = None,
) -> Landing:
    """The landing a request asked for; `running` is fed with what lands."""
    if expected is None:
        return PlainLanding(store, lease, upload, running)
    return VerifiedLanding(store, lease, upload, expected, running)


class Threads:
    """`disk` writes and syncs; `digests` hashes a large piece while it is written.

    `handfuls`: small pieces that come at one moment go to a thread together. Waking it costs many times
    what such a write into the page cache does, and ten thousand slow bodies are nothing but such writes.
    """

    __slots__ = ("digests", "disk", "handfuls")

    def __init__(self, disk: Crew, digests: Crew) -> None:
        self.disk = disk
        self.digests = digests
        self.handfuls = Batches(_put_handful, disk, most=MOST_IN_A_HANDFUL)


async def receive(body: Body, place: Landing, upload: Upload, threads: Threads) -> Stored:
    """Everything of `body` up to its end or its ending, durably stored.

    Raises what the last sync raises; what ended the body early comes back in `Stored.ending`, beside
    the offset that holds in spite of it.
    """
    at, limit = upload.offset, upload.limit
    ending: Refusal | None = None
    landed: int | Refusal | None = None
    try:
        while landed is ending is None and (piece := await body.read(WRITE_BYTES, at)):
            at += len(piece)
            if at > limit:
                raise LongerThanDeclared("the body exceeds the declared length")
            if at == limit and body.length is None:
                # Only its end tells whether a chunked body fits, and a file that is too long must
                # not count as complete.
                piece = bytes(piece)
                ending = await _after_the_last_byte(body, at)
            landed = await _store(place, piece, threads, last=ending is None and body.exhausted)
            # Not kept while the next one is awaited: with ten thousand slow bodies it would add up.
            piece = b""
    except BodyEnding as ended:
        ending = refusal_for(ended)
    except Refusal as refusal:
        ending = refusal
    if landed is None:
        landed = await threads.disk.run(partial(_land, place, complete=ending is None))
    if isinstance(landed, ChecksumMismatch):
        return Stored(upload.offset, landed)
    if isinstance(landed, Refusal):
        raise landed
    return Stored(landed, ending)


async def _store(
    place: Landing, piece: Piece, threads: Threads, *, last: bool
) -> int | Refusal | None:
    """One piece stored and digested, and the last one synced with it: one way to a thread for all."""
    digest = place.beside
    if len(piece) < LEAST_BESIDE and not last:
        await _in_a_handful(place, piece, threads)
        return None
    if digest is None or len(piece) < LEAST_BESIDE:
        return await threads.disk.run(partial(_put, place, piece, digested=False, last=last))
    digesting = threads.digests.start(digest.update, piece)
    try:
        return await threads.disk.run(partial(_put, place, piece, digested=True, last=last))
    finally:
        # The piece's memory is used again afterwards, whatever became of the write.
        await digesting


async def _in_a_handful(place: Landing, piece: Piece, threads: Threads) -> None:
    done = threads.handfuls.ask((place, piece))
    try:
        await asyncio.shield(done)
    except asyncio.CancelledError:
        # No write may come after its lease was given back.
        if not done.done():
            await asyncio.wait([done])
        raise


def _put_handful(
    pieces: Sequence[tuple[Landing, Piece]],
) -> Sequence[Exception | None]:
    return [_put_small(place, piece) for place, piece in pieces]


def _put_small(place: Landing, piece: Piece) -> Exception | None:
    try:
        place.put(piece, digested=False)
    except Exception as error:  # noqa: BLE001 - the trouble of this one, not of the others
        return error
    return None


def _put(place: Landing, piece: Piece, *, digested: bool, last: bool) -> int | Refusal | None:
    place.put(piece, digested=digested)
    return _land(place, complete=True) if last else None


def _land(place: Landing, *, complete: bool) -> int | Refusal:
    """The durable offset, or the refusal: landing is tried once."""
    try:
        return place.land(complete=complete)
    except Refusal as refusal:
        return refusal


async def _after_the_last_byte(body: Body, at: int) -> Refusal | None:
    try:
        if await body.read(1, at):
            raise LongerThanDeclared("the body exceeds the declared length")
    except BodyEnding as ended:
        return refusal_for(ended)
    return None


def refusal_for(ended: BodyEnding) -> Refusal:
    """What is answered, if anybody still listens."""
    if isinstance(ended, BodyBroken):
        return ConnectionBroken()
    if isinstance(ended, BodyStalled):
        return Stalled()
    if isinstance(ended, BodyStopped):
        return Stopping()
    return UploadLocked("a later request took the upload over")
