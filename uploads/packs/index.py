"""Where in which segment a document lies, whether it was reported, and in which order documents came.

A small SQLite file beside the segments, shared by all processes. It holds ids and places, nothing of what
was sent; whatever it loses is read again from the segments, so it is written without a sync for each
batch. Only erasing syncs, because a document must not come back.

Next station: `uploads/packs/reader.py`.
"""

import contextlib
import logging
import os
import secrets
import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uploads.capability import shard_of

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 10.0
UNREPORTED, REPORTED, ERASING = 0, 1, 2
SCHEMA = """
CREATE TABLE IF NOT EXISTS about (epoch TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS segment (
    name TEXT PRIMARY KEY, nonce BLOB NOT NULL, end INTEGER NOT NULL, closed INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS document (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE,
    segment TEXT NOT NULL, at INTEGER NOT NULL, size INTEGER NOT NULL, state INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS open_document ON document (state) WHERE state <> 1;
CREATE INDEX IF NOT EXISTS document_segment ON document (segment);
"""
PLACES = (
    "SELECT d.id, d.segment, s.nonce, d.at, d.size FROM document d"
    " JOIN segment s ON s.name = d.segment WHERE "
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document lies: its head at `at`, `size` bytes behind it."""

    upload_id: str
    segment: str
    nonce: bytes
    at: int
    size: int


@dataclass(frozen=True, slots=True)
class Known:
    """A segment: documents up to `end` are in the index; nothing is appended once it is `closed`."""

    name: str
    nonce: bytes
    end: int
    closed: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """How far somebody has read; an index made anew has another epoch and is read from its beginning."""

    epoch: str = ""
    seq: int = 0


class Index:
    """One connection, for one thread at a time; opened again after a fork or when the file was replaced.

    Raises sqlite3.Error.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._opened_in = (0, 0)

    def create(self) -> None:
        """Make the index, or take the one there is; one process at a time.

        One that is no index at all is made anew, empty, to be filled from the segments.
        """
        with self._lock:
            try:
                self._create()
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:
                self.make_anew()

    def make_anew(self) -> None:
        """Throw a broken index away."""
        with self._lock:
            log.error("the index of packs was broken; it is read from the segments")
            self.close()
            for ending in ("", "-wal", "-shm"):
                self.path.with_name(self.path.name + ending).unlink(missing_ok=True)
            self._create()

    def exists(self) -> bool:
        return self.path.exists()

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def add(self, segment: Known, places: Iterable[Place], reported: Iterable[str] = ()) -> None:
        """A batch: where it lies, how far its segment is known now, and what was reported meanwhile."""
        with self._writing() as connection:
            connection.execute(
                "INSERT INTO segment VALUES (?, ?, ?, ?) ON CONFLICT (name)"
                " DO UPDATE SET end = excluded.end, closed = excluded.closed",
                (segment.name, segment.nonce, segment.end, segment.closed),
            )
            connection.executemany(
                "INSERT OR IGNORE INTO document (id, segment, at, size, state)"
                " VALUES (?, ?, ?, ?, 0)",
                [(_key(each.upload_id), each.segment, each.at, each.size) for each in places],
            )
            self._mark(connection, reported)

    def reported(self, upload_ids: Iterable[str]) -> None:
        with self._writing() as connection:
            self._mark(connection, upload_ids)

    def erasing(self, upload_id: str) -> None:
        """From now on the document is gone for every reader, also after a power cut."""
        with self._writing(durably=True) as connection:
            connection.execute("UPDATE document SET state = 2 WHERE id = ?", (_key(upload_id),))

    def erased(self, upload_id: str) -> None:
        with self._writing(durably=True) as connection:
            connection.execute("DELETE FROM document WHERE id = ?", (_key(upload_id),))

    def forget_segment(self, name: str) -> None:
        with self._writing() as connection:
            connection.execute("DELETE FROM segment WHERE name = ?", (name,))

    def find(self, upload_id: str) -> Place | None:
        """Where a document lies that is there and not being erased."""
        found = self._places("id = ? AND state <> 2", (_key(upload_id),))
        return found[0] if found else None

    def to_erase(self) -> list[Place]:
        """Documents whose erasing began."""
        return self._places("state = 2", ())

    def unreported(self, shards: Collection[int]) -> list[str]:
        rows = self._read("SELECT id FROM document WHERE state = 0 ORDER BY seq", ())
        return [key.hex() for (key,) in rows if shard_of(key.hex()) in shards]

    def ids(self) -> Iterator[str]:
        """Every document, in the order of ids, a page at a time."""
        last = b""
        while rows := self._read(
            "SELECT id FROM document WHERE id > ? AND state <> 2 ORDER BY id LIMIT 1000", (last,)
        ):
            yield from (key.hex() for (key,) in rows)
            last = rows[-1][0]

    def since(self, mark: Mark, limit: int) -> tuple[list[str], Mark]:
        """Documents that came after a mark, in their order, and the mark behind them."""
        [(epoch,)] = self._read("SELECT epoch FROM about", ())
        seq = mark.seq if mark.epoch == epoch else 0
        rows = self._read(
            "SELECT seq, id FROM document WHERE seq > ? AND state <> 2 ORDER BY seq LIMIT ?",
            (seq, limit),
        )
        return [key.hex() for _, key in rows], Mark(epoch, rows[-1][0] if rows else seq)

    def segments(self) -> dict[str, Known]:
        rows = self._read("SELECT name, nonce, end, closed FROM segment", ())
        return {name: Known(name, nonce, end, bool(closed)) for name, nonce, end, closed in rows}

    def count_in(self, segment: str) -> int:
        [(count,)] = self._read("SELECT COUNT(*) FROM document WHERE segment = ?", (segment,))
        return int(count)

    def totals(self) -> tuple[int, int]:
        """Documents, and their bytes."""
        [(count, size)] = self._read(
            "SELECT COUNT(*), COALESCE(SUM(size), 0) FROM document WHERE state <> 2", ()
        )
        return int(count), int(size)

    def _places(self, condition: str, values: Sequence[object]) -> list[Place]:
        rows = self._read(PLACES + condition, values)
        return [
            Place(key.hex(), segment, nonce, at, size) for key, segment, nonce, at, size in rows
        ]

    def _mark(self, connection: sqlite3.Connection, upload_ids: Iterable[str]) -> None:
        connection.executemany(
            "UPDATE document SET state = 1 WHERE id = ? AND state = 0",
            [(_key(each),) for each in upload_ids],
        )

    def _read(self, statement: str, values: Sequence[object]) -> list[Any]:
        with self._lock:
            return self._open().execute(statement, values).fetchall()

    @contextlib.contextmanager
    def _writing(self, *, durably: bool = False) -> Iterator[sqlite3.Connection]:
        with self._lock:
            connection = self._open()
            connection.execute(f"PRAGMA synchronous = {'FULL' if durably else 'NORMAL'}")
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def _create(self) -> None:
        connection = self._connect("rwc")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN IMMEDIATE")
        for statement in filter(str.strip, SCHEMA.split(";")):
            connection.execute(statement)
        if not connection.execute("SELECT 1 FROM about").fetchall():
            connection.execute("INSERT INTO about VALUES (?)", (secrets.token_hex(8),))
        connection.execute("COMMIT")

    def _open(self) -> sqlite3.Connection:
        # A child process must not use its parent's connection, nor close it.
        if self._connection is None or self._opened_in != self._here():
            if self._opened_in[0] == os.getpid():
                self.close()
            self._connection = None
            return self._connect("rw")
        return self._connection

    def _here(self) -> tuple[int, int]:
        return os.getpid(), self.path.stat().st_ino

    def _connect(self, mode: str) -> sqlite3.Connection:
        self._connection = sqlite3.connect(
            f"{self.path.resolve().as_uri()}?mode={mode}",
            uri=True,
            timeout=PATIENCE_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        if mode == "rwc":
            self._connection.execute("SELECT * FROM sqlite_master").fetchall()
        self._opened_in = self._here()
        return self._connection


def _key(upload_id: str) -> bytes:
    return bytes.fromhex(upload_id)
