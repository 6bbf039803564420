"""What citizens ask and say: the NIK of all submitted members, objections, and the rows concerned."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from verification.db import Base, UtcDateTime, bigint_key, one_of, public_key
from verification.disputes.states import DisputeState
from verification.models.files import Retention
from verification.models.reference import Office, Participation


class SubmittedNik(Base):
    """A piece of the index by NIK of all lists that a party has submitted together.

    `least`: nothing in it is below; the first piece of a party begins at zero, so that every NIK has
    one piece to be looked for in. `verification.submitted_niks` packs `content`.
    """

    __tablename__ = "submitted_nik"

    comparison_id: Mapped[int] = mapped_column(
        ForeignKey("duplicate_comparison.id"), primary_key=True, autoincrement=False
    )
    least: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class Objection(Base):
    """A person says he is no member; he comes back to it with ticket and code, of which a digest is kept.

    `nik` as of a member; `person`: name and contact, sealed (`verification.disputes.filing`).
    """

    __tablename__ = "objection"
    __table_args__ = (one_of("retention", Retention),)

    id: Mapped[int] = bigint_key()
    public_id: Mapped[str] = public_key()
    election_id: Mapped[int] = mapped_column(ForeignKey("election.id"))
    ticket: Mapped[str] = mapped_column(String(12), unique=True)
    code_sha256: Mapped[str] = mapped_column(String(64))
    key_id: Mapped[str] = mapped_column(String(32))
    nik: Mapped[bytes] = mapped_column(LargeBinary(16))
    person: Mapped[bytes] = mapped_column(LargeBinary)
    filed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    retention: Mapped[str] = mapped_column(String(20), default=Retention.PERSONAL.value)
    hold: Mapped[bool] = mapped_column(default=False)
    members: Mapped[list[DisputedMember]] = relationship(
        back_populates="objection", order_by="DisputedMember.id"
    )


class DisputedMember(Base):
    """A party's member whom an objection is about, and what has become of it.

    Named by participation and subject key, which survives corrections; `member_id` is the row it was
    found by. `reference`: the minute (berita acara) of the last step. `due_at`: by when the next one.
    """

    __tablename__ = "disputed_member"
    __table_args__ = (
        UniqueConstraint("objection_id", "participation_id", "subject_key"),
        one_of("state", DisputeState),
        Index("ix_disputed_member_subject", "participation_id", "subject_key"),
        Index("ix_disputed_member_office", "office_id", "id"),
    )

    id: Mapped[int] = bigint_key()
    public_id: Mapped[str] = public_key()
    objection_id: Mapped[int] = mapped_column(ForeignKey("objection.id"))
    participation_id: Mapped[int] = mapped_column(ForeignKey("participation.id"))
    subject_key: Mapped[str] = mapped_column(String(32))
    member_id: Mapped[int] = mapped_column(BigInteger)
    roster_id: Mapped[int] = mapped_column(ForeignKey("roster.id"))
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    state: Mapped[str] = mapped_column(String(10), default=DisputeState.FILED.value)
    reference: Mapped[str | None] = mapped_column(String(200))
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    moved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    moved_by: Mapped[str | None] = mapped_column(String(60))
    objection: Mapped[Objection] = relationship(back_populates="members")
    participation: Mapped[Participation] = relationship()
    office: Mapped[Office] = relationship()
