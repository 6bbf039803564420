"""What is wrong with a whole column, recognised as a property of the file and explained once.

Scientific notation (in both locales) has lost ten digits; a NIK stored as a number has lost the
sixteenth, which became 0. Neither can be repaired here, and a million row errors would hide it.
Healthy NIK end in 0 about once in ten; damaged ones always do (`perf-members`, section 2). The same
goes for a list that names its districts where their codes belong.

Next station: `verification.rosters.reading`.
"""

from __future__ import annotations

import polars as pl

from verification.sandbox.job import Refuse

MOST_DAMAGED = 0.3
MOST_NAMED = 0.5
# How many rows make a share believable: (at least so many rows, above this share).
ZERO_SHARES = ((5, 0.999), (20, 0.5), (50, 0.3))
_SCIENTIFIC = r"\A'?[ ]*[0-9](?:[.,][0-9]*)?[eE]\+?[0-9]{1,3}[ ]*\z"
# A number as programs write it: with decimals, or with its thousands apart.
_FORMATTED = r"\A'?[ ]*(?:[0-9]{16}[.,]0+|[0-9](?:[., ][0-9]{3}){5}(?:[.,]0+)?)[ ]*\z"
_SIXTEEN = r"\A[0-9]{16}\z"
_SIXTEEN_AND_ZERO = r"\A'?[ ]*[0-9]{15}0[ ]*\z"


def refuse_damaged(niks: pl.Series, numeric: int) -> None:
    """Raises Refuse: `list.nik_scientific`, `list.nik_numeric`, `list.nik_zeros`.

    `niks`: the column as it came; `numeric`: how many of its cells the sheet stores as numbers.
    """
    given = niks.filter(niks.str.strip_chars() != "")
    if given.is_empty():
        return
    # Most are as they should be, and only the others can be damaged in a way that shows.
    sound = given.str.contains(_SIXTEEN)
    odd = given.filter(~sound)
    scientific = odd.str.contains(_SCIENTIFIC).sum() / len(given)
    if scientific > MOST_DAMAGED:
        raise Refuse("list.nik_scientific", percent=round(100 * scientific))
    numbers = max(numeric, odd.str.contains(_FORMATTED).sum()) / len(given)
    if numbers > MOST_DAMAGED:
        raise Refuse("list.nik_numeric", percent=min(100, round(100 * numbers)))
    ending = len(given.filter(sound & given.str.ends_with("0")))
    ending += len(odd.filter(odd.str.contains(_SIXTEEN_AND_ZERO)))
    zeros = ending / len(given)
    if any(len(given) >= rows and zeros > share for rows, share in ZERO_SHARES):
        raise Refuse("list.nik_zeros", percent=round(100 * zeros))


def refuse_names(districts: pl.Series) -> None:
    """Raises Refuse `list.region_names`: most districts are names. `districts`: as they came."""
    given = districts.filter(districts.str.strip_chars() != "")
    if len(given) and (~given.str.contains("[0-9]")).sum() / len(given) > MOST_NAMED:
        raise Refuse("list.region_names")
