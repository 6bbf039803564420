"""`sipol worker` as a process of its own: it does what waits, shows that it lives, stops when told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.config import Config
from portal.keys import KeyStore
from portal.worker_process import sandbox_of
from tests.patience import PATIENCE
from uploads.arrivals import ArrivalLog
from verification.models import Receipt, ReceivedFile
from verification.sandbox.launcher import SandboxUnavailable, Unwalled

from .conftest import World, arrival_of, asked

SIPOL = (sys.executable, "-c", "from portal.cli import main; main()")


@pytest.fixture
def installed(world: World, tmp_path: Path) -> World:
    """The world with a home of its own, keys in it, and one arrival that nobody was told of."""
    url = world.sessions.engine.url.render_as_string(hide_password=False)
    world.config = replace(world.config, home=tmp_path / "home", database_url=url)
    for folder in world.config.directories():
        folder.mkdir(mode=0o700)
    KeyStore(world.config.keys_dir).create()
    request = asked(authorization=world.token("koordinator.a"), length=9)
    arrival = arrival_of(request, world.policy().may_create(request))
    arrivals = ArrivalLog(world.config.upload_root)
    arrivals.write(arrival)
    data = arrivals.data_path(arrival.upload_id)
    data.parent.mkdir()
    data.write_bytes(b"%PDF-1.7\n")
    return world


@contextmanager
def worker(config: Config) -> Iterator[subprocess.Popen[str]]:
    environ = os.environ | {
        "SIPOL_HOME": str(config.home),
        "SIPOL_DATABASE_URL": config.database_url,
    }
    process = subprocess.Popen(
        [*SIPOL, "worker"], env=environ, cwd=Path(__file__).parents[3], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def until(world: World, what: type[ReceivedFile] | type[Receipt], **wanted: str) -> object:
    """The first row of a table once it is there; fails after half a minute."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with world.sessions.read() as session:
            found = session.scalars(select(what).filter_by(**wanted)).first()
        if found is not None:
            return found
        time.sleep(0.1)
    raise AssertionError(f"no {what.__name__} with {wanted}")


def test_it_reconciles_receipts_checks_and_stops(installed: World) -> None:
    run = installed.config.run_dir
    with worker(installed.config) as process:
        # The arrival's hash is not that of the bytes: the check names it, the receipt stands.
        until(installed, ReceivedFile, state="rejected", rejection="file.hash_differs")
        until(installed, Receipt, kind="arrival")
        assert [path.suffix for path in run.iterdir()] == [".pulse"]
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=PATIENCE)
    assert (process.returncode, list(run.iterdir())) == (0, [])
    assert "berkas contoh" not in output


def test_it_does_not_begin_without_walls(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxUnavailable):
        sandbox_of(world.config)
    assert isinstance(sandbox_of(replace(world.config, sandbox="development")), Unwalled)
