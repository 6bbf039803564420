"""What only the whole list shows, on a frame and in plain Python alike."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from verification.rosters.rules.listwide import judge_list, judge_rows

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


@given(ROWS)
def test_frame_and_rows_agree(rows: list[dict[str, str]]) -> None:
    schema = {"line": pl.Int64, **dict.fromkeys(("row_ref", "kta_number", "nik"), pl.String)}
    frame = pl.DataFrame([{"line": n, **row} for n, row in enumerate(rows, 2)], schema=schema)
    judged = {row["line"]: row for row in judge_list(frame).to_dicts()}
    nothing = {"errors": 0, "warnings": 0}
    assert judge_rows(rows) == [
        (judged.get(line, nothing)["errors"], judged.get(line, nothing)["warnings"])
        for line in range(2, len(rows) + 2)
    ]
