"""Taking work by lease: one statement, the same for jobs and review items on both databases.

PostgreSQL skips rows that others have locked (`FOR UPDATE SKIP LOCKED`); SQLite has one writer at a
time and leaves that clause out. The state is written into the statement as a literal because a partial
index is only used when its condition can be read there.

A lease ends at a moment that was passed in, never at one taken from a clock here. One that ends later
than any lease can be given comes from a clock that has jumped, and counts as run out.

Next station: `verification.jobs` for the worker, `verification.queue` for the desk.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, literal_column, or_, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from verification.models import Item, Job

LONGEST = timedelta(hours=24)

Leased = TypeVar("Leased", Item, Job)


def word(value: StrEnum) -> ColumnElement[str]:
    """A state as a literal of the statement."""
    return literal_column(f"'{value.value}'")


def take(
    session: Session, table: type[Leased], wanted: Select[int], values: Mapping[str, Any]
) -> Leased | None:
    """Change the first row of `wanted` (a select of ids, ordered) that nobody else is taking.

    None: there is no such row now.
    """
    first = wanted.limit(1).with_for_update(skip_locked=True, of=table).scalar_subquery()
    return change(session, table, table.id == first, values=values)


def change(
    session: Session,
    table: type[Leased],
    *conditions: ColumnElement[bool],
    values: Mapping[str, Any],
) -> Leased | None:
    """Change one row if it still meets the conditions: compare and set. None when it does not."""
    return session.scalars(
        update(table).where(*conditions).values(**values).returning(table),
        execution_options={"populate_existing": True, "synchronize_session": False},
    ).one_or_none()


def ran_out(until: InstrumentedAttribute[datetime | None], now: datetime) -> ColumnElement[bool]:
    """Whether a lease has ended at `now`."""
    return or_(until <= now, until > now + LONGEST)


def lasts(until: InstrumentedAttribute[datetime | None], now: datetime) -> ColumnElement[bool]:
    """Whether a lease still holds at `now`."""
    return until.between(now + timedelta(microseconds=1), now + LONGEST)


def seconds_left(until: datetime | None, now: datetime) -> int:
    """How long a lease still holds, whole seconds, never negative."""
    if until is None or until > now + LONGEST:
        return 0
    return max(0, int((until - now).total_seconds()))


def lease_end(now: datetime, seconds: float) -> datetime:
    """Until when a lease given now lasts."""
    return now + min(timedelta(seconds=seconds), LONGEST)
