"""Submissions, review subjects, items, decisions, findings. Sized for ten million items."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from verification.db import Base, UtcDateTime, bigint_key, one_of, public_key
from verification.models.files import ReceivedFile
from verification.models.process import Requirement, Round
from verification.models.reference import Office, Participation, Region
from verification.models.rosters import Member
from verification.states import ItemState, Outcome, SubmissionState


class Submission(Base):
    """A dossier as it was locked: ids and digests of immutable versions, one a party and round."""

    __tablename__ = "submission"
    __table_args__ = (
        UniqueConstraint("participation_id", "round_id"),
        one_of("state", SubmissionState),
    )

    id: Mapped[int] = bigint_key()
    public_id: Mapped[str] = public_key()
    participation_id: Mapped[int] = mapped_column(ForeignKey("participation.id"))
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    digest: Mapped[str] = mapped_column(String(64))
    manifest: Mapped[str] = mapped_column(Text)
    submitted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    submitted_by: Mapped[str] = mapped_column(String(60))
    state: Mapped[str] = mapped_column(String(10), default=SubmissionState.LOCKED.value)
    pins_done: Mapped[int] = mapped_column(default=0)
    next_line: Mapped[int] = mapped_column(BigInteger, default=0)
    items_made: Mapped[int] = mapped_column(default=0)
    participation: Mapped[Participation] = relationship()
    round: Mapped[Round] = relationship()


class SubmissionPin(Base):
    """One thing that a submission holds: a file, or a version of a member list."""

    __tablename__ = "submission_pin"
    __table_args__ = (
        CheckConstraint("(file_id IS NULL) <> (roster_version_id IS NULL)", name="one_thing"),
        Index("ix_pin_slot", "submission_id", "requirement_id", "region_id"),
    )

    id: Mapped[int] = bigint_key()
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"))
    requirement_id: Mapped[int] = mapped_column(ForeignKey("requirement.id"))
    region_id: Mapped[int] = mapped_column(ForeignKey("region.id"))
    file_id: Mapped[int | None] = mapped_column(ForeignKey("file.id"))
    roster_version_id: Mapped[int | None] = mapped_column(ForeignKey("roster_version.id"))
    digest: Mapped[str] = mapped_column(String(64))
    file: Mapped[ReceivedFile | None] = relationship()


class Subject(Base):
    """What is judged, stable across rounds. `key`: `<requirement>:<region>`, or a member's subject_key."""

    __tablename__ = "subject"
    __table_args__ = (
        UniqueConstraint("participation_id", "kind", "key"),
        CheckConstraint("kind IN ('document', 'member')", name="kind_known"),
    )

    id: Mapped[int] = bigint_key()
    public_id: Mapped[str] = public_key()
    participation_id: Mapped[int] = mapped_column(ForeignKey("participation.id"))
    kind: Mapped[str] = mapped_column(String(8))
    key: Mapped[str] = mapped_column(String(64))
    requirement_id: Mapped[int] = mapped_column(ForeignKey("requirement.id"))
    region_id: Mapped[int] = mapped_column(ForeignKey("region.id"))
    requirement: Mapped[Requirement] = relationship()
    region: Mapped[Region] = relationship()


_CLAIMED = "state = 'claimed'"
_JUDGED = "state IN ('decided', 'published')"
_DOCUMENT = "member_id IS NULL"


class Item(Base):
    """A subject of a submission before an office. `queue_key` orders the queue; skipping raises it."""

    __tablename__ = "item"
    __table_args__ = (
        UniqueConstraint("submission_id", "subject_id"),
        one_of("state", ItemState),
        one_of("outcome", Outcome),
        CheckConstraint(
            f"({_CLAIMED}) = (holder IS NOT NULL AND lease_until IS NOT NULL)",
            name="claimed_has_holder",
        ),
        CheckConstraint(f"({_JUDGED}) = (outcome IS NOT NULL)", name="judged_has_outcome"),
        CheckConstraint(f"({_JUDGED}) = (decided_by IS NOT NULL)", name="judged_has_decider"),
        Index(
            "ix_item_queue",
            "office_id",
            "queue_key",
            "id",
            sqlite_where=text("state = 'queued'"),
            postgresql_where=text("state = 'queued'"),
        ),
        Index(
            "ix_item_lease",
            "lease_until",
            sqlite_where=text(_CLAIMED),
            postgresql_where=text(_CLAIMED),
        ),
        Index(
            "ix_item_holder", "holder", sqlite_where=text(_CLAIMED), postgresql_where=text(_CLAIMED)
        ),
        Index(
            "ix_item_office", "office_id", "round_id", "state", "participation_id", "outcome", "id"
        ),
        Index("ix_item_party", "participation_id", "round_id", "state", "outcome", "id"),
        Index(
            "ix_item_document",
            "participation_id",
            "round_id",
            "state",
            "outcome",
            "id",
            sqlite_where=text(_DOCUMENT),
            postgresql_where=text(_DOCUMENT),
        ),
        Index("ix_item_rate", "office_id", "decided_at"),
        Index("ix_item_decider", "decided_by", "decided_at"),
        Index("ix_item_subject", "subject_id"),
    )

    id: Mapped[int] = bigint_key()
    public_id: Mapped[str] = public_key()
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"))
    participation_id: Mapped[int] = mapped_column(ForeignKey("participation.id"))
    subject_id: Mapped[int] = mapped_column(ForeignKey("subject.id"))
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    state: Mapped[str] = mapped_column(String(10), default=ItemState.QUEUED.value)
    version: Mapped[int] = mapped_column(default=1)
    queue_key: Mapped[int] = mapped_column(BigInteger)
    queued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    holder: Mapped[str | None] = mapped_column(String(60))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[str | None] = mapped_column(String(3))
    reason: Mapped[str | None] = mapped_column(String(40))
    decided_by: Mapped[str | None] = mapped_column(String(60))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    submission: Mapped[Submission] = relationship()
    participation: Mapped[Participation] = relationship()
    subject: Mapped[Subject] = relationship()
    office: Mapped[Office] = relationship()
    round: Mapped[Round] = relationship()
    member: Mapped[Member | None] = relationship()


class ResultTally(Base):
    """What an office has published in a round of a party, counted: read in place of a million items.

    `roster_id`: the list of the judged rows, 0 for documents. `published`: results of this round;
    `standing`: what they add to the results in force, less than nothing where they took the place of
    earlier ones. Written by `verification.tallies` alone.
    """

    __tablename__ = "result_tally"
    __table_args__ = (
        one_of("outcome", Outcome),
        Index("ix_result_tally_office", "office_id", "round_id"),
    )

    participation_id: Mapped[int] = mapped_column(ForeignKey("participation.id"), primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), primary_key=True)
    requirement_id: Mapped[int] = mapped_column(ForeignKey("requirement.id"), primary_key=True)
    region_id: Mapped[int] = mapped_column(ForeignKey("region.id"), primary_key=True)
    roster_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    outcome: Mapped[str] = mapped_column(String(3), primary_key=True)
    published: Mapped[int]
    standing: Mapped[int]


class Decision(Base):
    """What was decided or undone; rows are only ever added. `outcome` NULL: the one superseded is undone."""

    __tablename__ = "decision"
    __table_args__ = (
        Index("ix_decision_item", "item_id", "id"),
        UniqueConstraint("supersedes_id"),
        CheckConstraint("outcome IS NOT NULL OR supersedes_id IS NOT NULL", name="undo_supersedes"),
    )

    id: Mapped[int] = bigint_key()
    public_id: Mapped[str] = public_key()
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    outcome: Mapped[str | None] = mapped_column(String(3))
    reason: Mapped[str | None] = mapped_column(String(40))
    note: Mapped[str | None] = mapped_column(String(1000))
    actor: Mapped[str] = mapped_column(String(60))
    decided_at: Mapped[datetime] = mapped_column(UtcDateTime)
    supersedes_id: Mapped[int | None] = mapped_column(ForeignKey("decision.id"))


class Correction(Base):
    """A published MS that another party's right to the member has overtaken: one proposes, another confirms.

    `reference` names the minute (berita acara) it rests on. Open until confirmed or dropped.
    """

    __tablename__ = "correction"
    __table_args__ = (
        Index(
            "one_open_correction",
            "item_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        CheckConstraint("ended_by IS NULL OR ended_by <> proposed_by OR NOT confirmed", name="two"),
    )

    id: Mapped[int] = bigint_key()
    public_id: Mapped[str] = public_key()
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    reason: Mapped[str] = mapped_column(String(40))
    reference: Mapped[str] = mapped_column(String(200))
    proposed_by: Mapped[str] = mapped_column(String(60))
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed: Mapped[bool] = mapped_column(default=False)
    ended_by: Mapped[str | None] = mapped_column(String(60))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    item: Mapped[Item] = relationship()


class Finding(Base):
    """What a check noticed about a file; a member's own warnings stand in its bit mask."""

    __tablename__ = "finding"
    __table_args__ = (Index("ix_finding_file", "file_id"),)

    id: Mapped[int] = bigint_key()
    file_id: Mapped[int] = mapped_column(ForeignKey("file.id"))
    code: Mapped[str] = mapped_column(String(60))
    severity: Mapped[str] = mapped_column(String(10))
    params: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
