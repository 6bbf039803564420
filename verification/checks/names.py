"""What a scan's file name says: which card it is, and whose.

Parties name scans by number: ``KTP_3273….jpg``, ``3273…/kta.png``, ``KTA P01-00003112 (2).jpg``. The
folders inside an archive count as well. Numbers found here are personal data: they pair a picture
with a row of the member list and go nowhere else.

Next station: ``verification/checks/scans.py``; then the member list's importer pairs them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum

_NIK = re.compile(r"(?<!\d)\d{16}(?!\d)")
_DIGITS = re.compile(r"\d(?:[ .\-]?\d)*")
_BROKEN_UP = re.compile(r"(?<=\d)[ .\-](?=\d)")
_COPY = re.compile(r"\(\d{1,3}\)|\bcopy\b|\bsalinan\b", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z]+")
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9.\-/]*")
_LEAST_DIGITS, _LONGEST = 3, 32
_NIK_DIGITS = 16
_CARD_DIGITS = 12
_CAMERA = re.compile(r"(img|dsc|dscn|scan|foto|photo|wa|image|pxl)[-\d.]*", re.IGNORECASE)


class CardKind(Enum):
    """The electronic identity card, the party's card, the family card."""

    KTP = "ktp"
    KTA = "kta"
    KK = "kk"
    UNKNOWN = "unknown"


_KINDS = {
    "ktp": CardKind.KTP,
    "ektp": CardKind.KTP,
    "kta": CardKind.KTA,
    "kk": CardKind.KK,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanName:
    """``nik`` is sixteen digits, ``kta`` a membership number as written, upper case."""

    kind: CardKind
    nik: str | None = field(default=None, repr=False)
    kta: str | None = field(default=None, repr=False)


def read_name(name: str) -> ScanName:
    """Read a path inside an archive, or a file name. The part nearest to the picture wins."""
    parts = [part for part in re.split(r"[/\\]", name) if part]
    if parts:
        parts[-1] = re.sub(r"\.[A-Za-z]{3,4}$", "", parts[-1])
    parts.reverse()
    kind = next((kind for part in parts if (kind := _kind(part))), CardKind.UNKNOWN)
    nik = next((nik for part in parts if (nik := _nik(part))), None)
    kta = _kta(parts, nik)
    # An identity card may be named by its member's card; a NIK with a wrong digit is no card number.
    if kind in (CardKind.KTP, CardKind.KK) and (nik or len(_digits(kta or "")) > _CARD_DIGITS):
        kta = None
    return ScanName(kind=kind, nik=nik, kta=kta)


def without_nik(name: str) -> str:
    """A file's name as tables hold it: of a NIK in it only the first four digits are left."""
    return _DIGITS.sub(_masked, name)


def _masked(found: re.Match[str]) -> str:
    run = found.group()
    if len(_digits(run)) != _NIK_DIGITS:
        # A counter behind the number: 3273…-2.
        return _NIK.sub(lambda nik: _hidden(nik.group()), run)
    return _hidden(run)


def _hidden(number: str) -> str:
    head = re.match(r"(?:\D*\d){4}", number)
    kept = head.end() if head else 0
    return number[:kept] + re.sub(r"\d", "*", number[kept:])


def _kind(part: str) -> CardKind | None:
    """A part naming two kinds, as the folder «KTP_KTA» does, names none."""
    found = {_KINDS[word] for word in _WORD.findall(part.lower()) if word in _KINDS}
    return found.pop() if len(found) == 1 else None


def _nik(part: str) -> str | None:
    found = _NIK.search(part) or _NIK.search(_BROKEN_UP.sub("", part))
    return found.group() if found else None


def _kta(parts: list[str], nik: str | None) -> str | None:
    """From the picture's own name, the token with most digits; else its folder, if it is one.

    Higher folders are batches, and carry region codes.
    """
    own = re.split(r"[_\s]+", _COPY.sub(" ", parts[0])) if parts else []
    for pieces in (own, parts[1:2]):
        tokens = [_without_kind(piece) for piece in pieces]
        numbers = [token for token in tokens if _is_number(token) and _digits(token) != nik]
        if numbers:
            return max(numbers, key=lambda token: len(_digits(token))).upper()
    return None


def _digits(token: str) -> str:
    return re.sub(r"\D", "", token)


def _without_kind(piece: str) -> str:
    """``KTA-P01-7`` is the number P01-7."""
    head, _, rest = piece.partition("-")
    return rest if rest and head.lower() in _KINDS else piece


def _is_number(token: str) -> bool:
    return (
        len(_digits(token)) >= _LEAST_DIGITS
        and len(token) <= _LONGEST
        and bool(_TOKEN.fullmatch(token))
        and not _CAMERA.fullmatch(token)
    )
