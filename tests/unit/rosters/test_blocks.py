"""Columns cut out of one string of bytes, and values that stand in a column more than once."""

from __future__ import annotations

import os

import polars as pl

from verification.rosters.blocks import blocks, twice


def test_bytes_are_cut_into_a_column() -> None:
    joined = os.urandom(16 * 1_000)
    expected = [joined[start : start + 16] for start in range(0, len(joined), 16)]
    assert blocks(joined, 16).to_list() == expected
    assert blocks(joined, 16).dtype == pl.Binary


def test_nothing_is_cut_into_nothing() -> None:
    assert blocks(b"", 16).to_list() == []
    assert blocks(b"", 16).dtype == pl.Binary


def test_what_stands_there_again_is_told_from_what_does_not() -> None:
    column = pl.Series(["a", "b", "a", "", "c", ""])
    assert twice(column).to_list() == [True, False, True, True, False, True]
    assert twice(pl.Series(["a", "b"])).to_list() == [False, False]
    assert twice(pl.Series(dtype=pl.String)).to_list() == []
