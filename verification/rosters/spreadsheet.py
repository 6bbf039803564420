"""XLSX → rows as text, with the sheet's own row numbers, and the NIK cells Excel made numbers of.

A number keeps fifteen digits in Excel, so the sixteenth digit of a NIK silently becomes 0 and the
cell still looks right once it is read as text. That is visible only in the sheet's XML.

Two readers, which agree: `sheet_rows` for sheets as programs usually write them, and this module's
own way (fastexcel, and the sheet's XML once more for the numbers) for all that is allowed.

Next station: `verification.rosters.table`, the outcome.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import fastexcel
import polars as pl

from verification.rosters.archive import open_archive, pieces, prove_sizes
from verification.rosters.columns import known_headings
from verification.rosters.lines import HEADING_WITHIN
from verification.rosters.packages import Package, open_package
from verification.rosters.shared_texts import Unusual, shared_texts
from verification.rosters.sheet_rows import SheetRows
from verification.rosters.table import COLUMN_LIMIT, Table, cell_names
from verification.sandbox.job import Refuse

MOST_SHEETS = 50
# Longer than the opening tag of any cell, so that one cut by a piece's end is seen whole.
CUT_CELL = 400
_COLUMN = rb'<c r="(%s)([0-9]{1,7})"([^>]*)>'
_ANY_COLUMN = re.compile(_COLUMN % b"[A-Z]{1,3}")
_KIND = re.compile(rb'\bt="([a-zA-Z]+)"')
NumericLines = Callable[[int], frozenset[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The sheet that holds the list. `numeric_lines`: of a table's column, by its place there, the
    rows whose cell is stored as a number."""

    table: Table
    numeric_lines: NumericLines


def read_sheet(path: Path) -> Sheet:
    """The sheet with the most headings we know.

    Raises Refuse: what `open_archive` raises, `list.no_heading`, `list.no_rows`.
    """
    with open_archive(path) as archive:
        package = open_package(path, archive)
        try:
            return _quickly(package)
        except Unusual:
            prove_sizes(path, archive)
            return _thoroughly(package)


def _quickly(package: Package) -> Sheet:
    texts = shared_texts(package)
    tops = [
        (name, _top(SheetRows(package, part, texts)))
        for name, part in list(package.sheets.items())[:MOST_SHEETS]
    ]
    name, line = _best(tops)
    rows = SheetRows(package, package.sheets[name], texts)
    frame = pl.concat(list(rows.frames()), how="diagonal")
    del texts
    columns = sorted((name for name in frame.columns if name != "line"), key=int)
    first = int(columns[0])
    heading = frame.row(frame["line"].index_of(line) or 0, named=True)
    width = 1 + max(int(name) - first for name in columns if (heading[name] or "").strip())
    if width > COLUMN_LIMIT:
        raise Refuse("list.no_heading")
    wanted = [str(first + place) for place in range(width)]
    numeric = rows.numeric

    def numeric_lines(column: int) -> frozenset[int]:
        return frozenset(
            row for lines in numeric.get(first + column, []) for row in lines if row > line
        )

    cells = (
        (pl.col(column) if column in columns else pl.lit(None, pl.String)).fill_null("").alias(name)
        for column, name in zip(wanted, cell_names(width), strict=True)
    )
    found = frame.lazy().filter(pl.col("line") > line).select("line", *cells).collect()
    headings = tuple(heading.get(column) or "" for column in wanted)
    return Sheet(table=_table(headings, found), numeric_lines=numeric_lines)


def _top(rows: SheetRows) -> pl.DataFrame:
    """The first lines, those without cells as well, so that a row's place is its line."""
    frame = next(rows.frames(), pl.DataFrame(schema={"line": pl.Int64}))
    lines = pl.DataFrame({"line": range(1, HEADING_WITHIN + 1)}, schema={"line": pl.Int64})
    return lines.join(frame, on="line", how="left", maintain_order="left").drop("line")


def _best(tops: list[tuple[str, pl.DataFrame]]) -> tuple[str, int]:
    """The sheet with the heading we know best, and its line."""
    known = [
        (known_headings([cell or "" for cell in cells]), name, line)
        for name, top in tops
        for line, cells in enumerate(top.rows(), 1)
    ]
    best, name, line = max(known, key=lambda score: score[0], default=(0, "", 0))
    if best < 2:
        raise Refuse("list.no_heading")
    return name, line


def _table(headings: tuple[str, ...], rows: pl.DataFrame) -> Table:
    """Without the blank rows. Raises Refuse `list.no_rows`."""
    names = rows.columns[1:]
    rows = rows.filter(pl.any_horizontal(pl.col(name).str.strip_chars() != "" for name in names))
    if rows.is_empty():
        raise Refuse("list.no_rows")
    return Table(headings=headings, rows=rows)


def _thoroughly(package: Package) -> Sheet:
    workbook = fastexcel.read_excel(package.path)
    names = [name for name in workbook.sheet_names[:MOST_SHEETS] if name in package.sheets]
    # Each look reads the whole sheet: a workbook with one is read once.
    frames = {name: _rows(workbook, name, None if len(names) == 1 else HEADING_WITHIN)
              for name in names}  # fmt: skip
    name, line = _best([(name, frame.head(HEADING_WITHIN)) for name, frame in frames.items()])
    frame = frames[name] if len(names) == 1 else _rows(workbook, name, None)
    del frames
    cells = list(frame.row(line - 1))
    width = 1 + max(index for index, cell in enumerate(cells) if cell.strip())
    if width > COLUMN_LIMIT:
        raise Refuse("list.no_heading")
    columns = cell_names(width)
    found = (
        frame.select(frame.columns[:width])
        .rename(dict(zip(frame.columns[:width], columns, strict=True)))
        .with_row_index("line", offset=1)
        .with_columns(pl.col("line").cast(pl.Int64))
        .slice(line)
    )
    table = _table(tuple(cells[:width]), found)
    entry = package.archive.getinfo(package.sheets[name])
    stored = _Stored(path=package.path, entry=entry, heading_line=line, width=width)
    return Sheet(table=table, numeric_lines=stored.numeric_lines)


def _rows(workbook: fastexcel.ExcelReader, name: str, count: int | None) -> pl.DataFrame:
    sheet = workbook.load_sheet(
        name, header_row=None, skip_rows=0, n_rows=count, dtypes="string"
    ).to_polars()
    return sheet.with_columns(pl.all().fill_null(""))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """How a sheet's cells are stored, asked of its XML: of no interest to fastexcel."""

    path: Path
    entry: zipfile.ZipInfo
    heading_line: int
    width: int

    def numeric_lines(self, column: int) -> frozenset[int]:
        """Row numbers whose cell in the table's column `column` is stored as a number."""
        letters = self._letters()
        if column >= len(letters):
            return frozenset()
        # A million rows hold a dozen million cells: only this column's are looked at.
        own = re.compile(_COLUMN % letters[column])
        return frozenset(
            line for _, line, numeric in self._cells(own) if numeric and line > self.heading_line
        )

    def _letters(self) -> list[bytes]:
        """Column letters from the leftmost used column on, as far as the table goes."""
        first = 16_384
        for seen, (name, line, _) in enumerate(self._cells(_ANY_COLUMN)):
            first = min(first, _number(name))
            if line > self.heading_line and seen > COLUMN_LIMIT:
                break
        return [_name(first + offset) for offset in range(self.width)]

    def _cells(self, pattern: re.Pattern[bytes]) -> Iterator[tuple[bytes, int, bool]]:
        """Column, line, and whether it is a number, of the cells that hold something."""
        rest = b""
        for piece in pieces(self.path, self.entry):
            text = rest + piece
            end = 0
            for found in pattern.finditer(text):
                end = found.end()
                if not found[3].endswith(b"/"):
                    kind = _KIND.search(found[3])
                    yield found[1], int(found[2]), kind is None or kind[1] == b"n"
            rest = text[max(end, len(text) - CUT_CELL) :]


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _name(number: int) -> bytes:
    letters = b""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = bytes((65 + rest,)) + letters
    return letters
