"""A PostgreSQL server for an hour: a folder of its own, a free loopback port, gone at the end.

The bench runs the product's Policy on one; so do the tests, with less care for the disk.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import psycopg
from psycopg import sql

from portal.bench.processes import before_exec, free_port
from portal.database import migrate
from verification.db import make_engine

SUPERUSER = "sipol"
TEMPLATE = "sipol_template"

SETTINGS = {
    "max_connections": "150",
    "shared_buffers": "64MB",
    "listen_addresses": "127.0.0.1",
    "log_statement": "none",
}


class PostgresMissing(Exception):
    """No PostgreSQL server programs on this machine."""


def programs() -> Path:
    """The folder of `initdb` and `postgres`, newest version first (Debian keeps it off PATH)."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: float(path.parts[-3]),
        reverse=True,
    )
    if found:
        return found[0].parent
    on_path = shutil.which("initdb")
    if on_path is None:
        raise PostgresMissing("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    return Path(on_path).resolve().parent


def _unprivileged() -> pwd.struct_passwd | None:
    """Whom to run as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


class Cluster:
    """A running server; `with Cluster() as cluster:`. Raises PostgresMissing.

    `settings` stand over SETTINGS. `core`: the only core it may run on, None for any.
    """

    def __init__(
        self, settings: Mapping[str, str] | None = None, *, core: int | None = None
    ) -> None:
        self._settings = {**SETTINGS, **(settings or {})}
        self._core = core
        self._bin = programs()
        self._owner = _unprivileged()
        self.folder = Path(tempfile.mkdtemp(prefix="sipol-pg-"))
        self.port = free_port()
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Cluster:
        try:
            self._start()
            self._make_template()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def url(self, database: str) -> str:
        """SQLAlchemy's address of a database."""
        return f"postgresql+psycopg://{SUPERUSER}@127.0.0.1:{self.port}/{database}"

    @contextmanager
    def database(self, *, template: str = TEMPLATE) -> Iterator[str]:
        """A database for one test, dropped afterwards with whoever is still connected.

        `template`: the name of the one to copy; nobody may be connected to it. Without, it is
        migrated and empty; `template0` gives one without any table.
        """
        name = self.create(template)
        try:
            yield self.url(name)
        finally:
            self.drop(name)

    def create(self, template: str = TEMPLATE) -> str:
        """A copy of `template` under a new name, which is returned."""
        name = f"t_{secrets.token_hex(6)}"
        self._execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        return name

    def drop(self, name: str) -> None:
        """Drop a database with whoever is still connected."""
        self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    @property
    def pid(self) -> int:
        """The postmaster; 0 when it does not run."""
        return self._server.pid if self._server else 0

    def stop(self) -> None:
        """Stop the server and remove its folder."""
        if self._server is not None:
            self._server.send_signal(signal.SIGINT)
            try:
                self._server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self._server.send_signal(signal.SIGQUIT)
                self._server.wait(timeout=20)
            self._server = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def kill(self) -> None:
        """SIGKILL, as a power cut would come; the folder stays for `serve`."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()
            self._server = None

    def _start(self) -> None:
        if self._owner is not None:
            os.chown(self.folder, self._owner.pw_uid, self._owner.pw_gid)
        data = self.folder / "data"
        self._run(
            self._bin / "initdb", "--no-sync", "--auth=trust", f"--username={SUPERUSER}",
            "--encoding=UTF8", "--locale=C.UTF-8", f"--pgdata={data}",
        )  # fmt: skip
        self.serve()

    def serve(self) -> None:
        """Start the server on its folder and wait until it answers. Raises PostgresMissing."""
        settings = self._settings | {"unix_socket_directories": str(self.folder)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = (self._bin / "postgres", "-D", self.folder / "data", "-p", self.port, *options)
        self._server = self._popen(*command)
        deadline = time.monotonic() + 60
        while True:
            try:
                self._execute(sql.SQL("SELECT 1"))
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    raise PostgresMissing(self._log()) from error
                if self._server.poll() is not None:
                    if not self._still_there():
                        raise PostgresMissing(self._log()) from error
                    self._server = self._popen(*command)
                time.sleep(0.05)
            else:
                return

    def _still_there(self) -> bool:
        """Whether processes of a server that was killed have not yet noticed."""
        return "pre-existing shared memory block" in self._log()[-500:]

    def _make_template(self) -> None:
        self._execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
        engine = make_engine(self.url(TEMPLATE))
        migrate(engine)
        engine.dispose()

    def _execute(self, statement: sql.SQL | sql.Composed) -> None:
        with psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=SUPERUSER,
            dbname="postgres",
            autocommit=True,
            connect_timeout=10,
        ) as connection:
            connection.execute(statement)

    def _run(self, *command: object) -> None:
        process = self._popen(*command)
        if process.wait() != 0:
            raise PostgresMissing(self._log())

    def _popen(self, *command: object) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [str(part) for part in command],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=self._owner.pw_uid if self._owner else None,
                group=self._owner.pw_gid if self._owner else None,
                extra_groups=[] if self._owner else None,
                start_new_session=True,
                # A run killed with -9 leaves no server behind; SIGINT is its fast shutdown.
                preexec_fn=before_exec(self._core, signal.SIGINT),  # noqa: PLW1509 - before any thread
            )

    def _log(self) -> str:
        path = self.folder / "log"
        return path.read_text(errors="replace")[-2000:] if path.exists() else "no log"
