"""Pairs of rows that are, or may be, one person, between two parties' keys or within one's.

Exactly by NIK; by likeness among rows of another NIK that share kabupaten/kota and birth date, or
birth date with day and month exchanged. Nobody is looked for across the nation by name and date
alone: seven of ten such pairs are two people.

Next station: `verification.duplicates.comparing` stores what is found here.
"""

from __future__ import annotations

import polars as pl

from verification.duplicates.keys import Keys
from verification.duplicates.names import WHOLE, agree, likeness

PAIRS = pl.Schema({"left": pl.Int64(), "right": pl.Int64(), "score": pl.Int64()})
FULL = 1_000
# Rows of one block and name: a list of one name a million times is nothing to compare.
SAME_NAME = 20


def same_nik(ours: Keys, theirs: Keys) -> pl.DataFrame:
    """`left`, `right`: ids of rows whose NIK are equal, as far as the keys tell."""
    return (
        ours.niks.join(theirs.niks, on="nik", suffix="_r")
        .filter(pl.col("id") != pl.col("id_r"))
        .select(left="id", right="id_r")
    )


def alike(ours: Keys, theirs: Keys) -> pl.DataFrame:
    """`left`, `right`, `score` (likeness of the names, 0 to 1,000) of rows with different NIK."""
    found = [
        _judged(
            _met(_places(ours), _places(theirs), alone=ours is theirs), ours, theirs, strict=False
        ),
        _judged(
            _met(ours.turned, _places(theirs), alone=ours is theirs), ours, theirs, strict=True
        ),
    ]
    if ours.people["crowded"].any() or theirs.people["crowded"].any():
        found.append(_judged(_crowded(ours, theirs), ours, theirs, strict=False))
    return pl.concat(found).unique(["left", "right"], keep="first", maintain_order=True)


def _places(keys: Keys) -> pl.DataFrame:
    """`block` and the row's place, of the rows whose every pair is looked at."""
    placed = keys.people.select("block", "crowded", place=pl.int_range(pl.len()))
    thin = placed.filter(~pl.col("crowded")).select("block", "place")
    return thin.with_columns(pl.col("block").set_sorted())


def _met(ours: pl.DataFrame, theirs: pl.DataFrame, *, alone: bool) -> pl.DataFrame:
    """Places of rows that share a block; `alone`: of one list, where no row meets itself."""
    met = ours.with_columns(pl.col("block").set_sorted()).join(theirs, on="block", suffix="_r")
    return met.filter(pl.col("place") != pl.col("place_r")) if alone else met


def _crowded(ours: Keys, theirs: Keys) -> pl.DataFrame:
    """Where a block is crowded on one side: equal names only, a few of each."""
    sides = [
        keys.people.select("block", "name", "crowded", place=pl.int_range(pl.len())).filter(
            pl.int_range(pl.len()).over("block", "name") < SAME_NAME
        )
        for keys in (ours, theirs)
    ]
    met = sides[0].join(sides[1], on=["block", "name"], suffix="_r")
    return met.filter(pl.col("crowded") | pl.col("crowded_r"))


def _judged(met: pl.DataFrame, ours: Keys, theirs: Keys, *, strict: bool) -> pl.DataFrame:
    """Of pairs of places, those whose names agree; `strict`: and are alike as a whole."""
    a, b = (
        keys.people.select("id", "nik", "name")[met[place]]
        for keys, place in ((ours, "place"), (theirs, "place_r"))
    )
    pairs = pl.concat([a, b.rename({name: f"{name}_r" for name in b.columns})], how="horizontal")
    first = pl.col("name").str.head(1) == pl.col("name_r").str.head(1)
    last = pl.col("name").str.tail(3) == pl.col("name_r").str.tail(3)
    # At a glance; the rest is looked at one by one.
    possible = pairs.filter(
        first | last, pl.col("nik") != pl.col("nik_r"), pl.col("id") != pl.col("id_r")
    ).select("id", "id_r", "name", "name_r")
    names = zip(possible["name"].to_list(), possible["name_r"].to_list(), strict=True)
    scores = [
        score(name, other)
        if agree(name, other) and (not strict or likeness(name, other) >= WHOLE)
        else None
        for name, other in names
    ]
    return (
        possible.select("id", "id_r", pl.Series("score", scores, dtype=pl.Int64))
        .drop_nulls("score")
        .rename({"id": "left", "id_r": "right"})
    )


def score(left: str, right: str) -> int:
    """Likeness of two compared names, 0 to 1,000."""
    return round(likeness(left, right) * FULL)
