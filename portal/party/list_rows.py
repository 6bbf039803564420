"""The rows under a list's three tabs: rejected, stored with warnings, in a list more than once.

Next station: the page; the download of the rejected rows is the API's.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.babel import locale
from portal.context import services
from verification.counting.tallies import repeats_of
from verification.duplicates.told import external_count
from verification.models import Member, RosterVersion
from verification.rosters.rejected import rejected_rows
from verification.rosters.rules.listwide import REPEATS
from verification.rosters.texts import problems_of_warnings
from verification.rosters.work import named_in_words

PAGE = 50
REJECTED, WARNED, REPEATED = TABS = ("ditolak", "peringatan", "ganda")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One thing about one row. `value` is the party's own cell or name, for its own eyes."""

    line: int
    column: str
    value: str
    message: str
    repair: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """A page of a tab; `next` is the line after which the next one begins."""

    shown: tuple[Shown, ...]
    next: int | None


def counts_of(session: Session, version: RosterVersion) -> dict[str, int]:
    """How many rows each tab has; `ganda` sums what is beside it: the three kinds, other parties."""
    kinds = repeats_of(session, version.id) if version.repeated is not None else {}
    kinds["external"] = external_count(session, version)
    return {
        REJECTED: version.rejected or 0,
        WARNED: version.warned or 0,
        REPEATED: sum(kinds.values()),
        **kinds,
    }


def rows_of(session: Session, version: RosterVersion, tab: str, after: int) -> Rows:
    """The rows of a tab after a line."""
    if tab == REJECTED:
        return _rejected(session, version, after)
    return _warned(session, version, after, mask=REPEATS if tab == REPEATED else None)


def _rejected(session: Session, version: RosterVersion, after: int) -> Rows:
    found = list(
        rejected_rows(
            session, services().field_keys, version, locale(), after=after, limit=PAGE + 1
        )
    )
    kept = found[:PAGE]
    return Rows(
        shown=tuple(
            Shown(
                line=row.line,
                column=each.column,
                value=row.value(each),
                message=each.message,
                repair=each.repair,
            )
            for row in kept
            for each in row.problems
        ),
        next=kept[-1].line if len(found) > PAGE else None,
    )


def _warned(session: Session, version: RosterVersion, after: int, *, mask: int | None) -> Rows:
    marked = Member.warnings != 0 if mask is None else Member.warnings.bitwise_and(mask) != 0
    found = list(
        session.scalars(
            select(Member)
            .where(Member.of(version.id, after), marked)
            .order_by(Member.id)
            .limit(PAGE + 1)
        )
    )
    kept = found[:PAGE]
    named = named_in_words(session, version.id)
    return Rows(
        shown=tuple(
            Shown(
                line=row.line, column="", value=row.name, message=each.message, repair=each.repair
            )
            for row in kept
            for each in problems_of_warnings(
                row.warnings if mask is None else row.warnings & mask, locale(), named
            )
        ),
        next=kept[-1].line if len(found) > PAGE else None,
    )
