"""The worker's queue as an administrator reads it: what is late, what only waits for its hour, and whom
failed work hits.

Next station: `portal.manage.machine` shows it; `verification.jobs` is where jobs come from.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from verification.models import (
    Job,
    Participation,
    Party,
    ReceivedFile,
    Region,
    Submission,
)
from verification.models.jobs import JobState

SHOWN = 30
SCHEDULED = "scheduled"
# What needs a person first, what only waits for its hour last.
ORDER = (JobState.FAILED.value, JobState.WAITING.value, JobState.LEASED.value, SCHEDULED)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLine:
    """Jobs of a kind in a state; `since`: when the first of them could begin, or will."""

    kind: str
    state: str
    many: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedJob:
    """Work that gave up and waits for a person; `party` and `region` where it is somebody's."""

    id: int
    kind: str
    error: str
    attempts: int
    party: str | None
    region: str | None


def unfinished(session: Session, now: datetime) -> list[JobLine]:
    """Everything that is not done."""
    later = and_(Job.state == JobState.WAITING.value, Job.ready_at > now).label("later")
    rows = session.execute(
        select(Job.kind, Job.state, later, func.count(), func.min(Job.ready_at))
        .where(Job.state != JobState.DONE.value)
        .group_by(Job.kind, Job.state, "later")
    )
    lines = [
        JobLine(kind=kind, state=SCHEDULED if waits else state, many=many, since=since)
        for kind, state, waits, many, since in rows
    ]
    return sorted(lines, key=lambda line: (ORDER.index(line.state), line.since))


def failed(session: Session) -> list[FailedJob]:
    """The oldest of what gave up."""
    whose = func.coalesce(ReceivedFile.participation_id, Submission.participation_id)
    rows = session.execute(
        select(Job, Party.name, Region.name)
        .outerjoin(ReceivedFile, ReceivedFile.public_id == Job.about)
        .outerjoin(Region, Region.id == ReceivedFile.region_id)
        .outerjoin(Submission, Submission.public_id == Job.about)
        .outerjoin(Participation, Participation.id == whose)
        .outerjoin(Party, Party.id == Participation.party_id)
        .where(Job.state == JobState.FAILED.value)
        .order_by(Job.id)
        .limit(SHOWN)
    )
    return [
        FailedJob(
            id=job.id, kind=job.kind, error=job.error or "", attempts=job.attempts,
            party=party, region=region,
        )
        for job, party, region in rows
    ]  # fmt: skip
