"""Comparisons of submitted dossiers, the pairs they found, and a version's members by regency."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from verification.db import Base, UtcDateTime, bigint_key, one_of, public_key
from verification.models.reference import Participation
from verification.states import DuplicateKind, DuplicateState, Resolution


class Comparison(Base):
    """A party's submitted lists, entered for comparing. The order of ids is the order of entering.

    A party's newest row holds what it has submitted; each is compared with every party entered
    before it, so of two that enter at the same moment the later one meets the earlier. From
    `indexed_at` on its NIK stand in `SubmittedNik`.
    """

    __tablename__ = "duplicate_comparison"
    __table_args__ = (
        UniqueConstraint("submission_id"),
        Index("ix_comparison_party", "participation_id", "id"),
    )

    id: Mapped[int] = bigint_key()
    participation_id: Mapped[int] = mapped_column(ForeignKey("participation.id"))
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"))
    versions: Mapped[list[int]] = mapped_column(JSON)
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    found: Mapped[int] = mapped_column(default=0)
    indexed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    participation: Mapped[Participation] = relationship()


class Duplicate(Base):
    """Two members that are, or may be, one person; a side is named by participation and subject key.

    Within one party (both participations equal) it is internal. The member keys are the rows it was
    found by, for the evidence; the subject keys survive corrections. `left_statement` and
    `right_statement` refer to the signed statement a party has handed in.
    """

    __tablename__ = "duplicate"
    __table_args__ = (
        UniqueConstraint(
            "left_participation_id",
            "left_key",
            "right_participation_id",
            "right_key",
            name="uq_duplicate_pair",
        ),
        CheckConstraint("left_participation_id <= right_participation_id", name="ordered"),
        CheckConstraint("(state = 'settled') = (resolution IS NOT NULL)", name="settled_has_why"),
        one_of("kind", DuplicateKind),
        one_of("state", DuplicateState),
        one_of("resolution", Resolution),
        Index("ix_duplicate_right", "right_participation_id", "right_key"),
        Index(
            "ix_duplicate_open",
            "left_participation_id",
            "right_participation_id",
            sqlite_where=text("state IN ('open', 'summoned')"),
            postgresql_where=text("state IN ('open', 'summoned')"),
        ),
    )

    id: Mapped[int] = bigint_key()
    public_id: Mapped[str] = public_key()
    kind: Mapped[str] = mapped_column(String(12))
    left_participation_id: Mapped[int] = mapped_column(ForeignKey("participation.id"))
    left_key: Mapped[str] = mapped_column(String(32))
    left_member_id: Mapped[int] = mapped_column(BigInteger)
    left_statement: Mapped[str | None] = mapped_column(String(200))
    right_participation_id: Mapped[int] = mapped_column(ForeignKey("participation.id"))
    right_key: Mapped[str] = mapped_column(String(32))
    right_member_id: Mapped[int] = mapped_column(BigInteger)
    right_statement: Mapped[str | None] = mapped_column(String(200))
    score: Mapped[int]
    state: Mapped[str] = mapped_column(String(10), default=DuplicateState.OPEN.value)
    summons: Mapped[str | None] = mapped_column(String(200))
    resolution: Mapped[str | None] = mapped_column(String(10))
    kept_participation_id: Mapped[int | None] = mapped_column(ForeignKey("participation.id"))
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled_by: Mapped[str | None] = mapped_column(String(60))

    @property
    def internal(self) -> bool:
        """Whether both rows are one party's."""
        return self.left_participation_id == self.right_participation_id


class ListTally(Base):
    """Of a version of a list, in one kabupaten/kota: rows, people, and rows with each repetition.

    `people` counts who is in the list several times once, where his first row is.
    """

    __tablename__ = "list_tally"

    version_id: Mapped[int] = mapped_column(ForeignKey("roster_version.id"), primary_key=True)
    regency_code: Mapped[str] = mapped_column(String(16), primary_key=True)
    rows: Mapped[int]
    people: Mapped[int]
    identical: Mapped[int]
    other_name: Mapped[int]
    similar: Mapped[int]
