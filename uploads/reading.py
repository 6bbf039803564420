"""Requests of tus 1.0.0 whose rules have passed, read into the plain values operations take.

Next station: `uploads/operations.py`.
"""

import re
from collections.abc import Sequence
from urllib.parse import unquote

from uploads.body import Body
from uploads.capability import PREFIX, id_from_path, path_for
from uploads.checksums import Awaited, Expected
from uploads.creation import Wanted
from uploads.errors import BadHeader, UnknownPart
from uploads.headers import (
    FINAL,
    PARTIAL,
    Checksum,
    announces_checksum,
    parse_bytes,
    parse_checksum,
    parse_concat,
    parse_length,
    parse_metadata,
)
from uploads.model import Offer, Request, Upload

_KEY = re.compile(r"(?<=[0-9a-f]{32})(?:~|%7[Ee])[0-9a-f]{32}(?=\s|$)")


def wanted(request: Request, secret: bytes) -> Wanted:
    """Creation, POST: what is to be created, and the headers that say who asks. Raises UnknownPart."""
    partial, urls = parse_concat(request.headers)
    return Wanted(
        length=parse_length(request.headers),
        metadata=parse_metadata(request.headers.get("upload-metadata", "")),
        partial=partial,
        parts=tuple(_part(url, secret) for url in urls.split()),
        joined_as=_KEY.sub("", urls),
        authorization=request.headers.get("authorization"),
        cookie=request.headers.get("cookie"),
        origin=request.headers.get("origin"),
        host=request.headers.get("host"),
    )


def _part(url: str, secret: bytes) -> str:
    """Concatenation, Upload-Concat: URLs may be absolute or relative; their key is what counts."""
    before, _, last = url.rpartition("/")
    upload_id = id_from_path(secret, PREFIX + unquote(last))
    if upload_id is None or "~" in unquote(before):
        raise UnknownPart("a URL of Upload-Concat is not that of an upload")
    return upload_id


def concat_of(upload: Upload, secret: bytes) -> str | None:
    """Upload-Concat as it was received; the keys, which are stored nowhere, are put back."""
    if upload.partial:
        return PARTIAL
    if not upload.parts:
        return None
    return FINAL + _any_of(upload.parts).sub(
        lambda found: path_for(secret, found[0]).removeprefix(PREFIX), upload.joined_as
    )


def _any_of(ids: Sequence[str]) -> re.Pattern[str]:
    return re.compile(f"(?:{'|'.join(ids)})(?=\\s|$)")


def offset(request: Request) -> int:
    """Core, PATCH: where the body is meant to go."""
    return parse_bytes(request.headers, "upload-offset")


def length(request: Request) -> int | None:
    """Creation, POST: a length that was deferred comes with a PATCH."""
    return parse_length(request.headers)


def checksum(request: Request, body: Body, offer: Offer) -> Expected | None:
    """Checksum: what the body must come to, said before it or announced to come behind it; or None."""
    text = request.headers.get("upload-checksum")
    if text is not None:
        return parse_checksum(text, offer.algorithms)
    if not announces_checksum(request.headers):
        return None
    return Awaited(offer.algorithms, lambda: _behind(body, offer))


def _behind(body: Body, offer: Offer) -> Checksum:
    text = body.trailers.get("upload-checksum")
    if text is None:
        raise BadHeader("the announced Upload-Checksum did not come")
    return parse_checksum(text, offer.algorithms)
