"""XLSX → rows as text, with the sheet's own row numbers, and the NIK cells Excel made numbers of.

A number keeps fifteen digits in Excel, so the sixteenth digit of a NIK silently becomes 0 and the
cell still looks right once it is read as text. That is visible only in the sheet's XML.

Next station: `verification.rosters.table`, the outcome.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import defusedxml.ElementTree
import fastexcel
import polars as pl

from verification.rosters.archive import open_archive, pieces, prove_sizes, small
from verification.rosters.columns import known_headings
from verification.rosters.lines import HEADING_WITHIN
from verification.rosters.table import COLUMN_LIMIT, Table, cell_names
from verification.sandbox.job import Refuse

MOST_SHEETS = 50
# Longer than the opening tag of any cell, so that one cut by a piece's end is seen whole.
CUT_CELL = 400
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_COLUMN = rb'<c r="(%s)([0-9]{1,7})"([^>]*)>'
_ANY_COLUMN = re.compile(_COLUMN % b"[A-Z]{1,3}")
_KIND = re.compile(rb'\bt="([a-zA-Z]+)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The sheet that holds the list: its table, and where its XML lies."""

    table: Table
    path: Path
    entry: zipfile.ZipInfo
    heading_line: int

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
        return [_name(first + offset) for offset in range(len(self.table.headings))]

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


def read_sheet(path: Path) -> Sheet:
    """The sheet with the most headings we know.

    Raises Refuse: what `open_archive` raises, `list.no_heading`, `list.no_rows`.
    """
    with open_archive(path) as archive:
        prove_sizes(path, archive)
        parts = _sheet_parts(path, archive)
        workbook = fastexcel.read_excel(path)
        known: list[tuple[int, str, int]] = []
        for name in workbook.sheet_names[:MOST_SHEETS]:
            top = _rows(workbook, name, HEADING_WITHIN)
            scored = [(known_headings(cells), line) for line, cells in enumerate(top.rows(), 1)]
            best, line = max(scored, key=lambda score: score[0], default=(0, 0))
            known.append((best, name, line))
        best, name, line = max(known, key=lambda score: score[0], default=(0, "", 0))
        if best < 2 or name not in parts:
            raise Refuse("list.no_heading")
        entry = archive.getinfo(parts[name])
    frame = _rows(workbook, name, None)
    return Sheet(table=_table(frame, line), path=path, entry=entry, heading_line=line)


def _rows(workbook: fastexcel.ExcelReader, name: str, count: int | None) -> pl.DataFrame:
    sheet = workbook.load_sheet(
        name, header_row=None, skip_rows=0, n_rows=count, dtypes="string"
    ).to_polars()
    return sheet.with_columns(pl.all().fill_null(""))


def _table(frame: pl.DataFrame, heading_line: int) -> Table:
    cells = list(frame.row(heading_line - 1))
    named = [index for index, cell in enumerate(cells) if cell.strip()]
    width = named[-1] + 1
    if width > COLUMN_LIMIT:
        raise Refuse("list.no_heading")
    names = cell_names(width)
    rows = (
        frame.select(frame.columns[:width])
        .rename(dict(zip(frame.columns[:width], names, strict=True)))
        .with_row_index("line", offset=1)
        .with_columns(pl.col("line").cast(pl.Int64))
        .slice(heading_line)
        .filter(pl.any_horizontal(pl.col(name).str.strip_chars() != "" for name in names))
    )
    if rows.is_empty():
        raise Refuse("list.no_rows")
    return Table(headings=tuple(cells[:width]), rows=rows)


def _sheet_parts(path: Path, archive: zipfile.ZipFile) -> dict[str, str]:
    """Sheet name to the archive's entry that holds it."""
    try:
        book = defusedxml.ElementTree.fromstring(small(path, archive, "xl/workbook.xml"))
        relations = defusedxml.ElementTree.fromstring(
            small(path, archive, "xl/_rels/workbook.xml.rels")
        )
    except (ValueError, SyntaxError) as error:
        raise Refuse("list.not_xlsx") from error
    targets = {relation.get("Id"): relation.get("Target", "") for relation in relations}
    names = set(archive.namelist())
    parts: dict[str, str] = {}
    for sheet in book.iter(f"{_MAIN}sheet"):
        target = targets.get(sheet.get(_RELATION), "").removeprefix("/")
        part = target if target.startswith("xl/") else f"xl/{target}"
        if part in names:
            parts[sheet.get("name", "")] = part
    return parts


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
