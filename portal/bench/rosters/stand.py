"""A database with an election and parties in it, for lists to be imported into.

Next station: `portal/bench/rosters/ours.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from portal.bench.postgres import Cluster
from portal.bench.processes import cpu_seconds, descendants
from portal.database import migrate
from portal.seed import seed, take_part
from uploads.policy import Arrival, Claim
from verification.db import Sessions, make_engine, new_public_id
from verification.intake import receive
from verification.models import Requirement
from verification.models.process import Purpose
from verification.reference import current_election
from verification.secrets import FieldKeys

# As a machine that serves parties would be set, and as durable as PostgreSQL is by default.
POSTGRESQL = {"shared_buffers": "1GB", "max_wal_size": "4GB"}
KEYS = FieldKeys("bench", {"bench": b"b" * 32})
DATABASES = ("postgresql", "sqlite")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """`now`: a moment at which lists may be sent. `server`: PostgreSQL's first process, else 0.

    `server_folder`: a place that the server may read.
    """

    sessions: Sessions
    folder: Path
    now: datetime
    election: str
    requirement: str
    server: int
    server_folder: Path

    def add_party(self, number: int) -> str:
        """A party that takes part; its public id."""
        with self.sessions.begin() as session:
            taking_part = take_part(
                session,
                current_election(session),
                name=f"Partai Contoh {number}",
                abbreviation=f"PC{number}",
                now=self.now,
            )
            return taking_part.party.public_id

    def receive(self, source: Path, party: str, region: str = "ID") -> str:
        """A list that has arrived; the public id of its file."""
        upload_id = new_public_id()
        content = hashlib.sha256()
        with source.open("rb") as stream:
            while piece := stream.read(1024**2):
                content.update(piece)
        arrival = Arrival(
            upload_id=upload_id,
            size=source.stat().st_size,
            sha256=content.hexdigest(),
            created_at=self.now,
            finished_at=self.now,
            claim=Claim(
                election=self.election,
                party=party,
                requirement=self.requirement,
                region=region,
                purpose=Purpose.ROSTER.value,
                account="0" * 32,
            ),
            metadata={"filename": "daftar.csv", "filetype": "text/csv"},
        )
        with self.sessions.begin() as session:
            receive(session, arrival, self.now)
        return upload_id

    def server_cpu(self) -> float:
        """CPU seconds of the database server so far, its ended processes included."""
        if not self.server:
            return 0.0
        return cpu_seconds([self.server, *descendants(self.server)])


@contextmanager
def stand(database: str, folder: Path) -> Iterator[Stand]:
    """An empty installation on `postgresql` or `sqlite`. Raises PostgresMissing."""
    folder.mkdir(parents=True, exist_ok=True)
    if database == "sqlite":
        yield _filled(f"sqlite:///{folder / 'sipol.db'}", folder, 0, folder)
        return
    with Cluster(POSTGRESQL) as cluster, cluster.database() as url:
        yield _filled(url, folder, cluster.pid, cluster.folder)


def _filled(url: str, folder: Path, server: int, server_folder: Path) -> Stand:
    engine = make_engine(url, pool_size=4)
    migrate(engine)
    sessions = Sessions(engine)
    now = datetime.now(UTC) - timedelta(hours=1)
    with sessions.begin() as session:
        seed(session, now)
        election = current_election(session)
        requirement = session.scalars(
            select(Requirement).where(
                Requirement.election_id == election.id, Requirement.purpose == Purpose.ROSTER.value
            )
        ).first()
        if requirement is None:
            raise LookupError("the seeded election asks for no list")
        return Stand(
            sessions=sessions,
            folder=folder,
            now=now,
            election=election.code,
            requirement=requirement.code,
            server=server,
            server_folder=server_folder,
        )
