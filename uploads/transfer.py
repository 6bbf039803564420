"""From a body into the store: pieces land in large writes, durable before anybody is told.

What comes at a trickle does not wake this loop: its body hands the pieces to a thread itself.

Next station: `uploads/landing.py` puts the pieces where they belong.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from uploads.batches import Batches
from uploads.body import Body, BodyBroken, BodyEnding, BodyStalled, BodyStopped, Piece
from uploads.errors import (
    ChecksumMismatch,
    ConnectionBroken,
    LongerThanDeclared,
    Refusal,
    Stalled,
    Stopping,
    UploadLocked,
)
from uploads.landing import Landing
from uploads.model import Upload
from uploads.threads import Crew

MIB = 1024 * 1024
WRITE_BYTES = 4 * MIB
MOST_IN_A_HANDFUL = 256
LEAST_BESIDE = 128 * 1024
"""A smaller piece is hashed where it is written: another thread would cost more than it saves."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The durable offset after a body, and what ended it early."""

    offset: int
    ending: Refusal | None


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
    limit = upload.limit
    ending: Refusal | None = None
    landed: int | Refusal | None = None
    pouring = _Pouring(place, threads)
    if body.length is not None and upload.offset + body.length <= limit:
        body.pour(pouring)
    try:
        while landed is ending is None and (piece := await body.read(WRITE_BYTES, place.at)):
            at = place.at + len(piece)
            if at > limit:
                raise LongerThanDeclared("the body exceeds the declared length")
            if at == limit and body.length is None:
                # Only its end tells whether a chunked body fits, and a file that is too long must
                # not count as complete.
                piece = bytes(piece)
                ending = await _after_the_last_byte(body, at)
            landed = await _store(
                place, piece, threads, pouring, last=ending is None and body.exhausted
            )
            # Not kept while the next one is awaited: with ten thousand slow bodies it would add up.
            piece = b""
    except BodyEnding as ended:
        ending = refusal_for(ended)
    except Refusal as refusal:
        ending = refusal
    finally:
        body.pour(None)
        await pouring.settle()
    if landed is None:
        landed = await threads.disk.run(partial(_land, place, complete=ending is None))
    if isinstance(landed, ChecksumMismatch):
        return Stored(upload.offset, landed)
    if isinstance(landed, Refusal):
        raise landed
    return Stored(landed, ending)


async def _store(
    place: Landing, piece: Piece, threads: Threads, pouring: "_Pouring", *, last: bool
) -> int | Refusal | None:
    """One piece stored and digested, and the last one synced with it: one way to a thread for all."""
    digest = place.beside
    if len(piece) < LEAST_BESIDE and not last:
        # Who is called off meanwhile waits for the write all the same: `receive` settles it.
        await asyncio.shield(pouring(piece))
        return None
    if digest is None or len(piece) < LEAST_BESIDE:
        return await threads.disk.run(partial(_put, place, piece, digested=False, last=last))
    digesting = threads.digests.start(digest.update, piece)
    try:
        return await threads.disk.run(partial(_put, place, piece, digested=True, last=last))
    finally:
        # The piece's memory is used again afterwards, whatever became of the write.
        await digesting


class _Pouring:
    """Small pieces of one body on their way to a thread, one at a time."""

    __slots__ = ("_last", "_place", "_threads")

    def __init__(self, place: Landing, threads: Threads) -> None:
        self._place = place
        self._threads = threads
        self._last: asyncio.Future[None] | None = None

    def __call__(self, piece: Piece) -> "asyncio.Future[None]":
        self._last = self._threads.handfuls.ask((self._place, piece))
        return self._last

    async def settle(self) -> None:
        """No write may come after its lease was given back, also when nobody waits for it any more."""
        if self._last is not None and not self._last.done():
            await asyncio.wait([self._last])


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
