"""Rejected rows for their owner: on the page, as CSV for scripts, as XLSX with text cells.

In front of the original columns stand row, column, value, reason, repair and `row_ref`. The party
corrects the original columns and uploads the file as it is: `row_ref` says which row is meant.

Next station: the party's page and `GET rosters/{id}/rejected.csv`, `.xlsx`; then back to
`verification.rosters.reader`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from verification.checks.reasons import is_english
from verification.models import RejectedRow, RosterVersion
from verification.rosters import sheets
from verification.rosters.columns import REPORT_HEADINGS, REPORT_HEADINGS_ID
from verification.rosters.rejections import open_cells
from verification.rosters.texts import Problem, problems_of_errors
from verification.secrets import FieldKeys

PAGE = 1_000
LINE_END = " | "


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
    """The CSV in pieces."""
    lines = (_line(row, headings) for row in rows)
    return sheets.csv_chunks((*REPORT_HEADINGS, *headings), lines)


def write_xlsx(
    path: Path, rows: Iterable[Rejected], headings: tuple[str, ...], locale: str
) -> None:
    """The workbook."""
    ours = REPORT_HEADINGS if is_english(locale) else REPORT_HEADINGS_ID
    lines = (_line(row, headings) for row in rows)
    sheets.write_xlsx(path, "Ditolak", (*ours, *headings), lines)


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
    return [*report, *(shown.get(heading, "") for heading in headings)]
