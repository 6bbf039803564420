"""`INSERT … ON CONFLICT`, which both databases have and SQLAlchemy spells once for each.

Next station: `verification.jobs` and `verification.item_making` put rows down with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from verification.db import Base


def upsert(session: Session, table: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """An insert into `table` that takes `on_conflict_do_nothing` and `on_conflict_do_update`."""
    if session.get_bind().dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def run_many(
    session: Session, insert: sqlite.Insert | postgresql.Insert, rows: Sequence[Mapping[str, Any]]
) -> None:
    """What `upsert` began, for rows with the same columns, at least one.

    PostgreSQL takes them as one array a column: one statement and not one a row.
    """
    if isinstance(insert, sqlite.Insert):
        session.execute(insert, list(rows))
        return
    columns = insert.table.c
    arrays = (
        func.unnest(literal([row[name] for row in rows], postgresql.ARRAY(columns[name].type)))
        for name in rows[0]
    )
    listed = insert.from_select(list(rows[0]), select(*arrays), include_defaults=False)
    session.execute(listed)
