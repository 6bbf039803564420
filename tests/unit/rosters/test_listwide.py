"""What only the whole list shows, on a frame and in plain Python alike."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from verification.rosters.rules.listwide import NIK_REPEATED, judge_list, judge_rows

Rows = list[dict[str, str]]
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "row_ref": st.sampled_from(["", "", "ra", "rb"]),
            "kta_number": st.sampled_from(["1", "2", "3", "4"]),
            "nik": st.sampled_from(["a", "b", "c"]),
        }
    ),
    max_size=12,
)


def row(kta_number: str, nik: str, row_ref: str = "") -> dict[str, str]:
    return {"row_ref": row_ref, "kta_number": kta_number, "nik": nik}


# Just inside and just outside each finding; a mutant lives as long as none of these tells it apart.
EDGES: tuple[Rows, ...] = (
    [row("1", "a"), row("1", "a")],
    [row("1", "a"), row("1", "b")],
    [row("1", "a"), row("1", "b"), row("2", "b")],
    [row("1", "a"), row("2", "a")],
    [row("1", "a"), row("2", "b"), row("3", "c")],
    [row("1", "a", "ra"), row("2", "b", "ra")],
    [row("1", "a", "ra"), row("2", "b", "rb")],
    [row("1", "a"), row("1", "b", "ra"), row("3", "c", "ra")],
)


def framed(rows: Rows) -> pl.DataFrame:
    schema = {"line": pl.Int64, **dict.fromkeys(("row_ref", "kta_number", "nik"), pl.String)}
    return pl.DataFrame([{"line": n, **row} for n, row in enumerate(rows, 2)], schema=schema)


def judged(judge: Callable[[pl.DataFrame], pl.DataFrame], rows: Rows) -> list[tuple[int, int]]:
    found = {row["line"]: row for row in judge(framed(rows)).to_dicts()}
    nothing = {"errors": 0, "warnings": 0}
    return [
        (found.get(line, nothing)["errors"], found.get(line, nothing)["warnings"])
        for line in range(2, len(rows) + 2)
    ]


@given(ROWS)
@example([])
def test_frame_and_rows_agree(rows: Rows) -> None:
    assert judged(judge_list, rows) == judge_rows(rows)


def test_they_agree_at_the_edges() -> None:
    assert [judged(judge_list, rows) for rows in EDGES] == [judge_rows(rows) for rows in EDGES]


def _anybodys_card(rows: pl.DataFrame) -> pl.DataFrame:
    return judge_list(rows.with_columns(nik=pl.col("line").cast(pl.String)))


def _empty_refs_are_equal(rows: pl.DataFrame) -> pl.DataFrame:
    return judge_list(rows.with_columns(row_ref=pl.col("row_ref").replace("", "empty")))


def _refs_are_not_looked_at(rows: pl.DataFrame) -> pl.DataFrame:
    return judge_list(rows.with_columns(row_ref=pl.lit("")))


def _refused_rows_push_good_ones(rows: pl.DataFrame) -> pl.DataFrame:
    repeated = (pl.len().over("nik") > 1).cast(pl.Int64) * NIK_REPEATED.flag
    whole = judge_list(rows).drop("warnings").join(rows, on="line", maintain_order="right")
    return whole.with_columns(warnings=repeated)


def _the_last_card_wins(rows: pl.DataFrame) -> pl.DataFrame:
    turned = rows.reverse().with_columns(line=pl.lit(1_000) - pl.col("line"))
    return judge_list(turned).with_columns(line=pl.lit(1_000) - pl.col("line"))


@pytest.mark.parametrize(
    "mutant",
    [
        _anybodys_card,
        _empty_refs_are_equal,
        _refs_are_not_looked_at,
        _refused_rows_push_good_ones,
        _the_last_card_wins,
    ],
)
def test_the_mutant_is_killed(mutant: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    assert any(judged(mutant, rows) != judge_rows(rows) for rows in EDGES)
