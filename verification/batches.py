"""Many rows at once, alike on both databases: look up among many keys, insert many rows.

On PostgreSQL a batch is one parameter (an array, a JSON document), so that a statement reads the same
for any number of rows, is prepared once and is one message; SQLite, in our own process, has no use for
that and takes the rows one by one.

Next station: `verification.journal`, `verification.jobs` and `verification.intake` write with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    Table,
    bindparam,
    column,
    func,
    literal,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, Session

from verification.db import Base

ROWS = "rows_as_json"
Row = Mapping[str, Any]


def among(
    session: Session, attribute: InstrumentedAttribute[Any], keys: Iterable[object]
) -> ColumnElement[bool]:
    """`attribute IN (keys)`; nothing is among no keys."""
    if _on_sqlite(session):
        return attribute.in_(sorted(set(keys)))
    return attribute == func.any(literal(list(set(keys)), ARRAY(attribute.type)))


def insert_all(session: Session, model: type[Base], rows: Sequence[Row]) -> None:
    """Insert rows given by column names; what is left out has its column's default."""
    if rows:
        _execute(session, model, rows, _into(session, model, rows))


def insert_new(session: Session, model: type[Base], rows: Sequence[Row], key: str) -> set[Any]:
    """Insert the rows whose unique `key` is not there yet; the keys of those inserted."""
    if not rows:
        return set()
    statement = _into(session, model, rows)
    told = statement.on_conflict_do_nothing(index_elements=[key]).returning(
        model.__table__.columns[key]
    )
    return set(_execute(session, model, rows, told).scalars())


def upsert_all(
    session: Session,
    model: type[Base],
    rows: Sequence[Row],
    *,
    keys: Sequence[str],
    changes: Mapping[str, Any],
    where: ColumnElement[bool],
) -> None:
    """Insert rows; one whose `keys` are there is changed instead, if `where` holds for it."""
    if rows:
        statement = _into(session, model, rows)
        told = statement.on_conflict_do_update(
            index_elements=list(keys), set_=dict(changes), where=where
        )
        _execute(session, model, rows, told)


def _into(
    session: Session, model: type[Base], rows: Sequence[Row]
) -> sqlite.Insert | postgresql.Insert:
    table = _table(model)
    if _on_sqlite(session):
        return sqlite.insert(table)
    names = list(_filled(table, rows[0]))
    return postgresql.insert(table).from_select(names, _rows_of(table, names))


def _rows_of(table: Table, names: Sequence[str]) -> Select[Any]:
    # The table's own row type says what each value of the document is.
    record = literal(None).op("::")(column(table.name, is_literal=True))
    source = func.json_populate_recordset(record, bindparam(ROWS, type_=String()).op("::")(
        column("json", is_literal=True)
    )).table_valued(*names)  # fmt: skip
    return select(*(source.c[name] for name in names))


def _execute(session: Session, model: type[Base], rows: Sequence[Row], statement: Any) -> Any:
    table = _table(model)
    filled = [_filled(table, row) for row in rows]
    if _on_sqlite(session):
        return session.execute(statement, filled)
    return session.execute(statement, {ROWS: json.dumps(filled, default=_spelled)})


def _filled(table: Table, row: Row) -> dict[str, Any]:
    """The row with the defaults that SQLAlchemy would add when it builds an insert of one row."""
    whole: dict[str, Any] = {}
    for part in table.columns:
        if part.name in row:
            whole[part.name] = row[part.name]
        elif part.default is not None:
            given: Any = part.default
            whole[part.name] = given.arg if given.is_scalar else given.arg(None)
        elif not part.primary_key:
            whole[part.name] = None
    return whole


def _spelled(value: object) -> str:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} does not go into a batch")


def _table(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)
    return table


def _on_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"
