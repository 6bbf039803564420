"""Work that waits for a worker: put down in the transaction that makes it necessary, taken by lease.

A job is idempotent by its nature and named by kind and what it is about, so putting it down twice
changes nothing. A worker that dies loses its lease and the job goes back; after too many attempts it
fails and waits for a person.

Next station: `verification.worker` takes jobs, `verification.handlers` says what they do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select, update
from sqlalchemy.orm import Session

from verification import leases
from verification.batches import Upsert, among, upsert_all
from verification.errors import LeaseLost
from verification.models import Job
from verification.models.jobs import JobState

MOST_ATTEMPTS = 8
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=10)
ERROR_LENGTH = 400


class JobKind(StrEnum):
    """What a worker can be asked to do."""

    ISSUE_RECEIPT = "issue-receipt"
    ISSUE_LIST_RECEIPT = "issue-list-receipt"
    CHECK_DOCUMENT = "check-document"
    CHECK_SCANS = "check-scans"
    DRAW_IMAGES = "draw-images"
    IMPORT_ROSTER = "import-roster"
    MAKE_ITEMS = "make-items"
    SEAL_ACCESSES = "seal-accesses"
    EXPIRE_LEASES = "expire-leases"
    RECONCILE = "reconcile"
    LOOK_EARLY = "look-early"
    FIND_DUPLICATES = "find-duplicates"
    PROVE_DUPLICATES = "prove-duplicates"


class NotYet(Exception):
    """What a handler raises to be called again in `seconds`: its work waits for other work."""

    def __init__(self, why: str, seconds: float = 2.0) -> None:
        super().__init__(why)
        self.seconds = seconds


def enqueue(
    session: Session, kind: str, about: str, now: datetime, ready_at: datetime | None = None
) -> None:
    """Put a job down, or call a finished, failed or later one up for `ready_at` (default: now).

    A job that waits for an earlier moment, or that a worker holds, is left as it is.
    """
    enqueue_all(session, [(kind, about)], now, ready_at)


def enqueue_all(
    session: Session,
    work: Iterable[tuple[str, str]],
    now: datetime,
    ready_at: datetime | None = None,
) -> None:
    """As `enqueue`, for many (kind, about) at once."""
    fresh = {
        "state": JobState.WAITING.value,
        "ready_at": ready_at or now,
        "attempts": 0,
        "error": None,
        "created_at": now,
        "done_at": None,
    }
    # In one order of `about` everywhere: of two batches that meet, one waits for the other.
    rows = [
        {"kind": str(kind), "about": about} | fresh
        for kind, about in sorted(dict.fromkeys(work), key=lambda job: job[1])
    ]
    upsert_all(session, Job, rows, _CALLED_UP)


def _over_or_later(new: Any) -> ColumnElement[bool]:
    over = or_(Job.state == JobState.DONE.value, Job.state == JobState.FAILED.value)
    return or_(over, and_(Job.state == JobState.WAITING.value, Job.ready_at > new.ready_at))


_CALLED_UP = Upsert(
    keys=("kind", "about"),
    changes=("state", "ready_at", "attempts", "error", "done_at"),
    where=_over_or_later,
)


def any_ready(session: Session, now: datetime, kinds: Iterable[str]) -> bool:
    """Whether a job waits: a look that takes no lock, before `lease`, which does."""
    ready = (
        select(Job.id)
        .where(
            Job.state == leases.word(JobState.WAITING),
            Job.ready_at <= now,
            Job.kind.in_([str(kind) for kind in kinds]),
        )
        .limit(1)
    )
    return session.scalar(ready) is not None


def lease(
    session: Session,
    worker: str,
    now: datetime,
    seconds: float,
    kinds: Iterable[str] | None = None,
) -> Job | None:
    """The job that has been ready longest, held by `worker` for `seconds`; None: nothing to do."""
    wanted = (
        select(Job.id)
        .where(Job.state == leases.word(JobState.WAITING), Job.ready_at <= now)
        .order_by(Job.ready_at, Job.id)
    )
    if kinds is not None:
        wanted = wanted.where(Job.kind.in_([str(kind) for kind in kinds]))
    return leases.take(
        session,
        Job,
        wanted,
        {
            "state": JobState.LEASED.value,
            "worker": worker,
            "lease_until": leases.lease_end(now, seconds),
            # Counted when taken, not when failed: a job that kills its worker must end as well.
            "attempts": Job.attempts + 1,
        },
    )


def fresh_beside(session: Session, kind: str, now: datetime, limit: int) -> list[str]:
    """What further jobs of a kind are about: ready, held by nobody and never tried.

    For whoever does them with his own: one that makes its worker fail soon goes alone.
    """
    fresh = (
        select(Job.about)
        .where(
            Job.state == leases.word(JobState.WAITING),
            Job.ready_at <= now,
            Job.kind == str(kind),
            Job.attempts == 0,
        )
        .order_by(Job.ready_at, Job.id)
        .limit(limit)
    )
    return list(session.scalars(fresh))


def done_beside(session: Session, kind: str, abouts: Iterable[str], now: datetime) -> None:
    """They were done with another job, as far as nobody holds them meanwhile."""
    session.execute(
        update(Job)
        .where(
            Job.state == leases.word(JobState.WAITING),
            Job.kind == str(kind),
            among(Job.about, abouts),
        )
        .values(state=JobState.DONE.value, done_at=now)
        .execution_options(synchronize_session=False)
    )


def extend(session: Session, job: Job, worker: str, now: datetime, seconds: float) -> None:
    """Hold on for `seconds` from now. Raises LeaseLost."""
    _held(session, job, worker, lease_until=leases.lease_end(now, seconds))


def complete(session: Session, job: Job, worker: str, now: datetime) -> None:
    """The work is done. Raises LeaseLost when somebody else has taken the job over."""
    _held(
        session, job, worker, state=JobState.DONE.value, done_at=now, lease_until=None, error=None
    )


def put_back(session: Session, job: Job, worker: str, ready_at: datetime) -> None:
    """Not now: wait for something else, or the worker is stopping. Costs no attempt."""
    _held(
        session,
        job,
        worker,
        state=JobState.WAITING.value,
        ready_at=ready_at,
        lease_until=None,
        attempts=Job.attempts - 1,
    )


def fail(session: Session, job: Job, worker: str, now: datetime, error: str) -> None:
    """It did not work: try again after a pause that doubles, or give up after eight attempts.

    `error` is for the people who run this; it must hold no personal data.
    """
    over = job.attempts >= MOST_ATTEMPTS
    _held(
        session,
        job,
        worker,
        state=JobState.FAILED.value if over else JobState.WAITING.value,
        ready_at=now + pause_after(job.attempts),
        lease_until=None,
        error=error[:ERROR_LENGTH],
    )


def pause_after(attempts: int) -> timedelta:
    """How long to wait after the n-th attempt: 5 s, 10 s, 20 s … 10 min."""
    doublings = min(max(0, attempts - 1), MOST_ATTEMPTS)
    return min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)


def release_expired(session: Session, now: datetime, departed: Sequence[str] = ()) -> int:
    """Give back what dead workers held; returns how many jobs.

    Dead is whose lease has run out, and before that whoever `departed` names.
    """
    dead = or_(leases.ran_out(Job.lease_until, now), Job.worker.in_(departed))
    spent = Job.attempts >= MOST_ATTEMPTS
    changed = session.execute(
        update(Job)
        .where(Job.state == leases.word(JobState.LEASED), dead)
        .values(
            state=case((spent, JobState.FAILED.value), else_=JobState.WAITING.value),
            error=case((spent, "its worker died each time"), else_=Job.error),
            lease_until=None,
            ready_at=now,
        )
        .returning(Job.id),
        execution_options={"synchronize_session": False},
    )
    return len(changed.all())


def position(session: Session, kind: str, about: str) -> int:
    """The job's place among those that wait, from 1; 0 when it is in work, over or unknown."""
    job = session.scalar(select(Job).where(Job.kind == str(kind), Job.about == about))
    if job is None or job.state != JobState.WAITING.value:
        return 0
    before = or_(Job.ready_at < job.ready_at, and_(Job.ready_at == job.ready_at, Job.id <= job.id))
    counted = select(func.count()).where(Job.state == leases.word(JobState.WAITING), before)
    return session.scalar(counted) or 0


def is_open(session: Session, kind: str, about: str) -> bool:
    """Whether the job waits or is in work."""
    states = (JobState.WAITING.value, JobState.LEASED.value)
    wanted = select(Job.id).where(Job.kind == str(kind), Job.about == about, Job.state.in_(states))
    return session.scalar(wanted) is not None


def counts(session: Session) -> dict[tuple[str, str], int]:
    """(kind, state) → how many, without those done."""
    rows = session.execute(
        select(Job.kind, Job.state, func.count())
        .where(Job.state != JobState.DONE.value)
        .group_by(Job.kind, Job.state)
    )
    return {(kind, state): number for kind, state, number in rows}


def _held(session: Session, job: Job, worker: str, **values: object) -> None:
    kept = leases.change(
        session,
        Job,
        Job.id == job.id,
        Job.state == JobState.LEASED.value,
        Job.worker == worker,
        values=values,
    )
    if kept is None:
        raise LeaseLost("the job is no longer held by this worker")
