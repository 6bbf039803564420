"""The worker: does, waits, fails, stops and dies without losing a job."""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from tests.patience import PATIENCE
from tests.world import NOON
from verification import jobs
from verification.db import Sessions
from verification.errors import LeaseLost, Stale
from verification.models import Job
from verification.models.jobs import JobState
from verification.worker import Handler, Stopping, Task, Timer, Worker

KIND = jobs.JobKind.CHECK_DOCUMENT


class Clock:
    """A clock one sets."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def worker(sessions: Sessions, clock: Clock, handler: Handler, **more: object) -> Worker:
    return Worker(sessions, {KIND: handler}, name="w1", clock=clock, **more)  # type: ignore[arg-type]


def put(sessions: Sessions, about: str = "a") -> None:
    with sessions.begin() as session:
        jobs.enqueue(session, KIND, about, NOON)


def job_of(sessions: Sessions, about: str = "a") -> Job:
    with sessions.read() as session:
        return session.scalars(select(Job).where(Job.about == about)).one()


def test_it_does_what_waits_and_says_when_nothing_does(sessions: Sessions, clock: Clock) -> None:
    done: list[str] = []
    put(sessions)
    one = worker(sessions, clock, lambda task: done.append(task.about))
    assert one.step(threading.Event())
    assert not one.step(threading.Event())
    assert done == ["a"]
    assert job_of(sessions).state == JobState.DONE


def test_a_failure_is_kept_without_what_the_library_said(
    sessions: Sessions, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    def handler(task: Task) -> None:
        raise ValueError("3273015305870001 bukan angka")

    put(sessions)
    with caplog.at_level(logging.ERROR):
        worker(sessions, clock, handler).step(threading.Event())
    job = job_of(sessions)
    assert (job.state, job.error, job.attempts) == (JobState.WAITING, "ValueError", 1)
    assert "3273015305870001" not in caplog.text


def test_our_own_refusal_is_written_out(sessions: Sessions, clock: Clock) -> None:
    def handler(task: Task) -> None:
        raise Stale("the list changed under the import")

    put(sessions)
    worker(sessions, clock, handler).step(threading.Event())
    assert job_of(sessions).error == "Stale: the list changed under the import"


def test_not_yet_comes_again_without_an_attempt(sessions: Sessions, clock: Clock) -> None:
    def handler(task: Task) -> None:
        raise jobs.NotYet("later", 30)

    put(sessions)
    worker(sessions, clock, handler).step(threading.Event())
    job = job_of(sessions)
    assert (job.state, job.attempts) == (JobState.WAITING, 0)
    assert job.ready_at == NOON + timedelta(seconds=30)


def test_told_to_stop_a_long_job_goes_back_at_its_checkpoint(
    sessions: Sessions, clock: Clock
) -> None:
    stop = threading.Event()

    def handler(task: Task) -> None:
        stop.set()
        with pytest.raises(Stopping):
            task.checkpoint()
        task.checkpoint()

    put(sessions)
    worker(sessions, clock, handler).run(stop)
    job = job_of(sessions)
    assert (job.state, job.attempts) == (JobState.WAITING, 0)


def test_told_to_stop_a_short_job_is_finished(sessions: Sessions, clock: Clock) -> None:
    stop = threading.Event()
    put(sessions)
    put(sessions, "b")
    worker(sessions, clock, lambda _: stop.set()).run(stop)
    assert job_of(sessions).state == JobState.DONE
    assert job_of(sessions, "b").state == JobState.WAITING


def test_what_another_worker_took_over_is_left_to_it(sessions: Sessions, clock: Clock) -> None:
    def handler(task: Task) -> None:
        later = NOON + timedelta(hours=1)
        with sessions.begin() as session:
            jobs.release_expired(session, later)
            assert jobs.lease(session, "w2", later, 60) is not None

    put(sessions)
    worker(sessions, clock, handler).step(threading.Event())
    job = job_of(sessions)
    assert (job.state, job.worker) == (JobState.LEASED, "w2")


def test_a_lost_lease_stops_the_work(sessions: Sessions, clock: Clock) -> None:
    seen = threading.Event()

    def handler(task: Task) -> None:
        with sessions.begin() as session:
            jobs.release_expired(session, NOON + timedelta(hours=1))
        assert task.lost.wait(PATIENCE)
        with pytest.raises(LeaseLost):
            task.checkpoint()
        seen.set()

    put(sessions)
    worker(sessions, clock, handler, lease_seconds=0.15).step(threading.Event())
    assert seen.is_set()


def test_while_it_works_the_lease_is_kept(sessions: Sessions, clock: Clock) -> None:
    held: list[datetime | None] = []

    def handler(task: Task) -> None:
        clock.now += timedelta(seconds=50)
        for _ in range(200):
            held.append(job_of(sessions).lease_until)
            if held[-1] != held[0]:
                return
            threading.Event().wait(0.02)

    put(sessions)
    worker(sessions, clock, handler, lease_seconds=0.3).step(threading.Event())
    assert held[-1] == clock.now + timedelta(seconds=0.3)


def test_a_timer_comes_back(sessions: Sessions, clock: Clock) -> None:
    rung: list[datetime] = []
    one = worker(
        sessions, clock, lambda task: rung.append(task.now()),
        timers=[Timer(kind=KIND, every=timedelta(minutes=1))],
    )  # fmt: skip
    stop = threading.Event()
    for _ in range(5):
        one.step(stop)
        clock.now += timedelta(seconds=30)
    assert rung == [NOON, NOON + timedelta(minutes=1), NOON + timedelta(minutes=2)]


def test_a_timer_set_by_a_clock_that_was_ahead_comes_back_to_time(
    sessions: Sessions, clock: Clock
) -> None:
    rung: list[datetime] = []
    timers = [Timer(kind=KIND, every=timedelta(minutes=1))]
    one = worker(sessions, clock, lambda task: rung.append(task.now()), timers=timers)
    stop = threading.Event()
    clock.now = NOON + timedelta(days=400)
    one.step(stop)
    clock.now = NOON
    one.step(stop)
    clock.now = NOON + timedelta(minutes=1)
    one.step(stop)
    assert rung == [NOON + timedelta(days=400), NOON + timedelta(minutes=1)]
