"""What the portal's Policy costs: CPU of creations and finishes, in this process and in the database.

    python -m tests.bench.policy_speed [--documents 2000] [--together 16] [--parties 1 40] [--stored 0]

Documents are created and finished in batches of `--together`, as an upload process asks for those who
come together. The figures are CPU milliseconds per document (create + finish): this process, and
PostgreSQL's processes beside it; then documents a second and the slowest batch of creations.
`--stored`: files that are on record before.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from portal.config import Config
from portal.database import migrate
from portal.intake import PortalPolicy
from portal.models import Account, UploadTicket
from portal.tokens import TokenKind, new_token, sha256_of
from tests.builders import build_party
from tests.postgres import Cluster
from tests.world import DISTRICTS, build_world
from uploads.policy import Arrival, CreateRequest, Grant
from verification.db import Sessions, make_engine

SIZE = 200_000
STORED_TOGETHER = 1000
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Of one run. CPU in milliseconds per document, `slowest` in milliseconds."""

    process: float
    database: float
    per_second: float
    median: float
    slowest: float


def build(sessions: Sessions, parties: int, now: datetime) -> list[str]:
    """A process with `parties` parties; the Authorization field of a coordinator of each."""
    tickets = []
    with sessions.begin() as session:
        world = build_world(session, now=now)
        for number in range(parties):
            party = build_party(session, world, f"Partai Contoh {number}", now=now)
            account = Account(
                login=f"koordinator.{number}", name="Akun uji", password_hash="-", demo=True,
                role="coordinator", party_id=party.party_id, created_at=now,
            )  # fmt: skip
            session.add(account)
            session.flush()
            tickets.append(new_token(TokenKind.TICKET))
            session.add(
                UploadTicket(
                    token_sha256=sha256_of(tickets[-1]), account_id=account.id,
                    created_at=now, expires_at=now + timedelta(hours=24),
                )
            )  # fmt: skip
    return [f"Bearer {ticket}" for ticket in tickets]


def run(policy: PortalPolicy, tickets: list[str], documents: int, together: int) -> list[float]:
    """Create and finish every document; how long each batch of creations took, in seconds."""
    took = []
    for start in range(0, documents, together):
        now = datetime.now(UTC)
        requests = [
            wanted(number, tickets[number % len(tickets)])
            for number in range(start, start + together)
        ]
        started = time.perf_counter()
        granted = policy.may_create(requests)
        took.append(time.perf_counter() - started)
        policy.finished([arrived(*pair, now) for pair in zip(requests, granted, strict=True)])
    return took


def store(policy: PortalPolicy, tickets: list[str], files: int) -> None:
    """Have `files` of the first party on record, as a reconciling finds them: nothing was reserved."""
    now = datetime.now(UTC)
    first = wanted(0, tickets[0])
    [granted] = policy.may_create([first])
    for start in range(0, files, STORED_TOGETHER):
        policy.finished(
            [
                arrived(wanted(number, tickets[0]), granted, now)
                for number in range(start, min(files, start + STORED_TOGETHER))
            ]
        )


def wanted(number: int, ticket: str) -> CreateRequest:
    """A creation as a browser asks for it."""
    regions = sorted(DISTRICTS)
    return CreateRequest(
        upload_id=secrets.token_hex(16),
        length=SIZE,
        metadata={
            "filename": f"sk_{number}.pdf", "filetype": "application/pdf",
            "purpose": "document", "requirement": "sk-kecamatan",
            "region": regions[number % len(regions)], "batch": "malam",
        },
        authorization=ticket,
        cookie=None, origin=None, host="127.0.0.1:8080",
    )  # fmt: skip


def arrived(request: CreateRequest, granted: Grant | Exception, now: datetime) -> Arrival:
    """What is told of it once its bytes are there."""
    assert isinstance(granted, Grant), granted
    return Arrival(
        upload_id=request.upload_id, size=SIZE,
        sha256=hashlib.sha256(request.upload_id.encode()).hexdigest(),
        created_at=now, finished_at=now, claim=granted.claim, metadata=request.metadata,
    )  # fmt: skip


def measure(
    url: str, parties: int, documents: int, together: int, stored: int, database_pid: int | None
) -> Cost:
    """One run on an empty migrated database, in which the first party gets `stored` files before."""
    engine = make_engine(url, pool_size=2)
    sessions = Sessions(engine)
    with tempfile.TemporaryDirectory() as home:
        config = Config(home=Path(home), database_url=url)
        tickets = build(sessions, parties, datetime.now(UTC))
        policy = PortalPolicy(sessions, config)
        store(policy, tickets, stored)
        run(policy, tickets, together * 4, together)  # statements compiled, connections open
        before, process, wall = _cpu_of(database_pid), time.process_time(), time.perf_counter()
        took = run(policy, tickets, documents, together)
        wall = time.perf_counter() - wall
        process = time.process_time() - process
        database = _cpu_of(database_pid) - before
    engine.dispose()
    return Cost(
        process=process * 1000 / documents,
        database=database * 1000 / documents,
        per_second=documents / wall,
        median=statistics.median(took) * 1000,
        slowest=max(took) * 1000,
    )


def _cpu_of(parent: int | None) -> float:
    """CPU seconds of the processes whose parent is `parent`, and its own."""
    if parent is None:
        return 0.0
    total = 0
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(folder.name) == parent or int(fields[1]) == parent:
                total += int(fields[11]) + int(fields[12])
    return total / TICKS


@contextmanager
def databases() -> Iterator[list[tuple[str, str, int | None]]]:
    """(name, address, process whose children serve it) of fresh databases, one each per use."""
    with Cluster() as cluster, tempfile.TemporaryDirectory() as folder:
        pid = int((cluster.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        with cluster.database() as first, cluster.database() as second:
            files = []
            for name in ("one.db", "two.db"):
                url = f"sqlite:///{folder}/{name}"
                engine = make_engine(url)
                migrate(engine)
                engine.dispose()
                files.append(url)
            yield [
                ("postgresql", first, pid), ("postgresql", second, pid),
                ("sqlite", files[0], None), ("sqlite", files[1], None),
            ]  # fmt: skip


def main() -> None:
    """Run both databases for each number of parties and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--together", type=int, default=16)
    parser.add_argument("--parties", type=int, nargs=2, default=[1, 40])
    parser.add_argument("--stored", type=int, default=0)
    asked = parser.parse_args()
    say(
        f"{asked.documents} documents, {asked.together} at a time, {asked.stored} before; CPU ms each"
    )
    say("database    parties  process  database  documents/s  batch p50 ms  slowest ms")
    with databases() as found:
        for parties, (name, url, pid) in zip(asked.parties * 2, found, strict=True):
            cost = measure(url, parties, asked.documents, asked.together, asked.stored, pid)
            say(
                f"{name:10} {parties:8} {cost.process:8.2f} {cost.database:9.2f} "
                f"{cost.per_second:12.0f} {cost.median:16.1f} {cost.slowest:11.0f}"
            )


def say(line: str) -> None:
    """A line of the report, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
