"""Damage Excel did to the NIK, recognised as a property of the whole file and explained once.

Scientific notation (in both locales) has lost ten digits; a NIK stored as a number has lost the
sixteenth, which became 0. Neither can be repaired here, and a million row errors would hide it.
Healthy NIK end in 0 about once in ten; damaged ones always do (`perf-members`, section 2).

Next station: `verification.rosters.reading`.
"""

from __future__ import annotations

import polars as pl

from verification.sandbox.job import Refuse

MOST_DAMAGED = 0.3
# How many rows make a share believable: (at least so many rows, above this share).
ZERO_SHARES = ((5, 0.999), (20, 0.5), (50, 0.3))
_SCIENTIFIC = r"\A'?[ ]*[0-9](?:[.,][0-9]*)?[eE]\+?[0-9]{1,3}[ ]*\z"
_SIXTEEN_AND_ZERO = r"\A'?[ ]*[0-9]{15}0[ ]*\z"


def refuse_damaged(niks: pl.Series, numeric: int) -> None:
    """Raises Refuse: `list.nik_scientific`, `list.nik_numeric`, `list.nik_zeros`.

    `niks`: the column as it came; `numeric`: how many of its cells the sheet stores as numbers.
    """
    given = niks.filter(niks.str.strip_chars() != "")
    if given.is_empty():
        return
    scientific = given.str.contains(_SCIENTIFIC).sum() / len(given)
    if scientific > MOST_DAMAGED:
        raise Refuse("list.nik_scientific", percent=round(100 * scientific))
    if numeric / len(given) > MOST_DAMAGED:
        raise Refuse("list.nik_numeric", percent=min(100, round(100 * numeric / len(given))))
    zeros = given.str.contains(_SIXTEEN_AND_ZERO).sum() / len(given)
    if any(len(given) >= rows and zeros > share for rows, share in ZERO_SHARES):
        raise Refuse("list.nik_zeros", percent=round(100 * zeros))
