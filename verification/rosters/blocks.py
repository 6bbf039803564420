"""Columns of bytes that all have one length, out of one string of bytes, without a step a row.

Next station: `verification.rosters.placing` enciphers with it, `digest` deciphers.
"""

from __future__ import annotations

import polars as pl


def blocks(joined: bytes, size: int) -> pl.Series:
    """`joined` cut into pieces of `size` bytes (a Binary column). Its length is a multiple of that."""
    if not joined:
        return pl.Series(dtype=pl.Binary)
    octets = pl.Series([joined], dtype=pl.Binary).bin.reinterpret(
        dtype=pl.Array(pl.UInt8, len(joined))
    )
    return octets.explode().reshape((-1, size)).cast(pl.List(pl.UInt8)).cast(pl.Binary)


def twice(column: pl.Series) -> pl.Series:
    """Whether a value may stand in the column more than once: never False where it does.

    By hashes, which are sorted faster than texts are told apart; whoever asks looks again.
    """
    hashes = column.hash()
    ordered = hashes.sort()
    again = ordered.filter(ordered == ordered.shift(1)).unique()
    return hashes.is_in(again.implode())
