"""Many rows at once, alike on both databases: look up among many keys, insert many rows.

Keys are one parameter, a JSON array; on PostgreSQL rows are one JSON document too, so that a statement
reads the same for any number of them, is built and prepared once and is one message. SQLite, in our own
process, takes rows one by one.

Next station: `verification.journal`, `verification.jobs` and `verification.intake` write with it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    CompoundSelect,
    CursorResult,
    Dialect,
    Select,
    String,
    Table,
    bindparam,
    column,
    func,
    literal,
    null,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.functions import FunctionElement

from verification.db import Base

SQLITE = "sqlite"
ROWS = "rows_as_json"
KEYS = "keys_as_json"
ID = "id_of_row"
Row = Mapping[str, Any]
Statement = UpdateBase | Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]]
Rows = CursorResult[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Upsert:
    """Which columns tell that a row is there (`keys`), which take their new values, and when: `where`
    gets the columns of the row that was to be inserted. To those of `adds` the new value is added.
    """

    keys: tuple[str, ...]
    changes: tuple[str, ...] = ()
    adds: tuple[str, ...] = ()
    where: Callable[[Any], ColumnElement[bool]] | None = None


class _Among(FunctionElement[bool]):
    """`attribute` is one of the values in a JSON array."""

    type = Boolean()
    inherit_cache = True
    # Else it is written `… IN (…) = 1` for SQLite, which then reads the whole table.
    _is_implicitly_boolean = True


class _AmongNumbers(_Among):
    inherit_cache = True


@compiles(_Among, "postgresql")
def _among_words(element: _Among, compiler: SQLCompiler, **settings: Any) -> str:
    attribute, keys = (compiler.process(each, **settings) for each in element.clauses)
    return f"{attribute} = ANY (ARRAY(SELECT json_array_elements_text(CAST({keys} AS json))))"


@compiles(_AmongNumbers, "postgresql")
def _among_numbers(element: _Among, compiler: SQLCompiler, **settings: Any) -> str:
    attribute, keys = (compiler.process(each, **settings) for each in element.clauses)
    values = f"SELECT CAST(json_array_elements_text(CAST({keys} AS json)) AS bigint)"
    return f"{attribute} = ANY (ARRAY({values}))"


@compiles(_Among, "sqlite")
def _among_values(element: _Among, compiler: SQLCompiler, **settings: Any) -> str:
    attribute, keys = (compiler.process(each, **settings) for each in element.clauses)
    return f"{attribute} IN (SELECT value FROM json_each({keys}))"  # noqa: S608 - compiled, no text of ours


def listed(attribute: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """`attribute IN (keys)` for a statement built once, executed with `keys_in(keys)`."""
    return _among(attribute, bindparam(KEYS, type_=String()))


def keys_in(keys: Iterable[object]) -> dict[str, Any]:
    """The parameter of `listed`."""
    return {KEYS: _as_json(keys)}


def among(attribute: InstrumentedAttribute[Any], keys: Iterable[object]) -> ColumnElement[bool]:
    """`attribute IN (keys)`; nothing is among no keys."""
    return _among(attribute, literal(_as_json(keys), String()))


def _among(attribute: InstrumentedAttribute[Any], keys: ColumnElement[str]) -> ColumnElement[bool]:
    kind = _AmongNumbers if attribute.type.python_type is int else _Among
    return kind(attribute, keys)


def _as_json(keys: Iterable[object]) -> str:
    return json.dumps(list(set(keys)))


def execute(session: Session, statement: Statement, keys: Iterable[object], **values: int) -> Rows:
    """A statement built once, over `listed` keys; of its rows plain numbers and text only."""
    session.flush()
    given = keys_in(keys) | values
    if _dialect(session) == SQLITE:
        return session.connection().execute(statement, given)
    return _run(session, statement, given)


def insert_all(session: Session, model: type[Base], rows: Sequence[Row]) -> None:
    """Insert rows given by column names; what is left out has its column's default."""
    if rows:
        _execute(session, model, rows, _insert(model, _dialect(session)))


def insert_new(session: Session, model: type[Base], rows: Sequence[Row], key: str) -> set[Any]:
    """Insert the rows whose unique `key` is not there yet; the keys of those inserted."""
    if not rows:
        return set()
    told = _insert_new(model, _dialect(session), key)
    return set(_execute(session, model, rows, told).scalars())


def upsert_all(session: Session, model: type[Base], rows: Sequence[Row], rule: Upsert) -> None:
    """Insert rows; one whose keys are there is changed instead, if the rule says so."""
    if rows:
        _execute(session, model, rows, _upsert(model, _dialect(session), rule))


def update_all(
    session: Session, model: type[Base], rows: Sequence[Row], changes: tuple[str, ...]
) -> None:
    """Give the rows of some `id`s new values in the columns `changes`."""
    if not rows:
        return
    if _dialect(session) == SQLITE:
        session.connection().execute(
            _update_one(model, changes), [{**row, ID: row["id"]} for row in rows]
        )
    else:
        _send(session, _update(model, changes), rows)


@cache
def _update(model: type[Base], changes: tuple[str, ...]) -> UpdateBase:
    table = _table(model)
    source = _rows_of(table, ["id", *changes]).subquery()
    return (
        update(table)
        .where(table.c.id == source.c.id)
        .values({name: source.c[name] for name in changes})
    )


@cache
def _update_one(model: type[Base], changes: tuple[str, ...]) -> UpdateBase:
    table = _table(model)
    values: dict[str, Any] = {name: bindparam(name) for name in changes}
    return update(table).where(table.c.id == bindparam(ID)).values(values)


@cache
def _insert(model: type[Base], dialect: str) -> sqlite.Insert | postgresql.Insert:
    table = _table(model)
    if dialect == SQLITE:
        return sqlite.insert(table)
    names = [name for name, _ in _filling(model)]
    return postgresql.insert(table).from_select(names, _rows_of(table, names))


@cache
def _insert_new(model: type[Base], dialect: str, key: str) -> UpdateBase:
    told = _insert(model, dialect).on_conflict_do_nothing(index_elements=[key])
    return told.returning(_table(model).columns[key])


@cache
def _upsert(model: type[Base], dialect: str, rule: Upsert) -> UpdateBase:
    statement = _insert(model, dialect)
    there, new = _table(model).c, statement.excluded
    return statement.on_conflict_do_update(
        index_elements=list(rule.keys),
        set_={name: new[name] for name in rule.changes}
        | {name: there[name] + new[name] for name in rule.adds},
        where=None if rule.where is None else rule.where(new),
    )


def _rows_of(table: Table, names: Sequence[str]) -> Select[Any]:
    # The table's own row type says what each value of the document is.
    record = null().op("::")(column(table.name, is_literal=True))
    source = func.json_populate_recordset(record, bindparam(ROWS, type_=String()).op("::")(
        column("json", is_literal=True)
    )).table_valued(*names)  # fmt: skip
    return select(*(source.c[name] for name in names))


def _execute(session: Session, model: type[Base], rows: Sequence[Row], statement: Any) -> Any:
    filled = [_filled(model, row) for row in rows]
    if _dialect(session) == SQLITE:
        return session.execute(statement, filled)
    return _send(session, statement, filled)


def _send(session: Session, statement: UpdateBase, rows: Sequence[Row]) -> Rows:
    return _run(session, statement, {ROWS: json.dumps(rows, default=_spelled)})


def _run(session: Session, statement: Statement, values: Mapping[str, Any]) -> Rows:
    """Without SQLAlchemy's preparations, which cost more than a short statement itself."""
    sql, own = _spelled_out(statement, session.get_bind().dialect)
    return session.connection().exec_driver_sql(sql, {**own, **values})


@cache
def _spelled_out(statement: Statement, dialect: Dialect) -> tuple[str, dict[str, Any]]:
    compiled = statement.compile(dialect=dialect)
    return str(compiled), dict(compiled.params)


def _filled(model: type[Base], row: Row) -> dict[str, Any]:
    """The row with the defaults that SQLAlchemy would add when it builds an insert of one row."""
    return {name: row[name] if name in row else default() for name, default in _filling(model)}


@cache
def _filling(model: type[Base]) -> list[tuple[str, Callable[[], Any]]]:
    """The columns a row is inserted with, and what stands in those it does not name."""
    found: list[tuple[str, Callable[[], Any]]] = []
    for part in _table(model).columns:
        given: Any = part.default
        if given is not None:
            default = partial(_same, given.arg) if given.is_scalar else partial(given.arg, None)
            found.append((part.name, default))
        elif part is not _table(model).autoincrement_column:
            found.append((part.name, partial(_same, None)))
    return found


def _same(value: Any) -> Any:
    return value


def _spelled(value: object) -> str:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} does not go into a batch")


def _table(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)
    return table


def _dialect(session: Session) -> str:
    return session.get_bind().dialect.name
