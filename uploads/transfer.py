"""From a body into the store: pieces land in large writes, durable before anybody is told.

A landing is blocking and lives in threads; `receive` is the loop between it and the body. Without a
checksum bytes land in the upload as they come, and whatever came before an ending stays. With a checksum
the chunk lies aside until it is verified, all or nothing, because the offset must never count bytes that
were not (tus 1.0.0 checksum: "the uploaded chunk MUST be discarded").

Next station: a complete upload goes to `uploads/finishing.py`.
"""

import hashlib
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import IO, Protocol

from uploads.body import Body, BodyBroken, BodyEnding, BodyStalled, BodyStopped
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
from uploads.headers import Checksum
from uploads.locks import Lease
from uploads.model import Upload
from uploads.store import CanStage, Store, Writer, trouble
from uploads.threads import run

MIB = 1024 * 1024
SYNC_EVERY = 16 * MIB
"""Dirty bytes are bounded, so that the sync a HEAD waits for is short."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The durable offset after a body, and what ended it early."""

    offset: int
    ending: Refusal | None


class Landing(Protocol):
    def put(self, pieces: Sequence[bytes]) -> None: ...

    def land(self, *, complete: bool) -> int: ...


class PlainLanding:
    """Bytes go straight into the upload. Blocking; one thread at a time."""

    def __init__(self, store: Store, lease: Lease, upload: Upload) -> None:
        self._store = store
        self._lease = lease
        self._upload_id = upload.upload_id
        self._writer: Writer | None = None
        self._offset = self._synced = upload.offset

    def put(self, pieces: Sequence[bytes]) -> None:
        """Write at the offset. Raises UploadLocked when the lease has passed, StoreFull, StoreTrouble."""
        self._lease.check()
        if self._writer is None:
            self._writer = self._store.open(self._upload_id)
        try:
            self._offset = self._writer.write(self._offset, pieces)
        except Temporary:
            # A prefix may have been written, and the upload's size is the offset.
            self._offset = self._store.load(self._upload_id).offset
            raise
        if self._offset - self._synced >= SYNC_EVERY:
            self._sync(self._writer)

    def land(self, *, complete: bool) -> int:  # noqa: ARG002 - a broken body's bytes are kept too
        """Everything put is durable; returns the offset."""
        if self._writer is None:
            self._store.sync(self._upload_id)
            return self._offset
        try:
            self._sync(self._writer)
        finally:
            self._writer.close()
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

    def __init__(self, store: Store, lease: Lease, upload: Upload, checksum: Checksum) -> None:
        assert isinstance(store, CanStage)
        self._plain = PlainLanding(store, lease, upload)
        self._offset = upload.offset
        self._stage: IO[bytes] = store.stage()
        self._expected = checksum.digest
        self._digest = hashlib.new(checksum.algorithm, usedforsecurity=False)

    def put(self, pieces: Sequence[bytes]) -> None:
        """Keep and hash. Raises StoreFull, StoreTrouble."""
        for piece in pieces:
            self._digest.update(piece)
            try:
                self._stage.write(piece)
            except OSError as error:
                raise trouble(error) from None

    def land(self, *, complete: bool) -> int:
        """Verify and move, durably; returns the offset. Raises ChecksumMismatch."""
        with self._stage:
            if not complete:
                return self._offset
            if self._digest.digest() != self._expected:
                raise ChecksumMismatch
            self._stage.seek(0)
            while block := self._stage.read(MIB):
                self._plain.put([block])
        return self._plain.land(complete=True)


def landing(store: Store, lease: Lease, upload: Upload, checksum: Checksum | None) -> Landing:
    """The landing a request asked for."""
    if checksum is None:
        return PlainLanding(store, lease, upload)
    return VerifiedLanding(store, lease, upload, checksum)


async def receive(
    body: Body, place: Landing, upload: Upload, *, pool: Executor, enough: int
) -> Stored:
    """Everything of `body` up to its end or its ending, durably stored.

    `enough`: bytes gathered for one write. Raises what the last sync raises; what ended the body early
    comes back in `Stored.ending`, beside the offset that holds in spite of it.
    """
    ending = await _pour(body, place, upload, pool, enough)
    try:
        offset = await run(pool, place.land, complete=ending is None)
    except ChecksumMismatch as mismatch:
        return Stored(upload.offset, mismatch)
    return Stored(offset, ending)


async def _pour(
    body: Body, place: Landing, upload: Upload, pool: Executor, enough: int
) -> Refusal | None:
    room = upload.limit - upload.offset
    try:
        while pieces := await body.read(enough):
            room -= sum(map(len, pieces))
            if room < 0:
                raise LongerThanDeclared("the body exceeds the declared length")
            ending = None
            if room == 0 and body.length is None:
                # Only its end tells whether a chunked body fits, and a file that is too long must
                # not count as complete.
                ending = await _after_the_last_byte(body)
            await run(pool, place.put, pieces)
            if ending is not None:
                return ending
    except BodyEnding as ended:
        return refusal_for(ended)
    except Refusal as refusal:
        return refusal
    return None


async def _after_the_last_byte(body: Body) -> Refusal | None:
    try:
        if await body.read(1):
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
