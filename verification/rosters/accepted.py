"""The accepted rows out of the sandbox as one frame: bounded, strictly typed, never believed.

`verification.rosters.handover` for a million rows at once: the same bounds, looked at column by
column.

Next station: `verification.rosters.placing`, which finds out who the rows are.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import polars as pl

from verification.rosters.handover import LENGTHS, LONGEST_ACCEPTED, MOST_ROWS, ROW_REF_LENGTH
from verification.rosters.table import ACCEPTED_COLUMNS
from verification.sandbox.outcome import Malformed

PIECE = 32 * 1024**2
_CONTROL = bytes((*range(32), 127))
_SCHEMA = dict.fromkeys(ACCEPTED_COLUMNS, pl.String)
_REF = rf"\A[0-9A-Za-z]{{0,{ROW_REF_LENGTH}}}\z"


def accepted_frame(path: Path) -> pl.DataFrame:
    """ACCEPTED_COLUMNS in the file's order; `line` and `warnings` Int64, all else text, no nulls.

    A `row_ref` that is none of ours names nothing and is empty. Raises Malformed at the first thing
    that is not as promised.
    """
    with path.open("rb") as stream:
        if stream.readline(LONGEST_ACCEPTED) != (",".join(ACCEPTED_COLUMNS) + "\n").encode():
            raise Malformed("columns")
        frames = [_frame(piece) for piece in _pieces(stream)]
    rows = pl.concat(frames, rechunk=True) if frames else _empty()
    if rows.height > MOST_ROWS:
        raise Malformed("count")
    if not (rows["line"].diff().drop_nulls() > 0).all() and rows["line"].n_unique() != rows.height:
        raise Malformed("two rows in one place")
    return rows


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    """Whole lines, some 32 MiB at a time."""
    while piece := stream.read(PIECE):
        if not piece.endswith(b"\n"):
            piece += stream.readline(LONGEST_ACCEPTED)
        if not piece.endswith(b"\n"):
            raise Malformed("a line is too long or cut")
        yield piece


def _frame(piece: bytes) -> pl.DataFrame:
    lines = piece.count(b"\n")
    # No control character but the lines' ends, and as many rows as lines: so no cell holds one.
    if len(piece) - len(piece.translate(None, _CONTROL)) != lines:
        raise Malformed("control character")
    try:
        rows = pl.read_csv(
            piece,
            has_header=False,
            schema=_SCHEMA,
            empty_string_is_null=False,
            missing_columns="raise",
            extra_columns="raise",
        )
        judged = rows.with_columns(
            pl.col("line", "warnings").cast(pl.Int64),
            pl.when(pl.col("row_ref").str.contains(_REF))
            .then("row_ref")
            .otherwise(pl.lit(""))
            .alias("row_ref"),
        )
        sound = judged.select(_sound()).row(0)
    except pl.exceptions.PolarsError:
        # Its message quotes the row.
        raise Malformed("accepted rows") from None
    if rows.height != lines or not all(sound):
        raise Malformed("accepted row")
    return judged


def _sound() -> Iterator[pl.Expr]:
    """One truth a promise. Lengths are looked at in bytes first, which a column knows by heart."""
    for name in ACCEPTED_COLUMNS:
        yield (pl.col(name).null_count() == 0).alias(f"{name} there")
    for name, longest in LENGTHS.items():
        long = pl.col(name).filter(pl.col(name).str.len_bytes() > longest)
        yield (long.str.len_chars() <= longest).all().alias(name)
    nik, day = pl.col("nik"), pl.col("birth_date")
    yield (nik.str.len_bytes() == 16).all().alias("nik's length")
    yield nik.str.contains(r"\A[0-9]+\z").all()
    yield pl.col("sex").is_in(["L", "P"]).all()
    yield pl.col("line").is_between(0, MOST_ROWS).all()
    yield pl.col("warnings").is_between(0, 2**31 - 1).all()
    # Rows share their dates: each is read once.
    yield (
        (
            day.unique().str.contains(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\z")
            & (day.unique() >= "0001")
            & day.unique().str.to_date("%Y-%m-%d", strict=False).is_not_null()
        )
        .all()
        .alias("birth_date")
    )


def _empty() -> pl.DataFrame:
    return pl.DataFrame(schema={**_SCHEMA, "line": pl.Int64, "warnings": pl.Int64})
