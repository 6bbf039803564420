"""A file that corrects a list: what stays of the version before, carried into the new one.

Rows are matched by `row_ref`, or where they have none by NIK and card number together. A member that
the file does not name stays; a rejected row that it does not name stays rejected; a corrected one
becomes a member on its old line.

Next station: `verification.rosters.finishing`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, exists, func, insert, literal, select, update
from sqlalchemy.orm import Session, aliased

from verification.db import Sessions
from verification.models import Member, RejectedRow
from verification.rosters.handover import accepted_rows

BATCH = 2_000
Table = type[Member] | type[RejectedRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A card number that a member of the version before holds, and that the file uses as well."""

    row_ref: str
    line: int
    nik: bytes


def taken_cards(sessions: Sessions, previous: int, accepted: Path) -> Mapping[str, Taken]:
    """Card numbers of the file that belong to a member who stays as he is."""
    cards, refs = set(), set()
    for row in accepted_rows(accepted):
        cards.add(row.texts["kta_number"])
        refs.add(row.row_ref)
    taken: dict[str, Taken] = {}
    with sessions.read() as session:
        rows = session.execute(
            select(Member.kta_number, Member.row_ref, Member.line, Member.nik)
            .where(Member.version_id == previous)
            .execution_options(yield_per=BATCH)
        )
        for card, row_ref, line, nik in rows:
            if card in cards and row_ref not in refs:
                taken[card] = Taken(row_ref=row_ref, line=line, nik=bytes(nik))
    return taken


def last_line(session: Session, version_id: int) -> int:
    """The highest line that a member or rejected row of a version stands on."""
    found = (
        session.scalar(select(func.max(table.line)).where(table.version_id == version_id))
        for table in (Member, RejectedRow)
    )
    return max(line or 0 for line in found)


def carry_over(sessions: Sessions, previous: int, version_id: int, beat: Callable[[], None]) -> int:
    """Copy what the file left alone; returns how many rejected rows it settled besides.

    To be called when the version holds the file's own rows and nothing else: which rows those are
    is what decides. "Besides": the row's member had been in the list all along.
    """
    settled = _settled_members(sessions, previous, version_id)
    _copy(sessions, RejectedRow, previous, version_id, (Member, RejectedRow), beat)
    _mark_resolved(sessions, previous, version_id, beat)
    _copy(sessions, Member, previous, version_id, (Member,), beat)
    return settled


def _in_version(table: Table, version_id: int, row: Table) -> ColumnElement[bool]:
    other = aliased(table)
    return exists().where(other.version_id == version_id, other.row_ref == row.row_ref)


def _settled_members(sessions: Sessions, previous: int, version_id: int) -> int:
    with sessions.read() as session:
        counted = select(func.count()).where(
            RejectedRow.version_id == previous,
            _in_version(Member, version_id, RejectedRow),
            _in_version(Member, previous, RejectedRow),
        )
        return session.scalar(counted) or 0


def _copy(
    sessions: Sessions,
    table: Table,
    previous: int,
    version_id: int,
    renewed_in: tuple[Table, ...],
    beat: Callable[[], None],
) -> None:
    columns: list[Any] = [
        column for column in table.__table__.c if column.name not in {"id", "version_id"}
    ]
    line = -1
    while (end := _page_end(sessions, table, previous, line)) is not None:
        kept = select(literal(version_id), *columns).where(
            table.version_id == previous,
            table.line > line,
            table.line <= end,
            # Compared with the file's own rows: those copied here have other references.
            *(~_in_version(renewed, version_id, table) for renewed in renewed_in),
        )
        names = ["version_id", *(column.name for column in columns)]
        with sessions.begin() as session:
            session.execute(insert(table).from_select(names, kept))
        line = end
        beat()


def _mark_resolved(
    sessions: Sessions, previous: int, version_id: int, beat: Callable[[], None]
) -> None:
    line = -1
    while (end := _page_end(sessions, RejectedRow, previous, line)) is not None:
        with sessions.begin() as session:
            session.execute(
                update(RejectedRow)
                .where(
                    RejectedRow.version_id == previous,
                    RejectedRow.line > line,
                    RejectedRow.line <= end,
                    _in_version(Member, version_id, RejectedRow),
                )
                .values(resolved_by_id=version_id),
                execution_options={"synchronize_session": False},
            )
        line = end
        beat()


def _page_end(sessions: Sessions, table: Table, version_id: int, line: int) -> int | None:
    with sessions.read() as session:
        page = (
            select(table.line)
            .where(table.version_id == version_id, table.line > line)
            .order_by(table.line)
            .limit(BATCH)
            .subquery()
        )
        end: int | None = session.scalar(select(func.max(page.c.line)))
        return end
