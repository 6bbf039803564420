"""Requests of tus 1.0.0 whose rules have passed, read into the plain values operations take.

Next station: `uploads/operations.py`.
"""

from uploads.creation import Wanted
from uploads.headers import Checksum, parse_bytes, parse_checksum, parse_metadata
from uploads.model import Offer, Request


def wanted(request: Request) -> Wanted:
    """Creation, POST: what is to be created, and the headers that say who asks."""
    return Wanted(
        length=parse_bytes(request.headers, "upload-length"),
        metadata=parse_metadata(request.headers.get("upload-metadata", "")),
        authorization=request.headers.get("authorization"),
        cookie=request.headers.get("cookie"),
        origin=request.headers.get("origin"),
        host=request.headers.get("host"),
    )


def offset(request: Request) -> int:
    """Core, PATCH: where the body is meant to go."""
    return parse_bytes(request.headers, "upload-offset")


def checksum(request: Request, offer: Offer) -> Checksum | None:
    """Checksum: what the body must come to, None when nothing is said."""
    text = request.headers.get("upload-checksum")
    return None if text is None else parse_checksum(text, offer.algorithms)
