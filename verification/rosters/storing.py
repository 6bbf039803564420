"""Frames into tables, as fast as each database can take them, and never half a list.

PostgreSQL: everything of an attempt is one transaction of COPY, which leaves nothing behind when it
dies. SQLite: short transactions, since a writer keeps all others waiting; what a dead attempt has
left belongs to no current version and is swept by the next one.

Next station: `verification.rosters.finishing` moves the pointer.
"""

from __future__ import annotations

import io
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, cast

import polars as pl
import psycopg
from sqlalchemy import CursorResult, Executable, text
from sqlalchemy.exc import OperationalError

from verification.db import Sessions
from verification.errors import Stale
from verification.rosters.stored import whose

TAKEN = "another worker is storing the same list"
COPIED = 50_000
# A SQLite writer aims at so many seconds a transaction, of the 100 ms it may take.
AIM = 0.04
FEWEST, FIRST, MOST = 200, 1_000, 8_000
FEWEST_PAGES = 4
# Bytes in hexadecimal digits, in COPY's text format.
_HEX = r"\\x"


class Writer(Protocol):
    """Writes frames whose columns are a table's, and runs statements beside them."""

    def insert(self, table: str, rows: pl.DataFrame) -> None:
        """All rows. Raises Stale when some of them are there already."""

    def run(self, statement: Executable) -> int:
        """One statement in a transaction; returns how many rows it met."""


@contextmanager
def writer(sessions: Sessions, beat: Callable[[], None]) -> Iterator[Writer]:
    """The writer for a database. `beat` is called between batches, where nothing is locked."""
    if sessions.dialect != "postgresql":
        yield _Sqlite(sessions, beat)
        return
    with sessions.begin() as session:
        yield _Postgres(session, beat)


def sweep(
    sessions: Sessions, table: str, number: str, version_id: int, beat: Callable[[], None]
) -> None:
    """Take away what an attempt that was cut short has left of a version, `number` by number."""
    its = whose(table, version_id)
    page = text(
        f"DELETE FROM {table} WHERE {its} AND {number} IN"  # noqa: S608 - our names
        f" (SELECT {number} FROM {table} WHERE {its} ORDER BY {number} LIMIT :page)"
    )
    size = COPIED
    if sessions.dialect == "sqlite":
        size = FEWEST_PAGES if number == "number" else FIRST
    while True:
        with sessions.begin() as session:
            gone = session.execute(page, {"page": size})
        if not cast("CursorResult[Any]", gone).rowcount:
            return
        beat()


class _Postgres:
    """One transaction; a batch is a COPY."""

    def __init__(self, session: Any, beat: Callable[[], None]) -> None:
        self._session, self._beat = session, beat

    def insert(self, table: str, rows: pl.DataFrame) -> None:
        connection = self._session.connection()
        driver = cast("Any", connection.connection.driver_connection)
        into = f"COPY {table} ({', '.join(rows.columns)}) FROM STDIN"
        for start in range(0, rows.height, COPIED):
            try:
                with driver.cursor() as cursor, cursor.copy(into) as copy:
                    copy.write(_spelled(rows.slice(start, COPIED)))
            except psycopg.errors.UniqueViolation:
                raise Stale(TAKEN) from None
            except psycopg.OperationalError as error:
                raise OperationalError("COPY", None, error) from None
            self._beat()

    def run(self, statement: Executable) -> int:
        return int(self._session.execute(statement).rowcount)


def _spelled(rows: pl.DataFrame) -> bytes:
    """COPY's own text format, which the server reads in two thirds of the time that CSV takes it.

    No text of ours holds a control character (`accepted`), and one that did would make the server
    count columns or rows wrongly and refuse the whole; so only `\\` is looked for.
    """
    binary = [name for name, kind in rows.schema.items() if kind == pl.Binary()]
    text = [name for name, kind in rows.schema.items() if kind == pl.String()]
    hexed = rows.with_columns(
        pl.concat_str(pl.lit(_HEX), pl.col(name).bin.encode("hex")).alias(name) for name in binary
    )
    written = _tabbed(hexed)
    if written.count(b"\\") == len(_HEX[:-1]) * len(binary) * rows.height:
        return written
    return _tabbed(hexed.with_columns(pl.col(text).str.replace_all("\\", "\\\\", literal=True)))


def _tabbed(rows: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    rows.write_csv(out, include_header=False, separator="\t", quote_style="never", null_value="\\N")
    return out.getvalue()


class _Sqlite:
    """Short transactions that find their own size."""

    def __init__(self, sessions: Sessions, beat: Callable[[], None]) -> None:
        self._sessions, self._beat, self._size = sessions, beat, FIRST

    def insert(self, table: str, rows: pl.DataFrame) -> None:
        same = _same(rows)
        columns = [*(name for name in rows.columns if name not in same), *same]
        rows = rows.drop(same)
        marks = ", ".join([*("?" * rows.width), *same.values()])
        into = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - our names
        start = 0
        while start < rows.height:
            batch = rows.slice(start, self._size).rows()
            start += len(batch)
            began = time.monotonic()
            with self._sessions.begin() as session:
                driver = cast("Any", session.connection().connection.driver_connection)
                try:
                    driver.executemany(into, batch)
                except sqlite3.IntegrityError:
                    raise Stale(TAKEN) from None
            taken = max(time.monotonic() - began, 0.001)
            wanted = round(len(batch) * min(2.0, AIM / taken))
            self._size = max(FEWEST, min(MOST, wanted))
            self._beat()

    def run(self, statement: Executable) -> int:
        with self._sessions.begin() as session:
            met = cast("CursorResult[Any]", session.execute(statement)).rowcount
        self._beat()
        return int(met)


def _same(rows: pl.DataFrame) -> dict[str, str]:
    """What a whole number column holds in every row, as SQL: each value handed over is two locks."""
    numbers = [name for name, kind in rows.schema.items() if kind.is_integer()]
    if rows.is_empty():
        return {}
    firsts = pl.col(numbers).first()
    equal = rows.select((pl.col(numbers) == firsts).all(ignore_nulls=False)).row(0, named=True)
    return {name: str(rows[name][0]) for name in numbers if equal[name]}
