"""XLSX: true row numbers, numbers that should be text, and archives that are none."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from tests import files
from tests.rosters import VALID_ROW
from verification.rosters.reader import read_table
from verification.sandbox.job import Refuse

HEADINGS = ("NIK", "Nama", "Tanggal Lahir")


def workbook(path: Path, *rows: Sequence[object], start: int = 1, left: int = 1) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            sheet.cell(row=start + number, column=left + column, value=value)  # type: ignore[arg-type]
    book.save(path)
    return path


def test_cells_come_as_text_with_their_row_numbers(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx",
        ("DAFTAR ANGGOTA",),
        HEADINGS,
        (VALID_ROW["nik"], "A", date(1987, 5, 13)),
        (),
        ("2", "B", "13-05-1987"),
        start=3,
    )
    table, _ = read_table(path)
    assert table.headings == HEADINGS
    assert table.rows.rows() == [
        (5, VALID_ROW["nik"], "A", "1987-05-13 00:00:00"),
        (7, "2", "B", "13-05-1987"),
    ]


@pytest.mark.parametrize("left", [1, 2, 27])
def test_numeric_cells_are_found_wherever_the_table_begins(tmp_path: Path, left: int) -> None:
    path = workbook(
        tmp_path / "a.xlsx",
        HEADINGS,
        ("3273015305870001", 7, 1987),
        (3273015305870000, "B", "1987"),
        ("3273015305870002", "C", "1987"),
        left=left,
    )
    _, numeric = read_table(path)
    assert numeric(0) == {3}
    assert numeric(1) == {2}


def test_the_sheet_with_the_list_is_chosen(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["Petunjuk", "isi"])
    sheet = book.create_sheet("Anggota")
    sheet.append(HEADINGS)
    sheet.append(("1", "A", "x"))
    book.save(tmp_path / "a.xlsx")
    table, numeric = read_table(tmp_path / "a.xlsx")
    assert table.rows.rows() == [(2, "1", "A", "x")]
    assert numeric(0) == frozenset()


def _refused(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(Refuse) as refusal:
        read_table(path)
    return refusal.value.code


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (files.xlsx_bomb, "list.zip_bomb"),
        (files.office_zip, "list.not_xlsx"),
        (files.encrypted_zip, "list.encrypted"),
        (files.overlapping_zip, "list.zip_bomb"),
        (lambda: files.many_entries_zip(3_000), "list.zip_bomb"),
    ],
    ids=["bomb", "word", "encrypted", "overlapping", "entries"],
)
def test_hostile_archives_are_refused(tmp_path: Path, content: object, code: str) -> None:
    assert callable(content)
    assert _refused(tmp_path / "a.xlsx", content()) == code


def test_a_lying_directory_is_found_by_inflating(tmp_path: Path) -> None:
    honest = workbook(tmp_path / "b.xlsx", HEADINGS, *[("1", "A", "x")] * 2_000)
    packed = io.BytesIO(honest.read_bytes())
    with zipfile.ZipFile(packed) as archive:
        real = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    lie = packed.getvalue().replace(real.to_bytes(4, "little"), (1_000).to_bytes(4, "little"))
    assert lie != packed.getvalue()
    assert _refused(tmp_path / "a.xlsx", lie) == "list.zip_bomb"


def test_a_workbook_without_rows(tmp_path: Path) -> None:
    path = workbook(tmp_path / "b.xlsx", HEADINGS)
    assert _refused(tmp_path / "a.xlsx", path.read_bytes()) == "list.no_rows"
