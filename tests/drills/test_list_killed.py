"""kill -9 in the middle of an import, of the worker or of the database: the old list or the new one.

Nobody helps afterwards: the job's lease runs out, another worker begins anew, and what it says in
the end is what stands in the tables, in the journal and on the receipt.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from tests.builders import build_arrival, build_party
from tests.postgres import Cluster
from tests.tethered import tethered
from tests.world import DISTRICTS, build_world
from uploads.arrivals import ArrivalLog
from verification import intake
from verification.db import Sessions, make_engine
from verification.models import (
    Job,
    JournalEntry,
    Member,
    Participation,
    Receipt,
    RejectedRow,
    Roster,
    RosterVersion,
)
from verification.rosters.synthetic import SyntheticList, synthetic_list, write_csv
from verification.states import ListStage
from verification.worker import system_clock

SCRIPT = Path(__file__).with_name("list_worker.py")
LEASE = 1.0
IN_BANDUNG = [code for code in DISTRICTS if code.startswith("32.73")]


@dataclass
class Ground:
    """A party whose lists arrive, and how many rows of each file are good and bad."""

    sessions: Sessions
    url: str
    root: Path
    party: Participation

    def send(self, name: str, members: SyntheticList) -> str:
        """A list that has arrived; the public id of its file."""
        source = write_csv(self.root / name, members)
        arrival = build_arrival(
            self.party, "anggota", "32.73", purpose="roster", content=source.read_bytes(),
            now=system_clock(),
        )  # fmt: skip
        log = ArrivalLog(self.root)
        path = log.data_path(arrival.upload_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source.read_bytes())
        log.write(arrival)
        with self.sessions.begin() as session:
            intake.receive(session, arrival, system_clock())
        return arrival.upload_id

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes]]:
        """A worker process, killed at the end if not before."""
        process = tethered(
            sys.executable, str(SCRIPT), self.url, str(self.root), str(self.root), str(LEASE),
            cwd=Path(__file__).parents[2], env={**os.environ, "PYTHONPATH": "."},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def until(self, wanted: Callable[[], bool], seconds: float = 240.0) -> None:
        """Wait for it; a database that is just coming back is waited for as well."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if wanted():
                    return
            except SQLAlchemyError:
                pass
            time.sleep(0.02)
        raise AssertionError("it did not happen in time")

    def stage(self, number: int) -> str:
        """Of the version with that number; empty before there is one."""
        with self.sessions.read() as session:
            found = select(RosterVersion.stage).where(RosterVersion.number == number)
            return session.scalar(found) or ""

    def seen(self) -> tuple[int, int, int]:
        """Number of the current version, its rows and rejected rows, as any reader finds them."""
        with self.sessions.read() as session:
            version = session.scalars(
                select(RosterVersion).join(Roster, Roster.current_version_id == RosterVersion.id)
            ).one()
            counts = (
                session.scalar(select(func.count()).where(table.version_id == version.id)) or 0
                for table in (Member, RejectedRow)
            )
            return (version.number, *counts)  # type: ignore[return-value]

    def settled(self) -> bool:
        """Whether no job is left to do."""
        with self.sessions.read() as session:
            return set(session.scalars(select(Job.state))) <= {"done"}


@contextmanager
def ground(url: str, root: Path) -> Iterator[Ground]:
    """An empty migrated database with a party."""
    engine = make_engine(url)
    sessions = Sessions(engine)
    with sessions.begin() as session:
        party = build_party(session, build_world(session))
    try:
        yield Ground(sessions=sessions, url=url, root=root, party=party)
    finally:
        engine.dispose()


def check_the_end(here: Ground, file_id: str, members: SyntheticList) -> None:
    """Counts, rows, journal and receipt say the same."""
    bad = len(members.bad())
    good = len(members.rows) - bad
    assert here.seen() == (2, good, bad)
    with here.sessions.read() as session:
        version = session.scalars(select(RosterVersion).where(RosterVersion.number == 2)).one()
        assert (version.sent, version.stored, version.rejected) == (good + bad, good, bad)
        lines = session.scalars(select(Member.line).where(Member.version_id == version.id)).all()
        refused = set(members.bad())
        assert set(lines) == {line for line in range(2, good + bad + 2) if line not in refused}
        entries = session.scalars(
            select(JournalEntry.facts).where(JournalEntry.kind == "roster.imported")
        ).all()
        facts = [json.loads(entry) for entry in entries]
        assert [(fact["version"], fact["sent"], fact["stored"]) for fact in facts] == [
            (1, 50, 50), (2, good + bad, good)
        ]  # fmt: skip
        assert facts[1]["rows_digest"] == version.rows_digest
        told = select(Receipt.kind, Receipt.body).where(Receipt.about == file_id)
        receipts = {row.kind: row.body for row in session.execute(told)}
        assert set(receipts) == {"arrival", "list"}
        assert version.file.sha256 in receipts["arrival"].decode()
        signed = json.loads(receipts["list"])["facts"]
        assert (signed["version"], signed["sent"], signed["stored"], signed["rejected"]) == (
            2, good + bad, good, bad
        )  # fmt: skip
        assert (signed["sha256"], signed["rows_digest"]) == (
            version.file.sha256, version.rows_digest
        )  # fmt: skip
        assert set(session.scalars(select(RosterVersion.number))) == {1, 2}


def begin(here: Ground, rows: int) -> tuple[str, SyntheticList, float]:
    """The old list stands, the new one has arrived; and about how long a worker needs for it."""
    people = synthetic_list(rows, seed=2, districts=IN_BANDUNG, bad=0, warned=0)
    # They are all in the new one too: a list that removes them would wait for the party's word.
    here.send("old", SyntheticList(headings=people.headings, rows=people.rows[:50]))
    with here.worker():
        here.until(lambda: here.stage(1) == ListStage.DONE and here.settled())
    members = synthetic_list(rows, seed=2, districts=IN_BANDUNG)
    return here.send("new", members), members, 1.0 + rows / 20_000


def kill_workers(here: Ground, kills: int, rows: int, rng: random.Random) -> None:
    file_id, members, span = begin(here, rows)
    for _ in range(kills):
        with here.worker() as worker:
            here.until(lambda: here.stage(2) not in ("", ListStage.STORED.value))
            time.sleep(rng.uniform(0, span))
            worker.kill()
        number, stored, rejected = here.seen()
        assert (number, stored, rejected) in {
            (1, 50, 0), (2, len(members.rows) - len(members.bad()), len(members.bad()))
        }  # fmt: skip
    with here.worker():
        here.until(lambda: here.stage(2) == ListStage.DONE and here.settled())
    check_the_end(here, file_id, members)


def kill_databases(cluster: Cluster, root: Path, kills: int, rows: int, rng: random.Random) -> None:
    with cluster.database() as url, ground(url, root) as here:
        file_id, members, span = begin(here, rows)
        with here.worker() as worker:
            for _ in range(kills):
                here.until(lambda: here.stage(2) not in ("", ListStage.STORED.value))
                time.sleep(rng.uniform(0, span))
                cluster.kill()
                cluster.serve()
                here.until(lambda: here.seen()[0] in (1, 2))
                assert here.seen()[1:] in {
                    (50, 0), (len(members.rows) - len(members.bad()), len(members.bad()))
                }  # fmt: skip
            here.until(lambda: here.stage(2) == ListStage.DONE and here.settled())
            assert worker.poll() is None
        check_the_end(here, file_id, members)


def test_the_worker_is_killed_in_mid_import(sqlite_url: str, tmp_path: Path) -> None:
    with ground(sqlite_url, tmp_path) as here:
        kill_workers(here, 2, 4_000, random.Random(4))


def test_the_worker_is_killed_in_mid_copy(postgresql_url: str, tmp_path: Path) -> None:
    with ground(postgresql_url, tmp_path) as here:
        kill_workers(here, 1, 4_000, random.Random(5))


def test_the_database_is_killed_in_mid_import(tmp_path: Path) -> None:
    with Cluster() as cluster:
        kill_databases(cluster, tmp_path, 1, 4_000, random.Random(6))


# Twenty instants, in four imports: a job that takes eight workers with it is given up by design.
@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("number", range(4))
def test_the_worker_is_killed_five_times(database_url: str, tmp_path: Path, number: int) -> None:
    with ground(database_url, tmp_path) as here:
        kill_workers(here, 5, 60_000, random.Random())


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_the_database_is_killed_five_times(tmp_path: Path) -> None:
    with Cluster() as cluster:
        kill_databases(cluster, tmp_path, 5, 60_000, random.Random())
