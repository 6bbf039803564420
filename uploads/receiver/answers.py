"""Answers as bytes (RFC 9112, 4 and 6): a status line, fields, a body of known length."""

from functools import lru_cache
from http import HTTPStatus

from uploads.model import Reply

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
BODILESS = frozenset({204, 304})
REASONS = {460: "Checksum Mismatch"}


def plain(status: int, text: str) -> Reply:
    """An answer of the receiver itself."""
    return Reply(status=status, headers={"Content-Type": "text/plain"}, body=text.encode())


HEALTHY = plain(200, "ok")
STOPPING = plain(503, "stopping")


def serialized(reply: Reply, *, method: str, close: bool) -> bytes:
    """The bytes of an answer to `method`; `close` says that the connection ends with it."""
    lines = [_status_line(reply.status)]
    lines += [f"{name}: {value}\r\n" for name, value in reply.headers.items()]
    lines += [f"{name}: {value}\r\n" for name, value in reply.repeated]
    if reply.status not in BODILESS and not _has_length(reply):
        lines.append(f"Content-Length: {len(reply.body)}\r\n")
    if close:
        lines.append("Connection: close\r\n")
    lines.append("\r\n")
    head = "".join(lines)
    # A line break in a value would be an answer within the answer.
    if not head.count("\n") == head.count("\r") == len(lines):
        raise ValueError("a field of an answer holds a line break")
    body = b"" if method == "HEAD" or reply.status in BODILESS else reply.body
    return head.encode("latin-1") + body


def _has_length(reply: Reply) -> bool:
    named = (*reply.headers, *(name for name, _ in reply.repeated))
    return any(name.lower() == "content-length" for name in named)


@lru_cache(64)
def _status_line(status: int) -> str:
    try:
        reason = REASONS.get(status) or HTTPStatus(status).phrase
    except ValueError:
        reason = ""
    return f"HTTP/1.1 {status} {reason}\r\n"
