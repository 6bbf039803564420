"""kill -9 and SIGTERM of a real worker process in the middle of making items."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from tests.builders import build_party, build_roster, build_submission
from tests.world import build_world
from verification.db import Sessions
from verification.models import Item, Job, Submission
from verification.models.jobs import JobState
from verification.states import SubmissionState

ROOT = Path(__file__).parents[3]
SCRIPT = Path(__file__).with_name("killed_worker.py")
MEMBERS = 2_000
PATIENCE = 120.0


@contextmanager
def started(url: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, SCRIPT, url], env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def until(process: subprocess.Popen[bytes], condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert process.poll() is None, f"the worker ended with {process.returncode}"
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.005)


def made(sessions: Sessions) -> int:
    with sessions.read() as session:
        return session.scalars(select(Submission.items_made)).one()


@pytest.fixture
def submitted(sessions: Sessions) -> None:
    with sessions.begin() as session:
        party = build_party(session, build_world(session))
        build_roster(session, party, MEMBERS)
        build_submission(session, party, items=False)
        # Its own jobs wait for another worker; the submission's is ready at any clock.
        session.execute(update(Job).where(Job.kind != "make-items").values(state="done"))


@pytest.mark.usefixtures("submitted")
def test_killed_twice_it_makes_every_item_once(sessions: Sessions, database_url: str) -> None:
    for _ in range(2):
        before = made(sessions)
        with started(database_url) as process:
            until(process, lambda before=before: made(sessions) > before)  # type: ignore[misc]
            process.send_signal(signal.SIGKILL)
    with started(database_url) as process:
        until(process, lambda: _state(sessions) == SubmissionState.QUEUED)
        process.terminate()
        assert process.wait(PATIENCE) == 0
    with sessions.read() as session:
        items, subjects = session.execute(
            select(func.count(), func.count(Item.subject_id.distinct()))
        ).one()
    assert (items, subjects, made(sessions)) == (MEMBERS, MEMBERS, MEMBERS)


@pytest.mark.usefixtures("submitted")
def test_told_to_stop_it_gives_the_job_back_at_once(sessions: Sessions, database_url: str) -> None:
    with started(database_url) as process:
        until(process, lambda: made(sessions) > 0)
        process.terminate()
        assert process.wait(PATIENCE) == 0
    with sessions.read() as session:
        job = session.scalars(select(Job).where(Job.kind == "make-items")).one()
    assert job.state in (JobState.WAITING, JobState.DONE)


def _state(sessions: Sessions) -> str:
    with sessions.read() as session:
        return session.scalars(select(Submission.state)).one()
