"""Base, column types and sessions for both databases.

It stands here because this is the lowest package that needs a database; the portal's tables join the
same metadata, so that foreign keys across the border are real.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    String,
    TypeDecorator,
    create_engine,
    event,
)
from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import ConnectionPoolEntry

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

# SQLite gives a rowid, and with it AUTOINCREMENT-like keys, to INTEGER PRIMARY KEY only.
BigKey = BigInteger().with_variant(Integer(), "sqlite")


class Base(DeclarativeBase):
    """Every table of the product."""

    metadata = MetaData(naming_convention=NAMING)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC on both databases; a naive one is refused, never guessed."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime has no place in the database")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def bigint_key() -> Mapped[int]:
    """The inner key of a table."""
    return mapped_column(BigKey, primary_key=True)


def new_public_id() -> str:
    """128 random bits as 32 lowercase hex digits: what the outside may know of a row."""
    return secrets.token_hex(16)


def public_key() -> Mapped[str]:
    """The outer key of a table."""
    return mapped_column(String(32), unique=True, default=new_public_id)


def one_of(column: str, words: type[StrEnum]) -> CheckConstraint:
    """CHECK that a text column holds one of an enumeration's words (or NULL where it may)."""
    listed = ", ".join(f"'{word.value}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


class Sessions:
    """Opens the two kinds of transactions there are.

    On SQLite a writing transaction must begin IMMEDIATE: a deferred one that turns into a writer
    fails at once with SQLITE_BUSY instead of waiting for its turn.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        # PostgreSQL's default would show each statement a newer state: a file just received, and
        # its reservation just gone, are then neither there.
        snapshot = {} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
        self._reading = engine.execution_options(sqlite_begin="BEGIN", **snapshot)

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """A writing transaction: commits at the end of the block, rolls back on any exception."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A reading transaction: one snapshot, never committed."""
        with Session(self._reading, expire_on_commit=False, autoflush=False) as session:
            yield session

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name


def make_engine(url: str, *, pool_size: int = 10, busy_seconds: float = 20.0) -> Engine:
    """An engine for `sqlite:///…` or `postgresql+psycopg://…`.

    `busy_seconds`: how long a SQLite writer waits for its turn before "database is locked".
    """
    # Parameters are people's names and addresses: an error that prints them prints them into a log.
    pooled: dict[str, Any] = {"pool_size": pool_size, "max_overflow": 5, "hide_parameters": True}
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, **pooled)
    engine = create_engine(url, connect_args={"timeout": busy_seconds}, **pooled)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # sqlite3: we send BEGIN ourselves
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-32000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    connection.exec_driver_sql(options.get("sqlite_begin", "BEGIN IMMEDIATE"))
