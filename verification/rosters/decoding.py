"""Bytes of a CSV → UTF-8 text whose lines end in LF or CRLF, or a refusal with the reason.

UTF-8 with and without BOM, UTF-16, and cp1252 as Excel still writes it. A file that is mostly
UTF-8 stays UTF-8: the few bad characters become U+FFFD, and their rows are refused one by one.

Next station: `verification.rosters.lines`.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from verification.sandbox.job import Refuse

LOOK = 65_536
REPLACED = "\ufffd"
_BINARY = bytes(set(range(32)) - {9, 10, 12, 13, 26, 27})
# At most this share of control characters in what still counts as text.
_MOST_BINARY = 0.005
_KNOWN = (
    (b"%PDF-", "PDF"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"\xd0\xcf\x11\xe0", "XLS"),
    (b"{\\rtf", "RTF"),
    (b"<!DOCTYPE", "HTML"),
    (b"<html", "HTML"),
    (b"<?xml", "XML"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """UTF-8 bytes whose lines end in LF or CRLF, and the encoding they came in."""

    data: bytes
    encoding: str


def refuse_known_types(head: bytes) -> None:
    """Raises Refuse when the file is plainly something else, however it is called."""
    for magic, kind in _KNOWN:
        if head[: len(magic)].lower() == magic.lower():
            if kind == "XLS":
                raise Refuse("list.old_excel")
            raise Refuse("list.other_type", found=kind)


def decode(data: bytes) -> Text:
    """Raises Refuse `list.not_text` when the bytes are no text in any encoding we read."""
    encoding = _encoding(data)
    if encoding == "utf-8":
        text = data.removeprefix(codecs.BOM_UTF8)
        if not _valid(text):
            text, encoding = _repaired(text, has_bom=len(text) < len(data))
    else:
        text = data.decode(encoding, errors="replace").removeprefix("\ufeff").encode()
    return Text(data=_line_ends(text), encoding=encoding)


def _encoding(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    head = data[:LOOK]
    if wide := _wide(head):
        return wide
    for part in (head, data[len(data) // 2 :][:LOOK], data[-LOOK:]):
        if len(part) - len(part.translate(None, _BINARY)) > len(part) * _MOST_BINARY:
            raise Refuse("list.not_text")
    return "utf-8"


def _wide(head: bytes) -> str | None:
    """UTF-16 without a mark: nearly every other byte of Latin text is NUL."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if half and odd > 0.7 * half and even < 0.1 * half:
        return "utf-16-le"
    if half and even > 0.7 * half and odd < 0.1 * half:
        return "utf-16-be"
    return None


def _valid(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _repaired(data: bytes, *, has_bom: bool) -> tuple[bytes, str]:
    """Mostly UTF-8 with a few bad bytes, or cp1252 whose letters merely look bad."""
    text = data.decode(errors="replace")
    bad = text.count(REPLACED)
    if has_bom or _beyond_ascii(text) > 2 * bad:
        return text.encode(), "utf-8"
    return data.decode("cp1252", errors="replace").encode(), "cp1252"


def _beyond_ascii(text: str) -> int:
    return len(text) - len(text.encode("ascii", errors="ignore"))


def _line_ends(data: bytes) -> bytes:
    """Old Macintosh files end their lines in CR, and a LF in them stands inside a cell."""
    head = data[:LOOK]
    alone = head.count(b"\r") - head.count(b"\r\n")
    return data.replace(b"\r", b"\n") if alone > head.count(b"\n") else data
