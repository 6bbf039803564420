"""Rejected rows for their owner: on the page, as CSV for scripts, as XLSX with text cells.

In front of the original columns stand row, column, value, reason, repair and `row_ref`. The party
corrects the original columns and uploads the file as it is: `row_ref` says which row is meant. Every
cell is formula-safe; the importer undoes that.

Next station: the party's page and `GET rosters/{id}/rejected.csv`, `.xlsx`; then back to
`verification.rosters.reader`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import xlsxwriter
from sqlalchemy import select
from sqlalchemy.orm import Session

from verification.models import RejectedRow, RosterVersion
from verification.rosters.cells import safe
from verification.rosters.columns import REPORT_HEADINGS, REPORT_HEADINGS_ID
from verification.rosters.rejections import open_cells
from verification.rosters.texts import Problem, problems_of_errors
from verification.secrets import FieldKeys

PAGE = 1_000
LINE_END = " | "
# Excel's own limit on rows, heading and all; a list with more rejected rows comes as CSV.
XLSX_ROWS = 1_048_575


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """One rejected row, opened. `cells`: heading to value as it was sent. May hold a NIK."""

    line: int
    row_ref: str
    headings: tuple[str, ...]
    cells: tuple[str, ...]
    problems: tuple[Problem, ...]

    def value(self, problem: Problem) -> str:
        """The cell a problem is about; the row's beginning when its cells cannot be told apart."""
        if problem.column in self.headings:
            index = self.headings.index(problem.column)
            return self.cells[index] if index < len(self.cells) else ""
        return "" if problem.column else LINE_END.join(self.cells)[:200]

    def by_heading(self) -> dict[str, str]:
        """The original columns; cells beyond the last heading go into the last one."""
        shown = dict(zip(self.headings, self.cells, strict=False))
        extra = self.cells[len(self.headings) :]
        if extra and self.headings:
            shown[self.headings[-1]] = LINE_END.join((shown[self.headings[-1]], *extra))
        return shown


def rejected_rows(
    session: Session,
    keys: FieldKeys,
    version: RosterVersion,
    locale: str,
    *,
    after: int = 0,
    limit: int | None = None,
) -> Iterator[Rejected]:
    """In line order, from the line after `after`; read in pages. Raises SealBroken."""
    left = limit
    while left is None or left > 0:
        page = session.scalars(
            select(RejectedRow)
            .where(RejectedRow.version_id == version.id, RejectedRow.line > after)
            .order_by(RejectedRow.line)
            .limit(PAGE if left is None else min(PAGE, left))
        ).all()
        if not page:
            return
        for row in page:
            headings, cells = open_cells(keys, version.roster.public_id, row.row_ref, row.cells)
            yield Rejected(
                line=row.line,
                row_ref=row.row_ref,
                headings=tuple(headings),
                cells=tuple(cells),
                problems=problems_of_errors(row.errors, locale),
            )
        after = page[-1].line
        left = None if left is None else left - len(page)


def original_headings(version: RosterVersion) -> tuple[str, ...]:
    """The columns of the list as the party wrote them; those of all its files when it was merged."""
    return tuple(version.columns.get("headings", ()))


def csv_chunks(rows: Iterable[Rejected], headings: tuple[str, ...]) -> Iterator[bytes]:
    """The CSV in pieces: UTF-8 without BOM, commas, CRLF (RFC 4180)."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([safe(cell) for cell in (*REPORT_HEADINGS, *headings)])
    for number, row in enumerate(rows, 1):
        writer.writerow(_line(row, headings))
        if number % PAGE == 0:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


def write_xlsx(
    path: Path, rows: Iterable[Rejected], headings: tuple[str, ...], locale: str
) -> None:
    """The workbook: every cell is text, so that no spreadsheet makes numbers of NIK again."""
    ours = REPORT_HEADINGS if locale.lower().startswith("en") else REPORT_HEADINGS_ID
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, options) as book:
        text = book.add_format({"num_format": "@"})
        bold = book.add_format({"num_format": "@", "bold": True})
        sheet = book.add_worksheet("Ditolak")
        sheet.set_column(0, len(ours) + len(headings) - 1, 20, text)
        sheet.freeze_panes(1, 0)
        for column, heading in enumerate((*ours, *headings)):
            sheet.write_string(0, column, safe(heading), bold)
        for number, row in enumerate(rows, 1):
            if number > XLSX_ROWS:
                break
            for column, cell in enumerate(_line(row, headings)):
                sheet.write_string(number, column, cell, text)


def _line(row: Rejected, headings: tuple[str, ...]) -> list[str]:
    shown = row.by_heading()
    report = (
        str(row.line),
        LINE_END.join(problem.column for problem in row.problems),
        LINE_END.join(row.value(problem) for problem in row.problems),
        LINE_END.join(problem.message for problem in row.problems),
        LINE_END.join(problem.repair for problem in row.problems),
        row.row_ref,
    )
    return [safe(cell) for cell in (*report, *(shown.get(heading, "") for heading in headings))]
