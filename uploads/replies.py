"""Answers in the words of HTTP: every one carries the protocol's version, refusals are RFC 9457 problems.

Next station: the receiver, `uploads/receiver/exchange.py`, sends them.
"""

import json

from uploads.errors import Refusal
from uploads.headers import format_expires, format_metadata
from uploads.model import TUS_VERSION, Offer, Reply, Upload

HEAD_STATUSES = frozenset({200, 404, 410, 412, 423})


def reply(status: int, fields: dict[str, str], body: bytes = b"") -> Reply:
    """An answer with Tus-Resumable (tus 1.0.0 core: in every response)."""
    return Reply(status=status, headers={"Tus-Resumable": TUS_VERSION} | fields, body=body)


def refused(method: str, refusal: Refusal, *, english: bool = False) -> Reply:
    """A problem whose title is the sentence for people; a HEAD gets 423 for whatever passes.

    Clients begin again from the first byte after any other failed HEAD (design, "Clients decide").
    """
    status, code, sentence = refusal.answer(english=english)
    fields = refusal.headers()
    if method == "HEAD":
        if status not in HEAD_STATUSES:
            status, fields = 423, {"Retry-After": "1"} | fields
        return reply(status, fields)
    problem = {
        "type": "about:blank",
        "title": sentence,
        "status": status,
        "code": code,
        "detail": refusal.detail,
    }
    text = json.dumps(problem, ensure_ascii=False).encode()
    return reply(status, {"Content-Type": "application/problem+json"} | fields, text)


def offered(offer: Offer) -> Reply:
    """Core, OPTIONS: version, extensions, maximum; checksum: its algorithms."""
    fields = {
        "Tus-Version": TUS_VERSION,
        "Tus-Extension": ",".join(offer.extensions),
        "Tus-Max-Size": str(offer.max_size),
    }
    if offer.algorithms:
        fields["Tus-Checksum-Algorithm"] = ",".join(offer.algorithms)
    return reply(204, fields)


def state_of(upload: Upload, concat: str | None) -> dict[str, str]:
    """Core, HEAD: offset and length, never cached; creation: metadata as they were sent, or the deferral.

    Concatenation: `concat` as it was received; no offset before a final upload is joined.
    """
    fields = {"Cache-Control": "no-store"}
    if not upload.parts or upload.finished:
        fields["Upload-Offset"] = str(upload.offset)
    if upload.length is not None:
        fields["Upload-Length"] = str(upload.length)
    elif not upload.parts:
        fields["Upload-Defer-Length"] = "1"
    if upload.metadata:
        fields["Upload-Metadata"] = format_metadata(upload.metadata)
    if concat is not None:
        fields["Upload-Concat"] = concat
    return fields | expires(upload)


def expires(upload: Upload) -> dict[str, str]:
    """Expiration: Upload-Expires as long as the upload can expire."""
    return {} if not upload.perishable else {"Upload-Expires": format_expires(upload.expires_at)}
