"""The head of a request: a strict gate for what two parsers could read in two ways, then llhttp.

RFC 9112 lets a server repair many things; each of them has let a request be smuggled past some proxy. Here
everything that is not plainly right is refused: bare CR or LF, folded lines, white space before a colon,
control characters, Content-Length beside Transfer-Encoding or twice or not digits, any coding but chunked.

Next station: `uploads/receiver/connection.py` receives the body.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

import httptools

from uploads.model import Request

HEAD_BYTES = 32 * 1024
HEAD_FIELDS = 100
END = b"\r\n\r\n"

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_LINE = _TOKEN + rb":[\t\x20-\x7e\x80-\xff]*\r\n"
_HEAD = re.compile(
    _TOKEN + rb" [!-~]+ HTTP/1\.[01]\r\n(?:" + _LINE + rb")*+\r\n"
)  # fmt: skip
_FIELDS = re.compile(rb"(?:" + _LINE + rb")*+\r\n")
_LENGTH = re.compile(r"[0-9]{1,18}")
_ABSOLUTE = re.compile(r"https?://([^/?#@]+)(/[^#]*|\?[^#]*|)", re.IGNORECASE)
_KNOWN: dict[bytes, str] = {}
_KNOWN_AT_MOST = 512
_ALIKE = frozenset(
    {
        "accept", "accept-encoding", "accept-language", "connection", "content-type", "host",
        "origin", "tus-resumable", "upload-length", "upload-offset", "user-agent", "x-forwarded-for",
        "x-forwarded-proto",
    }
)  # fmt: skip
"""Fields of no secret in which many requests say the same: one string serves them all."""
FRAMING = frozenset(
    {"content-length", "transfer-encoding", "host", "trailer", "content-encoding", "connection"}
)
"""Fields that may not stand in a trailer (RFC 9110, 6.5.1), as far as they would matter here."""


class BadHead(Exception):
    """A head that is refused; the connection closes after the answer. `status`: 400, 417 or 431."""

    def __init__(self, status: int = 400) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True)
class Head:
    """A request and what its line has to know."""

    request: Request
    keep_alive: bool
    expects: bool
    """Expect: 100-continue: the body comes when it is asked for, or later."""


class _Fields:
    """What httptools calls back."""

    __slots__ = ("fields", "target")

    def __init__(self) -> None:
        self.target = b""
        self.fields: list[tuple[bytes, bytes]] = []

    def on_url(self, part: bytes) -> None:
        self.target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name, value))


def parse(head: bytes, client: str = "") -> Head:
    """A whole head, up to and with its empty line. Raises BadHead.

    `client`: the address of the other side, where it has one.
    """
    if _HEAD.fullmatch(head) is None:
        raise BadHead
    found = _Fields()
    parser = httptools.HttpRequestParser(found)
    try:
        parser.feed_data(head)
    except httptools.HttpParserUpgrade:
        # An offer to speak something else; it is not taken up (RFC 9110, 7.8).
        pass
    except httptools.HttpParserError:
        raise BadHead from None
    version = parser.get_http_version()
    # Another protocol's connections, and a count that two readings of the head must agree on.
    if parser.get_method() == b"CONNECT" or len(found.fields) != head.count(b"\r\n") - 2:
        raise BadHead
    if len(found.fields) > HEAD_FIELDS:
        raise BadHead(431)
    fields = _joined(found.fields)
    method = parser.get_method().decode("ascii")
    path, query, host = _target(method, found.target.decode("ascii"))
    if host:
        # RFC 9112, 3.2.2: the host of an absolute target replaces the field.
        fields["host"] = host
    elif version == "1.1" and "host" not in fields:
        raise BadHead
    request = Request(
        method=method,
        path=path,
        headers=fields,
        body_length=_body_length(fields, version),
        query=query,
        client=client,
    )
    return Head(request, _keeps_alive(fields, version), _expects(fields, version))


def parse_trailers(section: bytes) -> Mapping[str, str]:
    """The fields after the last chunk, with their empty line; by lower-case name. Raises BadHead."""
    if _FIELDS.fullmatch(section) is None:
        raise BadHead
    lines = section.split(b"\r\n")[:-2]
    if len(lines) > HEAD_FIELDS:
        raise BadHead(431)
    pairs = []
    for line in lines:
        name, _, value = line.partition(b":")
        pairs.append((name, value.strip(b" \t")))
    fields = _joined(pairs)
    if FRAMING & fields.keys():
        raise BadHead
    return fields


def _joined(pairs: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """By lower-case name; a repeated field is joined as HTTP joins lists, Cookie by semicolons."""
    found: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name = _name(raw_name)
        value = _alike(raw_value) if name in _ALIKE else _decoded(raw_value)
        if name not in found:
            found[name] = value
        elif name in ("content-length", "transfer-encoding", "host"):
            raise BadHead
        else:
            found[name] += ("; " if name == "cookie" else ", ") + value
    return found


def _decoded(raw: bytes) -> str:
    return raw.decode("latin-1").rstrip(" \t")


_alike = lru_cache(1024)(_decoded)


def _name(raw: bytes) -> str:
    """One string for each name, however many requests carry it."""
    name = _KNOWN.get(raw)
    if name is None:
        name = raw.decode("ascii").lower()
        if len(_KNOWN) < _KNOWN_AT_MOST:
            _KNOWN[raw] = name
    return name


def _target(method: str, target: str) -> tuple[str, str, str]:
    """Path (decoded), query and host of a request target (RFC 9112, 3.2). Raises BadHead."""
    host = ""
    if target == "*":
        if method != "OPTIONS":
            raise BadHead
        return target, "", ""
    if not target.startswith("/"):
        absolute = _ABSOLUTE.fullmatch(target)
        if absolute is None:
            raise BadHead
        host, target = absolute.group(1), absolute.group(2)
        if not target.startswith("/"):
            target = "/" + target
    if "#" in target:
        raise BadHead
    path, _, query = target.partition("?")
    return unquote(path) if "%" in path else path, query, host


def _body_length(fields: Mapping[str, str], version: str) -> int | None:
    """Content-Length, None for a chunked body (RFC 9112, 6.3). Raises BadHead."""
    coding, length = fields.get("transfer-encoding"), fields.get("content-length")
    if coding is not None:
        if length is not None or version != "1.1" or coding.lower() != "chunked":
            raise BadHead
        return None
    if length is None:
        return 0
    if _LENGTH.fullmatch(length) is None:
        raise BadHead
    return int(length)


def _keeps_alive(fields: Mapping[str, str], version: str) -> bool:
    options = fields.get("connection", "")
    return version == "1.1" and "close" not in (
        option.strip().lower() for option in options.split(",")
    )


def _expects(fields: Mapping[str, str], version: str) -> bool:
    expectation = fields.get("expect")
    if expectation is None or version != "1.1":
        return False
    if expectation.lower() != "100-continue":
        raise BadHead(417)
    return True
