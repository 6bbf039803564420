"""Names as they are compared: without titles and marks, word by word.

The rule: two names agree when, titles aside, they have the same number of words, and
either few letters differ in all (one; two in eight letters and more; neighbours exchanged are one),
or each pair of words is equal, or one abbreviates the other, or both are alike (Jaro-Winkler ≥ 0.75);
without an abbreviation the whole must then be alike as well (≥ 0.92). Word by word, because two
siblings who share a long given name are alike as a whole and are two people.

Next station: `verification.duplicates.matching`.
"""

from __future__ import annotations

import polars as pl
from rapidfuzz.distance import OSA, JaroWinkler

WHOLE = 0.92
WORD = 0.75
# In a name of this length two slips of a finger still leave it recognisable.
LONG, EDITS = 8, 2
# "M", "MUH", "ABD": what is left of a word that was cut short.
ABBREVIATION = 3

_BEFORE = (
    "PROF", "DRS", "DRA", "DRG", "DRH", "DR", "IR", "HJ", "KH", "H", "TGK", "TGH", "UST", "USTADZ",
    "USTADZAH", "NY", "TN", "SDR", "SDRI", "BPK", "IBU",
)  # fmt: skip
_BEHIND = (
    "SH", "SE", "ST", "SP", "SPD", "SPDI", "SAG", "SSOS", "SIP", "SKOM", "SKM", "SKEP", "SPT",
    "SSI", "SIKOM", "SHI", "SPSI", "SFARM", "MH", "MM", "MT", "MSI", "MPD", "MKES", "MAP", "MHUM",
    "MAG", "MKOM", "MSC", "MBA", "PHD", "AMD", "AMDKEB", "AMAPD", "SEI", "STP", "BA", "LC",
)  # fmt: skip


def _dotted(title: str) -> str:
    """`SPD` also as it is written: `S.PD.`, `S.P.D`, `S. Pd`; never `S PD`, which may be initials."""
    return r"(?:\. ?)?".join(title)


_PLAIN = r"\A[A-Z]+(?: [A-Z]+)*\z"
_LEADING = rf"\A(?:(?:{'|'.join(map(_dotted, _BEFORE))})(?:\. ?| ))+"
_TRAILING = rf"(?: (?:{'|'.join(map(_dotted, _BEHIND))})\.?)+\z"


def compared(names: pl.Series) -> pl.Series:
    """Names in upper-case words, titles gone: before the first word, behind a comma or the last."""
    upper = names.str.to_uppercase()
    # Most names are as they are compared, and three looks tell: the others take the long way.
    settled = (
        upper.str.contains(_PLAIN) & ~upper.str.contains(_LEADING) & ~upper.str.contains(_TRAILING)
    )
    if settled.all():
        return upper
    places = (~settled).arg_true()
    return upper.scatter(places, _bare(upper.gather(places)))


def _bare(upper: pl.Series) -> pl.Series:
    bare = (
        upper.str.replace(r"\s*,.*\z", "")
        .str.replace(_TRAILING, "")
        .str.replace(_LEADING, "")
        .str.replace_all(r"['’`]", "")
        .str.replace_all(r"[^A-Z0-9]+", " ")
        .str.strip_chars(" ")
    )
    # Somebody may be called nothing but what reads as a title.
    return pl.select(pl.when(bare == "").then(upper).otherwise(bare)).to_series()


def likeness(left: str, right: str) -> float:
    """Jaro-Winkler of two compared names, 0 to 1."""
    return JaroWinkler.similarity(left, right)


def agree(left: str, right: str) -> bool:
    """Whether two compared names may be one person's."""
    if left == right:
        return True
    ours, theirs = left.split(" "), right.split(" ")
    if len(ours) != len(theirs):
        return False
    allowed = EDITS if min(len(left), len(right)) >= LONG else EDITS - 1
    if OSA.distance(left, right, score_cutoff=allowed) <= allowed:
        return True
    shortened = False
    for a, b in zip(ours, theirs, strict=True):
        if a == b:
            continue
        if abbreviates(a, b) or abbreviates(b, a):
            shortened = True
        elif JaroWinkler.similarity(a, b) < WORD:
            return False
    return shortened or likeness(left, right) >= WHOLE


def abbreviates(short: str, word: str) -> bool:
    """Whether `short` is what is left of `word`."""
    return len(short) <= ABBREVIATION and len(short) < len(word) and word.startswith(short)
