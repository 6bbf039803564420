"""What a file looks like from its first bytes: which parser to ask, and what to call the rest.

A first glance, not a judgement: magic numbers are easily forged. What this calls a PDF is a PDF
only once pdfium has opened it behind the walls; what it calls anything else is named to the party.

Next station: ``verification/checks/arrived.py``.
"""

from __future__ import annotations

HEAD = 4096
"""Bytes needed for the glance."""

DOCUMENT_KINDS = frozenset({"pdf", "jpeg", "png"})
SUFFIXES = {
    "pdf": frozenset({"pdf"}),
    "jpeg": frozenset({"jpg", "jpeg", "jpe", "jfif"}),
    "png": frozenset({"png"}),
    "zip": frozenset({"zip"}),
}

_ZIP = b"PK\x03\x04"
_STARTS = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "office"),
    (b"{\\rtf", "office"),
    (b"Rar!", "archive"),
    (b"7z\xbc\xaf\x27\x1c", "archive"),
    (b"\x1f\x8b", "archive"),
    (b"GIF8", "image"),
    (b"II*\0", "image"),
    (b"MM\0*", "image"),
    (b"BM", "image"),
)
_OFFICE_ENTRIES = (b"[Content_Types].xml", b"word/", b"xl/", b"ppt/", b"mimetype")
_HEIF_BRANDS = (b"heic", b"heix", b"mif1", b"msf1", b"hevc", b"avif")
_HTML_STARTS = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<?xml")
_PDF_WITHIN = 1024  # readers accept the header this late; scanners put junk before it


def glance(head: bytes) -> str:
    """``pdf jpeg png zip office archive heic image html text empty unknown``, from ``head``."""
    if not head:
        return "empty"
    if head.startswith(_ZIP):
        # The name of the first entry follows a fixed header of 30 bytes.
        return "office" if head[30:].startswith(_OFFICE_ENTRIES) else "zip"
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if head[4:8] == b"ftyp":
        return "heic" if head[8:12] in _HEIF_BRANDS else "unknown"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image"
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_HTML_STARTS):
        return "html"
    if b"%PDF-" in head[:_PDF_WITHIN]:
        return "pdf"
    return "unknown" if _has_control_signs(head) else "text"


def suffix_fits(suffix: str, kind: str) -> bool:
    """Whether a file name's ending (without dot) says what the file is. No ending says nothing."""
    return not suffix or suffix.lower() in SUFFIXES.get(kind, frozenset())


def _has_control_signs(head: bytes) -> bool:
    return any(sign < 32 and sign not in b"\t\n\r\f\x1b" for sign in head)
