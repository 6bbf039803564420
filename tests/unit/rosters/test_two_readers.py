"""XLSX is read by a quick reader and by a thorough one: what both can read, they read alike."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.bench.rosters.workbook import write_workbook
from verification.rosters import spreadsheet
from verification.rosters.packages import open_package
from verification.rosters.shared_texts import Unusual

HEADINGS = ("NIK", "Nama", "Tanggal Lahir", "Alamat")
Rows = Sequence[Sequence[object]]


def with_openpyxl(path: Path, rows: Rows) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    book.save(path)


def with_xlsxwriter(path: Path, rows: Rows) -> None:
    """Texts within the cells."""
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        day, bold = book.add_format({"num_format": "dd/mm/yyyy"}), book.add_format({"bold": True})
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                if isinstance(cell, date):
                    sheet.write_datetime(number, column, cell, day)
                elif isinstance(cell, str):
                    sheet.write_string(number, column, cell, bold if column == 3 else None)
                elif cell is not None:
                    sheet.write(number, column, cell)


def with_ours(path: Path, rows: Rows) -> None:
    """As Excel saves it."""
    plain = path.with_suffix(".csv")
    with plain.open("w", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows(
            [["" if cell is None else str(cell) for cell in row] for row in rows]
        )
    write_workbook(plain, path)


WRITERS = (with_openpyxl, with_xlsxwriter, with_ours)


def both(path: Path) -> tuple[spreadsheet.Sheet, spreadsheet.Sheet]:
    """Raises Unusual where the quick reader passes the file on."""
    with zipfile.ZipFile(path) as archive:
        package = open_package(path, archive)
        return spreadsheet._quickly(package), spreadsheet._thoroughly(package)


def agree(path: Path) -> None:
    quick, thorough = both(path)
    assert quick.table.headings == thorough.table.headings
    assert quick.table.rows.rows() == thorough.table.rows.rows()
    for column in range(len(quick.table.headings)):
        assert quick.numeric_lines(column) == thorough.numeric_lines(column)


@pytest.mark.parametrize("write", WRITERS)
def test_rows_of_many_kinds(tmp_path: Path, write: Callable[[Path, Rows], None]) -> None:
    rows: list[Sequence[object]] = [
        ("DAFTAR", None, None, None),
        HEADINGS,
        ("3273015305870001", "A & B <c>", date(1987, 5, 13), "  JALAN  "),
        (3273015305870000, "B", date(1999, 12, 31), None),
        (3.27301530587e15, None, 32.73, "x"),
        (None, None, None, None),
        (0.1, -7, 1e-7, "é – ✓"),
        (7, "baris\nbaru", "1987-05-13", "y"),
        *([("1", "N", "13-05-1987", None), ("2", None, "13-05-1987", "z")] * 300),
    ]
    write(tmp_path / "a.xlsx", rows)
    agree(tmp_path / "a.xlsx")


TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t&<>\"'"), max_size=12
)
CELLS = st.one_of(
    st.none(),
    TEXTS.filter(lambda text: text.strip() and not text.startswith("=")),
    st.integers(-(10**15), 10**15),
    st.floats(-1e12, 1e12, allow_nan=False).map(lambda value: round(value, 6)),
    st.dates(date(1950, 1, 1), date(2030, 1, 1)),
)


@settings(
    max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    rows=st.lists(st.tuples(*[CELLS] * 4), min_size=1, max_size=30),
    write=st.sampled_from([with_openpyxl, with_xlsxwriter]),
)
def test_whatever_stands_in_the_cells(
    tmp_path: Path, rows: Rows, write: Callable[[Path, Rows], None]
) -> None:
    path = tmp_path / "a.xlsx"
    write(path, [HEADINGS, ("1", "A", "x", "y"), *rows])
    try:
        agree(path)
    except Unusual:
        return


def test_what_is_written_unusually_goes_to_the_thorough_reader(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with_openpyxl(path, [HEADINGS, ("1", "A", "=1+1", "y")])
    with pytest.raises(Unusual):
        both(path)
    sheet = spreadsheet.read_sheet(path)
    assert sheet.table.rows["c1"].to_list() == ["A"]
