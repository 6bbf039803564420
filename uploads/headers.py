"""The header fields of tus 1.0.0: parse, format, refuse. Pure functions over text.

Next station: `uploads/rules.py`.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from types import MappingProxyType

from uploads.errors import BadHeader, BadMetadata, UnknownAlgorithm

OFFSET_OCTET_STREAM = "application/offset+octet-stream"
METADATA_LIMIT = 4096
PARTIAL, FINAL = "partial", "final;"
RESERVED_METADATA = "sipol-"
"""Keys with this beginning are ours, in the description beside the client's."""

_DIGITS = re.compile(r"[0-9]{1,18}")
_WEIGHT = re.compile(r"q\s*=\s*([01](?:\.[0-9]{0,3})?)")
_METADATA_KEY = re.compile(r"[!-+\-.-~]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checksum:
    """An Upload-Checksum: hashlib's name of the algorithm and the expected digest."""

    algorithm: str
    digest: bytes


def parse_bytes(headers: Mapping[str, str], name: str) -> int:
    """A non-negative number of bytes (tus 1.0.0 core, Upload-Offset and Upload-Length).

    Raises BadHeader when the field is missing or anything but ASCII digits.
    """
    text = headers.get(name)
    if text is None:
        raise BadHeader(f"{name} is missing")
    if _DIGITS.fullmatch(text) is None:
        raise BadHeader(f"{name} is not a non-negative integer")
    return int(text)


def parse_length(headers: Mapping[str, str]) -> int | None:
    """Upload-Length where it may be missing. Raises BadHeader."""
    return parse_bytes(headers, "upload-length") if "upload-length" in headers else None


def parse_defer(headers: Mapping[str, str]) -> bool:
    """Upload-Defer-Length (tus 1.0.0 creation): 1, or it is not there. Raises BadHeader."""
    text = headers.get("upload-defer-length")
    if text not in (None, "1"):
        raise BadHeader("Upload-Defer-Length is not 1")
    return text is not None


def parse_concat(headers: Mapping[str, str]) -> tuple[bool, str]:
    """Upload-Concat (tus 1.0.0 concatenation): whether `partial`, else the URLs behind `final;`.

    Neither without the field. Raises BadHeader.
    """
    text = headers.get("upload-concat")
    if text is None:
        return False, ""
    if text == PARTIAL:
        return True, ""
    if not text.startswith(FINAL) or not text.removeprefix(FINAL).strip():
        raise BadHeader("Upload-Concat is neither partial nor final with URLs")
    return False, text.removeprefix(FINAL)


@lru_cache(maxsize=16)
def parse_metadata(text: str) -> Mapping[str, str]:
    """Upload-Metadata (tus 1.0.0 creation): pairs separated by commas, key and base64 by a space.

    Keys are ASCII without spaces or commas and unique; values are UTF-8; a missing value is empty; an
    empty field, as one client sends, is no metadata. Raises BadMetadata.

    Remembered for a moment: a rule asks whether it can be read, and then it is read.
    """
    if len(text) > METADATA_LIMIT:
        raise BadMetadata("Upload-Metadata is too long")
    found: dict[str, str] = {}
    for pair in text.split(",") if text.strip() else ():
        key, _, encoded = pair.strip().partition(" ")
        if _METADATA_KEY.fullmatch(key) is None:
            raise BadMetadata("a key of Upload-Metadata is empty or not plain ASCII")
        if key in found or key.startswith(RESERVED_METADATA):
            raise BadMetadata("a key of Upload-Metadata is repeated or reserved")
        try:
            value = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
        except ValueError:  # of base64, of UTF-8, or characters that are not ASCII
            raise BadMetadata("a value of Upload-Metadata is not base64 of UTF-8") from None
        if "\x00" in value:
            raise BadMetadata("a value of Upload-Metadata contains a null byte")
        found[key] = value
    return MappingProxyType(found)


def format_metadata(metadata: Mapping[str, str]) -> str:
    """The inverse of `parse_metadata`; keys in their order, an empty value as a bare key."""
    pairs = []
    for key, value in metadata.items():
        encoded = base64.b64encode(value.encode()).decode()
        pairs.append(f"{key} {encoded}" if encoded else key)
    return ",".join(pairs)


def parse_checksum(text: str, algorithms: tuple[str, ...]) -> Checksum:
    """Upload-Checksum (tus 1.0.0 checksum): algorithm, a space, the base64 digest.

    Raises UnknownAlgorithm for one not in `algorithms`, BadHeader for a digest that cannot be one.
    """
    algorithm, _, encoded = text.strip().partition(" ")
    if algorithm not in algorithms:
        raise UnknownAlgorithm("supported: " + ", ".join(algorithms))
    try:
        digest = base64.b64decode(encoded.strip(), validate=True)
    except ValueError:
        raise BadHeader("the digest of Upload-Checksum is not base64") from None
    if len(digest) != hashlib.new(algorithm, usedforsecurity=False).digest_size:
        raise BadHeader("the digest of Upload-Checksum has the wrong length")
    return Checksum(algorithm=algorithm, digest=digest)


def announces_checksum(headers: Mapping[str, str]) -> bool:
    """Whether Upload-Checksum comes as a trailer (tus 1.0.0 checksum: MUST be announced by Trailer)."""
    announced = headers.get("trailer")
    if announced is None:
        return False
    return "upload-checksum" in (name.strip() for name in announced.lower().split(","))


def is_offset_octet_stream(headers: Mapping[str, str]) -> bool:
    """Whether Content-Type is tus's, parameters aside (tus 1.0.0 core, PATCH)."""
    media_type = headers.get("content-type", "").partition(";")[0]
    return media_type.strip().lower() == OFFSET_OCTET_STREAM


@lru_cache(maxsize=64)
def prefers_english(text: str) -> bool:
    """Accept-Language (RFC 9110, 12.5.4): whether English is wanted more than Indonesian.

    Indonesian is for everybody else, and for clients that say nothing, as most do.
    """
    wanted = {"en": 0.0, "id": 0.0}
    for each in text.lower().split(","):
        tag, _, weight = each.partition(";")
        language = tag.strip().partition("-")[0]
        if language in wanted:
            wanted[language] = max(wanted[language], _weight(weight))
    return wanted["en"] > wanted["id"]


def _weight(text: str) -> float:
    found = _WEIGHT.fullmatch(text.strip())
    return float(found[1]) if found else 1.0


def format_expires(moment: datetime) -> str:
    """Upload-Expires (tus 1.0.0 expiration): an HTTP date; `moment` is aware UTC."""
    return format_datetime(moment, usegmt=True)
