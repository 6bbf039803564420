"""The PostgreSQL of the tests: nothing here has to survive a power cut, so nothing waits for the disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from portal.bench import postgres
from portal.bench.postgres import PostgresMissing, programs
from portal.bench.processes import free_port
from verification.db import Base

__all__ = ["Cluster", "PostgresMissing", "free_port", "programs"]

SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum_naptime": "5min",
}

# A database that grew beyond this is dropped: what was deleted in it would be read over and over.
WORN_BYTES = 13_000_000
# Whoever a test left behind must not write after the rows are gone.
EVICT = """
    SELECT pg_terminate_backend(pid, 20000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
TABLES = (
    "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
)
BEGIN_AGAIN = """
    SELECT setval(oid::regclass, 1, false) FROM pg_class
    WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace
"""


class Cluster(postgres.Cluster):
    """A running server of this test run. Raises PostgresMissing."""

    def __init__(self) -> None:
        super().__init__(SETTINGS)
        self._emptied: list[str] = []

    @contextmanager
    def empty_database(self) -> Iterator[str]:
        """The URL of a migrated database without rows; keys begin at 1.

        Copying one for each test and dropping it costs more than most tests: it is emptied
        afterwards and goes to the next. One with other tables than before does not.
        """
        name = self._emptied.pop() if self._emptied else self.create()
        yield self.url(name)
        if self._empty(name):
            self._emptied.append(name)
        else:
            self.drop(name)

    def _empty(self, name: str) -> bool:
        """Take every row out; False, and nothing done, when it is not worth keeping."""
        where = psycopg.connect(
            host="127.0.0.1", port=self.port, user=postgres.SUPERUSER, dbname=name, autocommit=True
        )
        with where as database:
            tables = {str(row[0]) for row in database.execute(TABLES)}
            size = database.execute("SELECT pg_database_size(current_database())").fetchone()
            if tables != set(Base.metadata.tables) or size is None or size[0] > WORN_BYTES:
                return False
            database.execute(EVICT)
            # Foreign keys would ask for an order; nothing is left that they could miss.
            database.execute("SET session_replication_role = replica")
            deletes = [sql.SQL("DELETE FROM {}").format(sql.Identifier(name)) for name in tables]
            database.execute(sql.SQL(";").join(deletes))
            database.execute(BEGIN_AGAIN)
        return True
