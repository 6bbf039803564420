"""Builders for member lists: a small region table, a valid row, rule sets, and seeded lists.

The seeded generator itself is `verification.rosters.synthetic`, because `sipol demo` uses it too
and an installed package has no tests.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl

from verification.rosters.reading import read
from verification.rosters.rules import Regions, RuleSet
from verification.rosters.synthetic import HEADINGS, Row
from verification.sandbox.job import Job

DISTRICTS = (
    *("11.01.01", "11.01.02", "11.71.01"),
    *("32.01.01", "32.01.02", "32.10.10", "32.73.01", "32.73.02", "32.73.03", "32.73.10"),
)
DISSOLVED = ("91.99.01",)
REGIONS = Regions(DISTRICTS, DISSOLVED)
CUTOFF = date(2022, 8, 14)

VALID_ROW = {
    "row_ref": "",
    "province_code": "32",
    "regency_code": "32.73",
    "district_code": "32.73.01",
    "village": "32.73.01.1001",
    "kta_number": "P01-00003112",
    "card_party": "PARTAI CONTOH A",
    "nik": "3273015305870001",
    "name": "ANGGOTA CONTOH",
    "sex": "P",
    "birth_place": "KOTA CONTOH",
    "birth_date": "1987-05-13",
    "marital_status": "KAWIN",
    "occupation": "WIRASWASTA",
    "address": "JALAN CONTOH NOMOR 1",
}


def small_rules(**changes: Any) -> RuleSet:
    """Rules over the small region table, for all of it unless a scope is given."""
    given: dict[str, Any] = {
        "cutoff": CUTOFF,
        "regions": REGIONS,
        "party_names": ("Partai Contoh A",),
    }
    return RuleSet(**(given | changes))


def run_child(
    source: Path, output: Path, rules: RuleSet | None = None, mapping: dict[str, int] | None = None
) -> Any:
    """The sandbox's task, called in this process; the folder is made."""
    output.mkdir(exist_ok=True)
    arguments = {"rules": (rules or small_rules()).to_json(), "mapping": mapping}
    return read(Job(source=source, output=output, extra=(), arguments=arguments))


def write_rows(path: Path, rows: Iterable[Mapping[str, str]], *fields: str) -> Path:
    """A CSV with the member record's own field names as headings."""
    names = fields or tuple(name for name in VALID_ROW if name != "row_ref")
    with path.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(names)
        writer.writerows([row.get(name, "") for name in names] for row in rows)
    return path


def people(count: int, **changes: str) -> list[dict[str, str]]:
    """Valid rows of different members, whose names nobody takes for one another."""
    return [
        VALID_ROW
        | {
            "nik": f"327301530587{number:04d}",
            "kta_number": f"P01-{number:08d}",
            "name": " ".join(
                ["ANGGOTA CONTOH", *(chr(65 + int(digit)) * 4 for digit in str(number))]
            ),
        }
        | changes
        for number in range(1, count + 1)
    ]


def repair_workbook(content: bytes, rows: Mapping[int, Row]) -> tuple[bytes, list[int]]:
    """A download of rejected rows with `rows` (by line) in their places, and the lines it names."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.worksheets[0]
    own = 1 + [cell.value for cell in sheet[1]].index(HEADINGS[0])
    lines = []
    for number in range(2, sheet.max_row + 1):
        lines.append(int(sheet.cell(number, 1).value))
        for column, value in enumerate(rows[lines[-1]], start=own):
            sheet.cell(number, column).value = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue(), lines


def read_table(content: bytes) -> list[list[str]]:
    """The cells of a CSV or of a workbook's first sheet, headings first."""
    if not content.startswith(b"PK"):
        return list(csv.reader(io.StringIO(content.decode(), newline="")))
    book = openpyxl.load_workbook(io.BytesIO(content))
    return [[str(cell.value or "") for cell in row] for row in book.worksheets[0].iter_rows()]


def write_table(content: bytes, table: list[list[str]]) -> bytes:
    """The same file with other cells."""
    if not content.startswith(b"PK"):
        text = io.StringIO(newline="")
        csv.writer(text).writerows(table)
        return text.getvalue().encode()
    book = openpyxl.load_workbook(io.BytesIO(content))
    for number, row in enumerate(table, start=1):
        for column, value in enumerate(row, start=1):
            book.worksheets[0].cell(number, column).value = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
