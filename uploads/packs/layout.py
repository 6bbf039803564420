"""How a document lies in a segment: a head of one to four blocks, then its bytes, padded to a block.

A head names its segment (by a random nonce that stands in the segment's first block and nowhere a sender
could learn it), its own place, the description of the upload as in an `.info` file, the time of the last
byte, and the SHA-256 of the bytes. Its own checksum covers all of that. So a head is recognised wherever
it is read, is never mistaken for the bytes of a document, and one that was half written is none. An erased
document leaves a head that says so, of the same length, so that what follows is still found.

Next station: `uploads/packs/segment.py` reads and writes them.
"""

import hashlib
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from uploads.description import from_info
from uploads.model import Upload
from uploads.policy import Arrival

BLOCK = 4096
SEGMENT_MAGIC = b"TUSPACK1"
HEAD_MAGIC = b"TUSDOC_1"
NONCE_BYTES = 16
LIVING, ERASED = 1, 2

_SEGMENT = struct.Struct("<8s16s")
_HEAD = struct.Struct("<8s16sQQqIB3x32s")
_DIGEST = hashlib.sha256().digest_size
_OVERHEAD = _HEAD.size + _DIGEST
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

MOST_HEAD_BYTES = 4 * BLOCK
MOST_TEXT_BYTES = MOST_HEAD_BYTES - _OVERHEAD
"""A description longer than this is not packed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A head read from place `at` of its segment; `size` the bytes of the document, `sha256` in hex."""

    at: int
    size: int
    sha256: str
    finished_at: datetime
    text: bytes = field(repr=False)
    living: bool = True

    @property
    def body_at(self) -> int:
        return self.at + head_length(len(self.text))

    @property
    def end(self) -> int:
        """Where the next head begins."""
        return self.body_at + padded(self.size)

    def upload(self) -> Upload:
        """The finished upload. Raises ValueError, KeyError or TypeError on a description of no kind."""
        return from_info(self.text.decode(), offset=self.size, changed_at=self.finished_at)

    def arrival(self) -> Arrival:
        """What arrived, without looking at the bytes again."""
        return arrival_of(self.upload(), self.sha256)


def arrival_of(upload: Upload, sha256: str) -> Arrival:
    """The arrival of a finished upload; `changed_at` is the time of its last byte."""
    return Arrival(
        upload_id=upload.upload_id,
        size=upload.offset,
        sha256=sha256,
        created_at=upload.created_at,
        finished_at=upload.changed_at,
        claim=upload.claim,
        metadata=upload.metadata,
    )


def padded(size: int) -> int:
    """`size` up to the next block."""
    return -(-size // BLOCK) * BLOCK


def head_length(text_length: int) -> int:
    return padded(_OVERHEAD + text_length)


def encode_segment(nonce: bytes) -> bytes:
    """The first block of a segment."""
    fixed = _SEGMENT.pack(SEGMENT_MAGIC, nonce)
    return (fixed + hashlib.sha256(fixed).digest()).ljust(BLOCK, b"\0")


def decode_segment(block: bytes) -> bytes | None:
    """The nonce of a segment, None when this is not the first block of one."""
    fixed, rest = block[: _SEGMENT.size], block[_SEGMENT.size :]
    if len(fixed) < _SEGMENT.size or rest[:_DIGEST] != hashlib.sha256(fixed).digest():
        return None
    magic, nonce = _SEGMENT.unpack(fixed)
    return nonce if magic == SEGMENT_MAGIC else None


def encode(nonce: bytes, head: Head) -> bytes:
    """A head, padded to whole blocks."""
    fixed = _HEAD.pack(
        HEAD_MAGIC,
        nonce,
        head.at,
        head.size,
        (head.finished_at - _EPOCH) // timedelta(microseconds=1),
        len(head.text),
        LIVING if head.living else ERASED,
        bytes.fromhex(head.sha256),
    )
    digest = hashlib.sha256(fixed + head.text).digest()
    return (fixed + digest + head.text).ljust(head_length(len(head.text)), b"\0")


def wanted(nonce: bytes, at: int, block: bytes) -> int | None:
    """How many bytes the head at this place has, by its first block; None when there is none."""
    if len(block) < _HEAD.size:
        return None
    magic, its_nonce, its_at, _, _, text_length, _, _ = _HEAD.unpack_from(block)
    ours = magic == HEAD_MAGIC and its_nonce == nonce and its_at == at
    return head_length(text_length) if ours and text_length <= MOST_TEXT_BYTES else None


def decode(nonce: bytes, at: int, content: bytes) -> Head | None:
    """The head at place `at` of the segment with this nonce; None when it is not one, or not whole."""
    if wanted(nonce, at, content) is None:
        return None
    fixed = content[: _HEAD.size]
    _, _, _, size, finished, text_length, kind, sha256 = _HEAD.unpack(fixed)
    digest = content[_HEAD.size : _OVERHEAD]
    text = content[_OVERHEAD : _OVERHEAD + text_length]
    if len(text) != text_length or digest != hashlib.sha256(fixed + text).digest():
        return None
    return Head(
        at=at,
        size=size,
        sha256=sha256.hex(),
        finished_at=_EPOCH + timedelta(microseconds=finished),
        text=text,
        living=kind == LIVING,
    )
