"""A database as one file: SQLite's own backup, PostgreSQL's pg_dump and pg_restore.

Both take one snapshot while everybody goes on working.

Next station: `portal/backup/making.py`, and `portal/backup/restoring.py` for the way back.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, inspect, make_url, text

from portal.backup.refused import BackupRefused
from verification.db import make_engine

FILES = {"sqlite": "database.sqlite", "postgresql": "database.dump"}


def dump(url: str, folder: Path) -> Path:
    """Write the database at `url` into a new file of `folder`. Raises BackupRefused."""
    place = make_url(url)
    kind = place.get_backend_name()
    target = folder / FILES[kind]
    if kind == "sqlite":
        # In one step: between steps a busy writer would make it begin again, for ever.
        with _sqlite(place) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy, pages=-1)
    else:
        _run("pg_dump", place, "--format=custom", f"--file={target}")
    return target


def load(url: str, source: Path) -> None:
    """Fill the empty database at `url`. Raises BackupRefused, and then it is empty still."""
    place = make_url(url)
    kind = place.get_backend_name()
    if source.name != FILES[kind]:
        raise BackupRefused(f"cadangan ini bukan dari {kind}: {source.name}")
    require_empty(url)
    if kind == "sqlite":
        draft = Path(f"{place.database}.restoring")
        draft.unlink(missing_ok=True)
        with closing(sqlite3.connect(source)) as backup, closing(sqlite3.connect(draft)) as copy:
            backup.backup(copy, pages=-1)
        draft.replace(str(place.database))
    else:
        _run("pg_restore", place, "--exit-on-error", "--single-transaction", str(source))
        _analyse(url)


def require_empty(url: str) -> None:
    """See that there is nothing at `url` yet. Nothing is created by asking. Raises BackupRefused."""
    if not _is_empty(url):
        raise BackupRefused("basis data tujuan sudah berisi; pemulihan hanya ke basis data kosong")


def _is_empty(url: str) -> bool:
    place = make_url(url)
    if place.get_backend_name() == "sqlite" and not Path(str(place.database)).exists():
        return True
    engine = make_engine(url, pool_size=1)
    try:
        return not inspect(engine).get_table_names()
    finally:
        engine.dispose()


def _analyse(url: str) -> None:
    """Statistics are in no dump, and a migration without them may take hours."""
    engine = make_engine(url, pool_size=1)
    try:
        with engine.begin() as connection:
            connection.execute(text("ANALYZE"))
    finally:
        engine.dispose()


def _sqlite(place: URL) -> closing[sqlite3.Connection]:
    path = Path(str(place.database))
    return closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True))


def _run(program: str, place: URL, *words: str) -> None:
    """One of PostgreSQL's own programs, whose words could quote rows: only its exit code is told."""
    settings = {name: str(value) for name, value in place.query.items()}
    about = make_conninfo(
        "", host=place.host, port=place.port, user=place.username, dbname=place.database, **settings
    )
    environ = dict(os.environ)
    if place.password is not None:
        environ["PGPASSWORD"] = str(place.password)
    done = subprocess.run(
        [_program(program), "--no-owner", "--no-privileges", f"--dbname={about}", *words],
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        raise BackupRefused(f"{program} gagal (kode {done.returncode})")


def _program(name: str) -> str:
    """Debian keeps the newest one on PATH; a server that came without its client has it beside itself."""
    found = shutil.which(name) or next(
        (str(each) for each in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))[::-1]),
        None,
    )
    if found is None:
        raise BackupRefused(
            f"{name} tidak ada di mesin ini (Debian: apt-get install postgresql-client)"
        )
    return found
