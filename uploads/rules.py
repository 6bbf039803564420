"""What tus 1.0.0 requires of a request, each as one small function, and each verb as the list of them.

A rule returns or raises a Refusal; the first refusal is the answer, so the order is part of the contract.
They are judged before the upload is taken; what the upload itself must be like is
`uploads/conditions.py`. Nothing is stored before both have passed ("Refuse before the first byte").

Next station: `uploads/server.py` runs the lists and calls `uploads/operations.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from uploads import headers
from uploads.errors import (
    LongerThanDeclared,
    NotOffered,
    TooLarge,
    UnsupportedContentType,
    UnsupportedVersion,
)
from uploads.model import TUS_VERSION, Offer, Request


@dataclass(frozen=True, slots=True)
class Asked:
    """A request before its upload is taken, and what may be asked for."""

    request: Request
    offer: Offer


RequestRule = Callable[[Asked], None]


def speaks_our_version(asked: Asked) -> None:
    """Core, Tus-Resumable: if the version is not supported, respond 412 and do not process."""
    if asked.request.headers.get("tus-resumable") != TUS_VERSION:
        raise UnsupportedVersion(f"Tus-Resumable must be {TUS_VERSION}")


def asks_only_what_is_offered(asked: Asked) -> None:
    """Creation, Upload-Defer-Length and Concatenation, Upload-Concat: extensions not advertised."""
    if "upload-defer-length" in asked.request.headers:
        raise NotOffered("creation-defer-length is not offered")
    if "upload-concat" in asked.request.headers:
        raise NotOffered("concatenation is not offered")


def declares_length(asked: Asked) -> None:
    """Creation, POST: the request MUST include Upload-Length, a non-negative integer."""
    headers.parse_bytes(asked.request.headers, "upload-length")


def length_is_allowed(asked: Asked) -> None:
    """Creation, POST: a length above the maximum MUST be answered 413."""
    if headers.parse_bytes(asked.request.headers, "upload-length") > asked.offer.max_size:
        raise TooLarge(f"the maximum is {asked.offer.max_size} bytes")


def metadata_is_readable(asked: Asked) -> None:
    """Creation, Upload-Metadata: comma-separated pairs, ASCII keys, base64 values."""
    headers.parse_metadata(asked.request.headers.get("upload-metadata", ""))


def body_is_octet_stream(asked: Asked) -> None:
    """Creation With Upload: the body comes as application/offset+octet-stream."""
    if asked.request.has_body and not headers.is_offset_octet_stream(asked.request.headers):
        raise UnsupportedContentType(f"a body must be {headers.OFFSET_OCTET_STREAM}")


def body_fits_declaration(asked: Asked) -> None:
    """Creation With Upload: no more bytes than Upload-Length."""
    length = headers.parse_bytes(asked.request.headers, "upload-length")
    if asked.request.body_length is not None and asked.request.body_length > length:
        raise LongerThanDeclared("Content-Length exceeds Upload-Length")


def is_octet_stream(asked: Asked) -> None:
    """Core, PATCH: all requests MUST use application/offset+octet-stream, otherwise 415."""
    if not headers.is_offset_octet_stream(asked.request.headers):
        raise UnsupportedContentType(f"Content-Type must be {headers.OFFSET_OCTET_STREAM}")


def names_offset(asked: Asked) -> None:
    """Core, PATCH: the request MUST include Upload-Offset, a non-negative integer."""
    headers.parse_bytes(asked.request.headers, "upload-offset")


def checksum_is_usable(asked: Asked) -> None:
    """Checksum, Upload-Checksum: an algorithm that is not supported is answered 400."""
    text = asked.request.headers.get("upload-checksum")
    if text is None:
        return
    if not asked.offer.algorithms:
        raise NotOffered("checksum is not offered")
    headers.parse_checksum(text, asked.offer.algorithms)


def termination_is_offered(asked: Asked) -> None:
    """Termination: only a store that can remove an upload offers it."""
    if "termination" not in asked.offer.extensions:
        raise NotOffered("termination is not offered")


POST: tuple[RequestRule, ...] = (
    speaks_our_version,
    asks_only_what_is_offered,
    declares_length,
    length_is_allowed,
    metadata_is_readable,
    body_is_octet_stream,
    body_fits_declaration,
    checksum_is_usable,
)
HEAD: tuple[RequestRule, ...] = (speaks_our_version,)
PATCH: tuple[RequestRule, ...] = (
    speaks_our_version,
    is_octet_stream,
    names_offset,
    checksum_is_usable,
)
DELETE: tuple[RequestRule, ...] = (speaks_our_version, termination_is_offered)
BY_METHOD = {"HEAD": HEAD, "PATCH": PATCH, "DELETE": DELETE}
"""The verbs of an upload's own URL."""
