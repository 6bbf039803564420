"""What a file holds once its rows and cells can be told apart, whatever format it came in.

Next station: `verification.rosters.columns`, which asks what each column is.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

CELL_LIMIT = 500
COLUMN_LIMIT = 64

# What the child writes for the trusted side.
ACCEPTED = "accepted.csv"
REJECTED = "rejected.jsonl"
ACCEPTED_COLUMNS = (
    "line", "row_ref", "province_code", "regency_code", "district_code", "village", "kta_number",
    "nik", "name", "sex", "birth_date", "birth_place", "marital_status", "occupation", "address",
    "warnings",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenRow:
    """A row whose cells cannot be told apart: where it is, which fault, and what could be read."""

    line: int
    code: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A file's heading and rows.

    `rows`: `line` (Int64, counted from 1 in the file, the heading included, ascending) and one
    text column `c0`, `c1`, … for each heading; cells are never null. Blank rows are not in it.
    `broken` stands beside and is not in `rows`; both together are what was sent.
    """

    headings: tuple[str, ...]
    rows: pl.DataFrame
    broken: tuple[BrokenRow, ...] = ()

    @property
    def sent(self) -> int:
        """How many rows the file holds."""
        return self.rows.height + len(self.broken)

    def samples(self, count: int) -> list[list[str]]:
        """The first values of each column that are not empty."""
        return [
            self.rows.lazy()
            .filter(pl.col(name) != "")
            .select(name)
            .head(count)
            .collect()[name]
            .to_list()
            for name in self.rows.columns
            if name != "line"
        ]


def cell_names(count: int) -> list[str]:
    """`c0`, `c1`, …: positions, because headings may repeat or be empty."""
    return [f"c{index}" for index in range(count)]
