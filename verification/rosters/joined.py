"""One column of a file that holds two fields: `Tempat/Tgl Lahir`, written `KOTA CONTOH, 13-05-1987`.

What stands before the first digit is the place, the rest is the date; each is then normalised and
judged as if it had had a column of its own.

Next station: `verification.rosters.normalise`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import polars as pl

PLACE, DATE = "birth_place", "birth_date"
HEADINGS = frozenset(
    f"{place}{between}{date}"
    for place in ("tempat", "tmpt", "tmp", "tempat lahir", "tmpt lahir", "tmp lahir")
    for between in (" ", " dan ")
    for date in ("tgl lahir", "tanggal lahir", "tgl lhr")
) | {"ttl"}
"""As `columns.fold` spells them."""
_BOTH = re.compile(r"[^0-9]*[^\W0-9]{3}[^0-9]*[0-9]{1,2}[^0-9]")
_SEPARATORS = " \t,;:/|.-"


def holds_both(heading: str, values: Sequence[str]) -> bool:
    """Whether a column of birth dates has the places too, by its folded heading or its first values."""
    return heading in HEADINGS or any(_BOTH.match(value) for value in values)


def cells(indices: Mapping[str, int], joint: int | None) -> list[pl.Expr]:
    """A text column for each field, from `c0`, `c1`, …; `joint`: the column that holds both."""
    return [
        (_part(field, index) if index == joint else pl.col(f"c{index}")).alias(field)
        for field, index in indices.items()
    ]


def _part(field: str, index: int) -> pl.Expr:
    cell = pl.col(f"c{index}")
    if field == PLACE:
        return cell.str.extract(r"\A([^0-9]*)").str.strip_chars(_SEPARATORS)
    return cell.str.extract(r"([0-9][\s\S]*)\z").fill_null("")
