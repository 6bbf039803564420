"""The worker's queue in the administrator's words: late or only not yet due, and whom a failure hits."""

from __future__ import annotations

from sqlalchemy import delete, select

from portal.manage import job_lines
from tests.builders import build_file, build_party, build_submission
from tests.world import HOUR, NOON, build_world
from verification import jobs
from verification.db import Sessions
from verification.jobs import JobKind
from verification.models import Job
from verification.models.jobs import JobState


def test_what_waits_for_its_hour_is_not_late(sessions: Sessions) -> None:
    with sessions.begin() as session:
        jobs.enqueue(session, JobKind.CHECK_SCANS, "first", NOON)
        jobs.enqueue(session, JobKind.CHECK_SCANS, "second", NOON + HOUR / 2)
        jobs.enqueue(session, JobKind.RECONCILE, "timer", NOON, ready_at=NOON + 2 * HOUR)
        jobs.enqueue(session, JobKind.MAKE_ITEMS, "broken", NOON)
        session.scalars(select(Job).where(Job.about == "broken")).one().state = JobState.FAILED
    with sessions.read() as session:
        lines = job_lines.unfinished(session, NOON + HOUR)
    assert [(line.kind, line.state, line.many, line.since) for line in lines] == [
        (JobKind.MAKE_ITEMS, "failed", 1, NOON),
        (JobKind.CHECK_SCANS, "waiting", 2, NOON),
        (JobKind.RECONCILE, "scheduled", 1, NOON + 2 * HOUR),
    ]


def test_failed_work_names_whom_it_hits(sessions: Sessions) -> None:
    with sessions.begin() as session:
        party = build_party(session, build_world(session))
        file = build_file(session, party, "sk-kabupaten", "32.73")
        locked = build_submission(session, party, items=False)
        session.execute(delete(Job))
        for about in (file.public_id, locked.public_id, "timer"):
            jobs.enqueue(session, JobKind.RECONCILE, about, NOON)
        for job in session.scalars(select(Job)):
            job.state, job.error = JobState.FAILED, "contoh"
        about = {job.id: job.about for job in session.scalars(select(Job))}
        place = file.region.name
    with sessions.read() as session:
        hit = {about[job.id]: (job.party, job.region) for job in job_lines.failed(session)}
    assert hit == {
        file.public_id: ("Partai Contoh A", place),
        locked.public_id: ("Partai Contoh A", None),
        "timer": (None, None),
    }
