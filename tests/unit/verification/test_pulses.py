"""A worker's sign of life: the job of one that is gone is taken at once, that of a living one never."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from verification import jobs
from verification.db import Sessions
from verification.pulses import Pulse, last_beats, pulse_in
from verification.worker import Worker, system_clock

KIND = jobs.JobKind.CHECK_DOCUMENT
ROOT = Path(__file__).parents[3]
HOLDING = Path(__file__).with_name("holding_worker.py")
LONG_AGO = (1_700_000_000, 1_700_000_000)


@contextmanager
def holding(url: str, directory: Path) -> Iterator[subprocess.Popen[str]]:
    """Another worker process, which holds the only job."""
    with subprocess.Popen(
        [sys.executable, HOLDING, url, directory, KIND], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "taken\n"
            yield process
        finally:
            process.kill()


def gets_the_job(sessions: Sessions, pulse: Pulse) -> bool:
    """Whether a worker that begins now finds the job to do; it does it."""
    own = Worker(sessions, {KIND: lambda _: None}, name=pulse.name, pulse=pulse)
    return own.step(threading.Event())


@pytest.fixture
def one_job(sessions: Sessions) -> None:
    with sessions.begin() as session:
        jobs.enqueue(session, KIND, "a", system_clock())


@pytest.mark.usefixtures("one_job")
def test_the_job_of_a_killed_worker_is_taken_at_once(
    sessions: Sessions, database_url: str, tmp_path: Path
) -> None:
    with pulse_in(tmp_path) as pulse:
        with holding(database_url, tmp_path) as other:
            assert not gets_the_job(sessions, pulse), "it was taken from a living worker"
            other.kill()
            other.wait()
        assert gets_the_job(sessions, pulse)
        assert [path.stem for path in tmp_path.glob("*.pulse")] == [pulse.name]


@pytest.mark.usefixtures("one_job")
def test_a_death_that_cannot_be_proved_here_is_not_believed(
    sessions: Sessions, database_url: str, tmp_path: Path
) -> None:
    """A file nobody locks, of another boot: perhaps a machine that shares the folder."""
    with pulse_in(tmp_path) as pulse:
        with sessions.begin() as session:
            host, _, rest = pulse.name.partition(":")
            stranger = f"{host}:{'0' * 8}:{rest.partition(':')[2]}"
            assert jobs.lease(session, stranger, system_clock(), 60) is not None
        (tmp_path / f"{stranger}.pulse").touch()
        assert not gets_the_job(sessions, pulse)
        assert (tmp_path / f"{stranger}.pulse").exists()


def test_it_shows_that_it_lives(tmp_path: Path) -> None:
    assert last_beats(tmp_path) == {}
    with pulse_in(tmp_path) as pulse:
        [path] = tmp_path.iterdir()
        os.utime(path, LONG_AGO)
        long_ago = last_beats(tmp_path)
        pulse.beat()
        assert last_beats(tmp_path)[pulse.name] > long_ago[pulse.name]
    assert list(tmp_path.iterdir()) == []


def test_a_beat_brings_no_file_back_that_somebody_removed(tmp_path: Path) -> None:
    """It would be there without its lock, and its worker be taken for dead."""
    with pulse_in(tmp_path) as pulse:
        (tmp_path / f"{pulse.name}.pulse").unlink()
        pulse.beat()
        assert list(tmp_path.iterdir()) == []


def test_the_pulses_of_earlier_boots_are_swept(tmp_path: Path) -> None:
    dead, fresh = tmp_path / "worker-1.pulse", tmp_path / "worker-2.pulse"
    dead.touch()
    fresh.touch()
    os.utime(dead, LONG_AGO)
    with pulse_in(tmp_path) as own:
        assert {path.stem for path in tmp_path.iterdir()} == {own.name, fresh.stem}
    assert list(tmp_path.iterdir()) == [fresh]
