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
    BadHeader,
    FinalUpload,
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

NEEDS = {
    "upload-defer-length": "creation-defer-length",
    "upload-concat": "concatenation",
    "upload-checksum": "checksum",
}
"""Headers of a creation that only an extension gives a meaning."""


def speaks_our_version(asked: Asked) -> None:
    """Core, Tus-Resumable: if the version is not supported, respond 412 and do not process."""
    if asked.request.headers.get("tus-resumable") != TUS_VERSION:
        raise UnsupportedVersion(f"Tus-Resumable must be {TUS_VERSION}")


def asks_only_what_is_offered(asked: Asked) -> None:
    """Creation and Concatenation: what a server supports it adds to Tus-Extension, and nothing else."""
    for name, extension in NEEDS.items():
        if name in asked.request.headers and extension not in asked.offer.extensions:
            raise NotOffered(f"{extension} is not offered")


def concatenates_sensibly(asked: Asked) -> None:
    """Concatenation, Upload-Concat: `partial`, or `final` with a semicolon and URLs."""
    headers.parse_concat(asked.request.headers)


def declares_length_or_defers(asked: Asked) -> None:
    """Creation, POST: MUST include Upload-Length or Upload-Defer-Length: 1; concatenation: a final none."""
    _, urls = headers.parse_concat(asked.request.headers)
    deferred = headers.parse_defer(asked.request.headers)
    if (deferred or urls) and "upload-length" in asked.request.headers:
        raise BadHeader("Upload-Length contradicts what is to be created")
    if not deferred and not urls:
        headers.parse_bytes(asked.request.headers, "upload-length")


def length_is_allowed(asked: Asked) -> None:
    """Creation, POST: a length above the maximum MUST be answered 413, whenever it is declared."""
    length = headers.parse_length(asked.request.headers)
    if length is not None and length > asked.offer.max_size:
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
    length, count = headers.parse_length(asked.request.headers), asked.request.body_length
    if length is not None and count is not None and count > length:
        raise LongerThanDeclared("Content-Length exceeds Upload-Length")


def final_has_no_body(asked: Asked) -> None:
    """Concatenation: a final upload consists of its parts and takes no bytes."""
    _, urls = headers.parse_concat(asked.request.headers)
    if urls and asked.request.has_body:
        raise FinalUpload


def checksum_is_offered(asked: Asked) -> None:
    """Checksum: if supported, the server MUST add it to Tus-Extension."""
    if "upload-checksum" in asked.request.headers and not asked.offer.algorithms:
        raise NotOffered("checksum is not offered")


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
    if text is not None:
        headers.parse_checksum(text, asked.offer.algorithms)


def trailer_is_possible(asked: Asked) -> None:
    """Checksum: trailers are only allowed in chunked transfers, and if the server can handle them."""
    if not headers.announces_checksum(asked.request.headers):
        return
    if "checksum-trailer" not in asked.offer.extensions:
        raise NotOffered("checksum-trailer is not offered")
    if asked.request.body_length is not None:
        raise BadHeader("a trailer needs a chunked body")


def termination_is_offered(asked: Asked) -> None:
    """Termination: only a store that can remove an upload offers it."""
    if "termination" not in asked.offer.extensions:
        raise NotOffered("termination is not offered")


POST: tuple[RequestRule, ...] = (
    speaks_our_version,
    asks_only_what_is_offered,
    concatenates_sensibly,
    declares_length_or_defers,
    length_is_allowed,
    metadata_is_readable,
    body_is_octet_stream,
    body_fits_declaration,
    final_has_no_body,
    checksum_is_usable,
    trailer_is_possible,
)
HEAD: tuple[RequestRule, ...] = (speaks_our_version,)
PATCH: tuple[RequestRule, ...] = (
    speaks_our_version,
    checksum_is_offered,
    is_octet_stream,
    names_offset,
    length_is_allowed,
    checksum_is_usable,
    trailer_is_possible,
)
DELETE: tuple[RequestRule, ...] = (speaks_our_version, termination_is_offered)
BY_METHOD = {"HEAD": HEAD, "PATCH": PATCH, "DELETE": DELETE}
"""The verbs of an upload's own URL."""
