"""Engines that outlive a test: each test gives them its own database, statements stay compiled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Dialect, Engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from verification.db import make_engine

# By backend. A test with two databases at once has two of them.
_idle: dict[str, list[Engine]] = defaultdict(list)


@contextmanager
def engine_on(url: str) -> Iterator[Engine]:
    """The product's engine on a test's database; at the end every connection to it is closed.

    Compiling the statements of a page takes longer than running them. As with PostgreSQL here
    (`tests.postgres`), no commit waits for the disk.
    """
    idle = _idle[make_url(url).get_backend_name()]
    engine = idle.pop() if idle else _make(url)
    engine.url = make_url(url)
    try:
        yield engine
    finally:
        engine.dispose()
        idle.append(engine)


def _make(url: str) -> Engine:
    engine = make_engine(url)

    def lead(
        dialect: Dialect, _: ConnectionPoolEntry, where: list[Any], how: dict[str, Any]
    ) -> None:
        where[:], named = dialect.create_connect_args(engine.url)
        how.update(named)

    event.listen(engine, "do_connect", lead)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _hurry)
    return engine


def _hurry(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.execute("PRAGMA synchronous=OFF")
