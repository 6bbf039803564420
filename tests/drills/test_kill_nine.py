"""kill -9 at any instant, of anybody: upload processes, nginx, clients. Nothing acknowledged is lost."""

import contextlib
import hashlib
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.tus_edge import SHARDS, BehindNginx
from tests.contracts.tus_process import CHECKOUT
from tests.drills.sender import content_of
from tests.edge_stand import EdgeStand
from tests.tethered import tethered
from tests.unit.uploads.builders import SECRET
from uploads import id_from_path
from uploads.shelf import Shelf

CLIENTS, LANES = 4, 5
"""20 uploads at once."""
LONGEST_SECONDS = 0.3
"""Between two kills."""
STUCK_SECONDS = 180


class Clients:
    """The client processes; each goes on where its journals say."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder, self._port = folder, port
        self._processes = [self._begin(number) for number in range(CLIENTS)]

    def kill(self, number: int) -> None:
        """kill -9 of one, and its successor."""
        process = self._processes[number]
        process.kill()
        process.wait(STUCK_SECONDS)
        self._processes[number] = self._begin(number)

    def wait_until_done(self) -> None:
        """Every upload in flight ends. A stuck one fails the test."""
        (self._folder / "enough").touch()
        until = time.monotonic() + STUCK_SECONDS
        for process in self._processes:
            process.wait(max(1.0, until - time.monotonic()))

    def end(self) -> None:
        """Leave nothing running."""
        for process in self._processes:
            process.kill()
            process.wait(STUCK_SECONDS)

    def _begin(self, number: int) -> subprocess.Popen[bytes]:
        first = number * LANES
        return tethered(
            sys.executable, "-m", "tests.drills.sender",
            str(self._folder), str(self._port), str(first), str(LANES),
            cwd=CHECKOUT,
        )  # fmt: skip


@contextlib.contextmanager
def _clients(folder: Path, port: int) -> Iterator[Clients]:
    clients = Clients(folder, port)
    try:
        yield clients
    finally:
        clients.end()


def _kill_and_start(process: BehindNginx) -> None:
    process.kill()
    process.start()


def _drill(tmp_path: Path, cycles: int) -> Counter[str]:
    root, folder = tmp_path / "uploads", tmp_path / "clients"
    folder.mkdir()
    chance = random.Random(os.environ.get("SIPOL_TEST_SEED", str(time.time_ns())))
    killed: Counter[str] = Counter()
    with EdgeStand(processes=len(SHARDS)) as stand, contextlib.ExitStack() as running:
        sockets = [stand.config.upload_socket(number) for number in range(len(SHARDS))]
        servers = [BehindNginx(root, *each) for each in zip(sockets, SHARDS, strict=True)]
        for server in servers:
            running.callback(server.kill)
            server.start()
        clients = running.enter_context(_clients(folder, stand.port))
        for _ in range(cycles):
            time.sleep(chance.uniform(0, LONGEST_SECONDS))
            victim = chance.choice(("server", "server", "nginx", "client"))
            killed[victim] += 1
            if victim == "server":
                _kill_and_start(chance.choice(servers))
            elif victim == "nginx":
                stand.kill()
                stand.start()
            else:
                clients.kill(chance.randrange(CLIENTS))
        clients.wait_until_done()
        killed["uploads"] = _look_over(folder, root, stand)
    return killed


def _look_over(folder: Path, root: Path, stand: EdgeStand) -> int:
    """Every upload a client was told is complete has arrived, byte for byte; returns how many."""
    shelf, count = Shelf(root), 0
    for journal in folder.glob("*.journal"):
        lines = journal.read_text().splitlines()
        assert not [line for line in lines if line.startswith("wrong")], (journal.name, lines)
        assert lines[-1] == "done", (journal.name, lines[-3:])
        content = content_of(journal.stem)
        location = [line for line in lines if line.startswith("at ")][-1].removeprefix("at ")
        upload_id = id_from_path(SECRET, location)
        assert upload_id is not None
        until = time.monotonic() + STUCK_SECONDS
        while (arrival := shelf.arrival(upload_id)) is None:
            assert time.monotonic() < until, f"{upload_id} never arrived"
            time.sleep(0.05)
        assert arrival.sha256 == hashlib.sha256(content).hexdigest()
        with shelf.open(upload_id) as file:
            assert file.read() == content
        count += 1
    statuses = {line["status"] for line in stand.access_log()}
    assert not statuses & {500, 502, 504}, statuses
    return count


def test_kills_at_random_instants_lose_nothing_acknowledged(tmp_path: Path) -> None:
    killed = _drill(tmp_path, cycles=12)
    assert killed["uploads"] >= CLIENTS * LANES


@pytest.mark.soak
def test_a_thousand_kills_lose_nothing_acknowledged(tmp_path: Path) -> None:
    killed = _drill(tmp_path, cycles=1_000)
    assert killed["server"] + killed["nginx"] + killed["client"] == 1_000
    # What was shown stands in the run's output (`make soak`).
    os.write(sys.stdout.fileno(), f"{dict(killed)}\n".encode())
