"""A PostgreSQL with a demo election, and somebody who may upload into it.

With it the bench measures the product's own upload processes with the portal's Policy: each creation is
judged and reserved, each arrival recorded, in a database that waits for its disk as usual.

Next station: `portal/intake.py`, asked by the upload processes.
"""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from types import TracebackType

from sqlalchemy import func, select

from portal import demo
from portal.auth.passwords import Passwords
from portal.bench.postgres import Cluster
from portal.bench.processes import descendants
from portal.cli.init import initialise
from portal.clock import system_clock
from portal.config import Config
from portal.models import Account, UploadTicket
from portal.tokens import TokenKind, new_token, sha256_of
from verification.db import Sessions, make_engine
from verification.models import ReceivedFile

COORDINATOR = "koordinator.a"
LIFETIME = timedelta(days=1)


class DemoElection:
    """`with DemoElection(folder) as election:`. Raises PostgresMissing.

    `settings`: what a stand's configuration needs to use it. `authorization`: the client's word for
    its header.
    """

    def __init__(self, folder: Path, *, core: int | None = None) -> None:
        self._folder = folder
        self._cluster = Cluster(core=core)
        self.settings: dict[str, str] = {}
        self.authorization = ""

    def __enter__(self) -> DemoElection:
        with ExitStack() as opened:
            opened.callback(shutil.rmtree, self._folder, ignore_errors=True)
            opened.enter_context(self._cluster)
            url = opened.enter_context(self._cluster.database())
            self.settings = {"SIPOL_DATABASE_URL": url}
            engine = make_engine(url, pool_size=2)
            opened.callback(engine.dispose)
            self._sessions = Sessions(engine)
            self.authorization = f"header=Authorization: Bearer {self._fill()}"
            self._opened = opened.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._opened.close()

    def pids(self) -> list[int]:
        """The processes of the database."""
        return [self._cluster.pid, *descendants(self._cluster.pid)]

    def recorded(self) -> int:
        """How many arrivals have become rows."""
        with self._sessions.read() as session:
            return session.scalar(select(func.count()).select_from(ReceivedFile)) or 0

    def _fill(self) -> str:
        config = Config.load({"SIPOL_HOME": str(self._folder), **self.settings})
        initialise(config)
        now = system_clock()
        demo.ensure(self._sessions, config, Passwords(), now)
        ticket = new_token(TokenKind.TICKET)
        with self._sessions.begin() as session:
            account = session.scalars(select(Account).where(Account.login == COORDINATOR)).one()
            session.add(
                UploadTicket(
                    token_sha256=sha256_of(ticket),
                    account_id=account.id,
                    created_at=now,
                    expires_at=now + LIFETIME,
                )
            )
        return ticket
