"""Upload-Metadata, read once: what a sender says a file is and what it is for.

The words are fixed (README, "tus"): `filename`, `filetype`, `purpose`, `requirement`, `region`, and
optionally `election`, `sha256`, `fingerprint`, `corrects`, `batch`. Keys beyond these are left
alone, because other tus clients send their own. A file's name is a label; no path is made from it.

Next station: `portal/intake.py` judges it against the process and the quota.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from uploads.errors import CreationRefused
from verification.models.process import Purpose

LONGEST_NAME = 255
_CONTROL = {"Cc", "Cs", "Zl", "Zp"}

PDF, JPEG, PNG = "application/pdf", "image/jpeg", "image/png"
CSV, ZIP = "text/csv", "application/zip"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_BY_EXTENSION = {
    ".pdf": PDF,
    ".jpg": JPEG,
    ".jpeg": JPEG,
    ".png": PNG,
    ".csv": CSV,
    ".xlsx": XLSX,
    ".zip": ZIP,
}
_ALIASES = {
    "application/x-pdf": PDF,
    "image/jpg": JPEG,
    "image/pjpeg": JPEG,
    "image/x-png": PNG,
    "application/csv": CSV,
    "text/x-csv": CSV,
    "application/x-zip-compressed": ZIP,
    "application/x-zip": ZIP,
    "multipart/x-zip": ZIP,
}
# What browsers and systems say when they do not know; Windows with Excel calls a CSV ms-excel.
_VAGUE = {"", "application/octet-stream", "application/vnd.ms-excel", "text/plain"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A creation as its sender describes it; well-formed, not yet allowed.

    `media_type` is what type and name together declare, None when they tell nothing; the worker
    decides by parsing what the file really is.
    """

    filename: str = field(repr=False)
    media_type: str | None
    purpose: Purpose
    requirement: str
    region: str
    election: str | None
    fingerprint: str | None
    corrects: str | None
    batch: str | None

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> Wanted:
        """Raises CreationRefused 400 naming the field that is missing or does not fit."""
        filename = _filename(metadata)
        _matching(metadata, "sha256", "[0-9A-Fa-f]{64}")
        return cls(
            filename=filename,
            media_type=declared_type(filename, metadata.get("filetype", "")),
            purpose=_purpose(metadata),
            requirement=_required(metadata, "requirement", "[a-z0-9][a-z0-9-]{0,39}"),
            region=_required(metadata, "region", r"ID|[0-9]{2}(\.[0-9]{2}){0,2}"),
            election=_matching(metadata, "election", "[a-z0-9][a-z0-9-]{0,39}"),
            fingerprint=_matching(metadata, "fingerprint", "[0-9A-Za-z_-]{1,64}"),
            corrects=_matching(metadata, "corrects", "[0-9a-f]{32}"),
            batch=_matching(metadata, "batch", r"[0-9A-Za-z_.-]{1,64}"),
        )


def declared_type(filename: str, filetype: str) -> str | None:
    """The media type a name and a `filetype` declare together; None when neither tells."""
    stated = filetype.partition(";")[0].strip().lower()
    if stated in _VAGUE:
        return _BY_EXTENSION.get(PurePosixPath(filename).suffix.lower())
    return _ALIASES.get(stated, stated)


def _filename(metadata: Mapping[str, str]) -> str:
    name = metadata.get("filename", "").strip()
    if not name:
        raise _refused("filename", "nama berkas tidak ada", "there is no file name")
    if len(name) > LONGEST_NAME:
        raise _refused(
            "filename",
            f"nama berkas lebih dari {LONGEST_NAME} huruf",
            f"the file name is longer than {LONGEST_NAME} letters",
        )
    if any(unicodedata.category(sign) in _CONTROL for sign in name):
        raise _refused(
            "filename",
            "nama berkas memuat tanda yang tidak dapat dicetak",
            "the file name holds signs that cannot be printed",
        )
    return name


def _purpose(metadata: Mapping[str, str]) -> Purpose:
    try:
        return Purpose(metadata.get("purpose", ""))
    except ValueError:
        raise _refused(
            "purpose",
            "isi dengan document, roster, atau scans",
            "it is one of document, roster and scans",
        ) from None


def _required(metadata: Mapping[str, str], key: str, pattern: str) -> str:
    value = _matching(metadata, key, pattern)
    if value is None:
        raise _refused(key, "belum diisi", "it is missing")
    return value


def _matching(metadata: Mapping[str, str], key: str, pattern: str) -> str | None:
    value = metadata.get(key, "")
    if value and re.fullmatch(pattern, value) is None:
        raise _refused(key, "bentuknya tidak sesuai", "it does not have the right form")
    return value or None


def _refused(key: str, why: str, english: str) -> CreationRefused:
    return CreationRefused(
        400,
        "bad_metadata",
        f"Keterangan berkas «{key}» tidak dapat diterima: {why}.",
        f"The description of the file cannot be accepted, “{key}”: {english}.",
    )
