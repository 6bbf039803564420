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
    FinalUpload,
    LengthChanged,
    LongerThanDeclared,
    OffsetConflict,
    TooLarge,
    UploadExpired,
)
from uploads.model import Upload


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The upload that is held, the moment, and what a piece to be added says of itself.

    `offset`: where it is meant to go; `count`: how many bytes it has, None when only its end tells;
    `length`: the length of the whole upload, if the sender says it now.
    """

    upload: Upload
    now: datetime
    offset: int = 0
    count: int | None = None
    length: int | None = None

    @property
    def declared(self) -> int | None:
        """The upload's length when the piece has been added."""
        return self.upload.length if self.length is None else self.length


Condition = Callable[[Held], None]


def is_not_expired(held: Held) -> None:
    """Expiration: an expired upload is gone, 410; a finished one does not expire here, but a part does."""
    if held.upload.perishable and held.upload.expires_at <= held.now:
        raise UploadExpired


def is_not_final(held: Held) -> None:
    """Concatenation: 403 for PATCH requests against a final upload, and nothing is modified."""
    if held.upload.parts:
        raise FinalUpload


def length_stays(held: Held) -> None:
    """Creation, POST: once set the length MUST NOT be changed."""
    if held.length is not None and held.upload.length not in (None, held.length):
        raise LengthChanged


def length_is_possible(held: Held) -> None:
    """Creation, POST: a length that comes later holds what is there, and has the same maximum."""
    if held.length is None or held.upload.length is not None:
        return
    if held.length < held.upload.offset:
        raise LengthChanged("less than what is stored")
    if held.length > held.upload.max_size:
        raise TooLarge(f"the maximum is {held.upload.max_size} bytes")


def offset_matches(held: Held) -> None:
    """Core, PATCH: offsets MUST be equal, otherwise 409 and no change."""
    if held.offset != held.upload.offset:
        raise OffsetConflict(held.upload.offset)


def fits_length(held: Held) -> None:
    """Core, PATCH: the offset never exceeds Upload-Length; a body known to be too long is refused."""
    limit = held.upload.max_size if held.declared is None else held.declared
    if held.count is not None and held.upload.offset + held.count > limit:
        raise LongerThanDeclared("the body exceeds the declared length")


def is_the_senders(held: Held) -> None:
    """Termination, DELETE: the life of a finished file belongs to the portal (design, Bytes)."""
    if not held.upload.perishable:
        raise DeletionRefused


LOOK: tuple[Condition, ...] = (is_not_expired,)
APPEND: tuple[Condition, ...] = (
    is_not_final,
    is_not_expired,
    offset_matches,
    length_stays,
    length_is_possible,
    fits_length,
)
REMOVE: tuple[Condition, ...] = (is_not_expired, is_the_senders)


def judge(conditions: Iterable[Condition], held: Held) -> None:
    """Raise the first refusal."""
    for condition in conditions:
        condition(held)
