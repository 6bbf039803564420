"""Work for the worker: taken by lease, never lost with a process."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from verification.db import Base, UtcDateTime, bigint_key, one_of


class JobState(StrEnum):
    """Of a job; `failed` needs a person."""

    WAITING = "waiting"
    LEASED = "leased"
    DONE = "done"
    FAILED = "failed"


class Job(Base):
    """One piece of work, idempotent by its nature; `about` is the public id of what it works on."""

    __tablename__ = "job"
    __table_args__ = (
        UniqueConstraint("kind", "about"),
        one_of("state", JobState),
        CheckConstraint("(state = 'leased') = (lease_until IS NOT NULL)", name="leased_has_end"),
        Index(
            "ix_job_ready",
            "ready_at",
            "id",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(
            "ix_job_lease",
            "lease_until",
            sqlite_where=text("state = 'leased'"),
            postgresql_where=text("state = 'leased'"),
        ),
    )

    id: Mapped[int] = bigint_key()
    kind: Mapped[str] = mapped_column(String(30))
    about: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(10), default=JobState.WAITING.value)
    ready_at: Mapped[datetime] = mapped_column(UtcDateTime)
    worker: Mapped[str | None] = mapped_column(String(60))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(String(400))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
