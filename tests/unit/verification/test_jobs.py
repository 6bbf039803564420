"""Jobs: put down once, taken in order, given back when a worker dies, given up after too many."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.world import HOUR, NOON
from verification import jobs
from verification.db import Sessions
from verification.errors import LeaseLost
from verification.models import Job
from verification.models.jobs import JobState

KIND = jobs.JobKind.CHECK_DOCUMENT
MINUTE = timedelta(minutes=1)


def put(sessions: Sessions, *abouts: str) -> None:
    with sessions.begin() as session:
        for about in abouts:
            jobs.enqueue(session, KIND, about, NOON)


def take(sessions: Sessions, worker: str = "w1", **changes: timedelta) -> Job | None:
    with sessions.begin() as session:
        return jobs.lease(session, worker, NOON + changes.get("after", timedelta()), 60)


def only(sessions: Sessions) -> Job:
    with sessions.read() as session:
        return session.scalars(select(Job)).one()


def test_put_down_twice_it_is_one(sessions: Sessions) -> None:
    put(sessions, "a", "a")
    assert only(sessions).state == JobState.WAITING


def test_taken_in_the_order_in_which_they_became_ready(sessions: Sessions) -> None:
    with sessions.begin() as session:
        jobs.enqueue(session, KIND, "later", NOON, ready_at=NOON + MINUTE)
        jobs.enqueue(session, KIND, "first", NOON)
        jobs.enqueue(session, KIND, "second", NOON)
    taken = [take(sessions), take(sessions), take(sessions), take(sessions, after=MINUTE)]
    assert [job.about if job else None for job in taken] == ["first", "second", None, "later"]


def test_only_the_kinds_asked_for(sessions: Sessions) -> None:
    put(sessions, "a")
    with sessions.begin() as session:
        assert jobs.lease(session, "w", NOON, 60, ["make-items"]) is None
        assert not jobs.any_ready(session, NOON, ["make-items"])
        assert jobs.any_ready(session, NOON, [KIND])


def test_done_is_done_until_it_is_put_down_again(sessions: Sessions) -> None:
    put(sessions, "a")
    job = take(sessions)
    assert job is not None
    with sessions.begin() as session:
        jobs.complete(session, job, "w1", NOON)
    assert only(sessions).state == JobState.DONE
    put(sessions, "a")
    again = only(sessions)
    assert (again.state, again.attempts) == (JobState.WAITING, 0)


def test_a_job_in_work_is_left_alone_when_put_down_again(sessions: Sessions) -> None:
    put(sessions, "a")
    take(sessions)
    put(sessions, "a")
    assert only(sessions).state == JobState.LEASED


def test_a_later_time_is_brought_forward_and_an_earlier_one_kept(sessions: Sessions) -> None:
    with sessions.begin() as session:
        jobs.enqueue(session, KIND, "a", NOON, ready_at=NOON + HOUR)
        jobs.enqueue(session, KIND, "a", NOON, ready_at=NOON + MINUTE)
        jobs.enqueue(session, KIND, "a", NOON, ready_at=NOON + 9 * HOUR)
    assert only(sessions).ready_at == NOON + MINUTE


def test_a_dead_worker_loses_its_job(sessions: Sessions) -> None:
    put(sessions, "a")
    job = take(sessions)
    assert job is not None
    with sessions.begin() as session:
        assert jobs.release_expired(session, NOON) == 0
        assert jobs.release_expired(session, NOON + HOUR) == 1
    assert take(sessions, "w2", after=HOUR) is not None
    with sessions.begin() as session, pytest.raises(LeaseLost):
        jobs.complete(session, job, "w1", NOON)


def test_extending_holds_on(sessions: Sessions) -> None:
    put(sessions, "a")
    job = take(sessions)
    assert job is not None
    with sessions.begin() as session:
        jobs.extend(session, job, "w1", NOON + MINUTE, 60)
    with sessions.begin() as session:
        assert jobs.release_expired(session, NOON + MINUTE) == 0


def test_a_lease_from_a_clock_that_was_ahead_ends(sessions: Sessions) -> None:
    put(sessions, "a")
    take(sessions, after=400 * 24 * HOUR)
    with sessions.begin() as session:
        assert jobs.release_expired(session, NOON) == 1


def test_failing_waits_longer_each_time_and_ends(sessions: Sessions) -> None:
    put(sessions, "a")
    at, pauses = NOON, []
    while only(sessions).state != JobState.FAILED:
        with sessions.begin() as session:
            job = jobs.lease(session, "w1", at, 60)
        assert job is not None
        with sessions.begin() as session:
            jobs.fail(session, job, "w1", at, "OSError")
        pauses.append(only(sessions).ready_at - at)
        at = only(sessions).ready_at
    assert len(pauses) == jobs.MOST_ATTEMPTS
    assert pauses[:4] == [timedelta(seconds=s) for s in (5, 10, 20, 40)]
    assert max(pauses) <= jobs.LONGEST_PAUSE
    assert only(sessions).error == "OSError"


def test_a_job_that_kills_its_workers_ends_too(sessions: Sessions) -> None:
    put(sessions, "a")
    at = NOON
    for _ in range(jobs.MOST_ATTEMPTS):
        with sessions.begin() as session:
            assert jobs.lease(session, "w1", at, 60) is not None
        at += HOUR
        with sessions.begin() as session:
            jobs.release_expired(session, at)
    assert only(sessions).state == JobState.FAILED


def test_waiting_for_other_work_costs_no_attempt(sessions: Sessions) -> None:
    put(sessions, "a")
    for _ in range(2 * jobs.MOST_ATTEMPTS):
        job = take(sessions)
        assert job is not None
        with sessions.begin() as session:
            jobs.put_back(session, job, "w1", NOON)
    assert (only(sessions).state, only(sessions).attempts) == (JobState.WAITING, 0)


def test_a_job_knows_its_place(sessions: Sessions) -> None:
    put(sessions, "a", "b", "c")
    take(sessions)
    with sessions.read() as session:
        assert [jobs.position(session, KIND, about) for about in "abcx"] == [0, 1, 2, 0]
        assert jobs.counts(session) == {(KIND, "waiting"): 2, (KIND, "leased"): 1}
