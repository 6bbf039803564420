"""Rows for a party to correct and send back, as CSV for scripts and as XLSX with text cells.

Every cell is formula-safe; the importer undoes that.

Next station: the party, whose file comes back to `verification.rosters.reader`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import xlsxwriter

from verification.rosters.cells import safe

PAGE = 1_000
# Excel's own limit on rows, heading and all; a list with more comes as CSV.
XLSX_ROWS = 1_048_575


def csv_chunks(headings: Sequence[str], lines: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """The CSV in pieces: UTF-8 without BOM, commas, CRLF (RFC 4180)."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([safe(cell) for cell in headings])
    for number, line in enumerate(lines, 1):
        writer.writerow([safe(cell) for cell in line])
        if number % PAGE == 0:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


def write_xlsx(
    path: Path, title: str, headings: Sequence[str], lines: Iterable[Sequence[str]]
) -> None:
    """The workbook: every cell is text, so that no spreadsheet makes numbers of NIK again."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, options) as book:
        text = book.add_format({"num_format": "@"})
        bold = book.add_format({"num_format": "@", "bold": True})
        sheet = book.add_worksheet(title)
        sheet.set_column(0, len(headings) - 1, 20, text)
        sheet.freeze_panes(1, 0)
        for column, heading in enumerate(headings):
            sheet.write_string(0, column, safe(heading), bold)
        for number, line in enumerate(lines, 1):
            if number > XLSX_ROWS:
                break
            for column, cell in enumerate(line):
                sheet.write_string(number, column, safe(cell), text)
