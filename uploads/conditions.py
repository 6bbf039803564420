"""What an upload must be like for what is asked of it: small functions over plain values, no header names.

Judged while the upload is held, before its first byte is touched; the first refusal is the answer, so
the order of the lists is part of the contract. Quoted by section of tus 1.0.0; another header layer
(resumable uploads of the IETF) has the same offsets, lengths and ends.

Next station: `uploads/operations.py` runs the lists, then writes.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from uploads.errors import (
    DeletionRefused,
    LongerThanDeclared,
    OffsetConflict,
    UploadExpired,
)
from uploads.model import Upload


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The upload that is held, the moment, and what a piece to be added says of itself.

    `offset`: where it is meant to go; `count`: how many bytes it has, None when only its end tells.
    """

    upload: Upload
    now: datetime
    offset: int = 0
    count: int | None = None


Condition = Callable[[Held], None]


def is_not_expired(held: Held) -> None:
    """Expiration: an expired upload is gone, 410; a finished one does not expire here."""
    if not held.upload.finished and held.upload.expires_at <= held.now:
        raise UploadExpired


def offset_matches(held: Held) -> None:
    """Core, PATCH: offsets MUST be equal, otherwise 409 and no change."""
    if held.offset != held.upload.offset:
        raise OffsetConflict(held.upload.offset)


def fits_length(held: Held) -> None:
    """Core, PATCH: the offset never exceeds Upload-Length; a body known to be too long is refused."""
    if held.count is not None and held.upload.offset + held.count > held.upload.limit:
        raise LongerThanDeclared("the body exceeds the declared length")


def is_unfinished(held: Held) -> None:
    """Termination, DELETE: the life of a finished upload belongs to the portal (design, Bytes)."""
    if held.upload.finished:
        raise DeletionRefused


LOOK: tuple[Condition, ...] = (is_not_expired,)
APPEND: tuple[Condition, ...] = (is_not_expired, offset_matches, fits_length)
REMOVE: tuple[Condition, ...] = (is_not_expired, is_unfinished)


def judge(conditions: Iterable[Condition], held: Held) -> None:
    """Raise the first refusal."""
    for condition in conditions:
        condition(held)
