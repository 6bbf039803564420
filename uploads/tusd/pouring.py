"""From a client's body into tusd, within a fixed amount of memory.

What was received before the line broke, before a later request wanted the upload or before we stop is
handed to tusd, then the line to it is cut: it keeps those bytes and lets go of the upload.

Next station: `uploads/tusd/client.py` sends the pieces.
"""

from collections.abc import Awaitable, Callable

from uploads.body import Body, BodyEnding, BodyStopped
from uploads.errors import LongerThanDeclared, Refusal
from uploads.landing import SYNC_EVERY
from uploads.transfer import refusal_for
from uploads.tusd.client import Exchange

ENOUGH = 256 * 1024
"""Bytes gathered before they are sent on; a slow body is sent on as it comes, after a few seconds."""


async def pour(
    body: Body, exchange: Exchange, offset: int, limit: int, sync: Callable[[], Awaitable[None]]
) -> Refusal | None:
    """Everything of `body` from `offset` on, or as much as there is; returns what ended it early.

    None as well when tusd answered before the end: then its answer says why. `limit`: bytes the upload
    may have. tusd takes a body without a length up to there and no further, and then counts the file as
    complete; so the last piece waits until the body is seen to end there. `sync` is called now and then,
    so that the last one has little left to do.
    """
    exchange.reading.add_done_callback(lambda _: body.interrupt(BodyStopped))
    ending: Refusal | None = None
    synced = offset
    try:
        while ending is None and not exchange.answered:
            piece = await body.read(ENOUGH, offset)
            if not piece:
                await exchange.end()
                return None
            offset += len(piece)
            if offset >= limit and body.length is None:
                piece = bytes(piece)  # the next reading would take it away
                ending = await _after(body, offset, limit)
            if not isinstance(ending, LongerThanDeclared):
                await exchange.send(piece)
            if offset - synced >= SYNC_EVERY:
                await sync()
                synced = offset
    except BodyEnding as ended:
        ending = refusal_for(ended)
    if exchange.answered:
        return None
    exchange.cut()
    return ending


async def _after(body: Body, offset: int, limit: int) -> Refusal | None:
    """What follows the byte that fills the upload: its end, or an ending."""
    try:
        if offset > limit or await body.read(1, offset):
            return LongerThanDeclared("the body exceeds the declared length")
    except BodyEnding as ended:
        return refusal_for(ended)
    return None
