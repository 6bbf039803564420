"""Files that arrived whole: rows derived from arrivals on disk, and tombstones of erased ones."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from verification.db import Base, UtcDateTime, bigint_key, one_of
from verification.models.process import Requirement
from verification.models.reference import Participation, Region
from verification.states import FileState

CURRENT = "withdrawn_at IS NULL"


class Retention(StrEnum):
    """What decides how long personal data stay."""

    DOSSIER = "dossier"
    PERSONAL = "personal"
    IDENTITY_SCAN = "identity_scan"


class ReceivedFile(Base):
    """A file of a party. `public_id` is the upload's id; replaced files stay, withdrawn with a reason."""

    __tablename__ = "file"
    __table_args__ = (
        one_of("state", FileState),
        one_of("retention", Retention),
        Index("ix_file_slot", "participation_id", "requirement_id", "region_id"),
        Index("ix_file_recent", "participation_id", "id"),
        Index("ix_file_digest", "participation_id", "sha256"),
        Index(
            "ix_file_unchecked",
            "state",
            "id",
            sqlite_where=text("state = 'received'"),
            postgresql_where=text("state = 'received'"),
        ),
    )

    id: Mapped[int] = bigint_key()
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    participation_id: Mapped[int] = mapped_column(ForeignKey("participation.id"))
    requirement_id: Mapped[int] = mapped_column(ForeignKey("requirement.id"))
    region_id: Mapped[int] = mapped_column(ForeignKey("region.id"))
    purpose: Mapped[str] = mapped_column(String(10))
    uploaded_by: Mapped[str] = mapped_column(String(60))
    filename: Mapped[str] = mapped_column(String(400))
    filetype: Mapped[str] = mapped_column(String(120))
    declared_sha256: Mapped[str | None] = mapped_column(String(64))
    corrects: Mapped[str | None] = mapped_column(String(32))
    batch: Mapped[str | None] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(10), default=FileState.RECEIVED.value)
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    rejection: Mapped[str | None] = mapped_column(String(60))
    rejection_params: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    detected_type: Mapped[str | None] = mapped_column(String(60))
    pages: Mapped[int | None]
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_by: Mapped[str | None] = mapped_column(String(60))
    withdrawn_reason: Mapped[str | None] = mapped_column(String(400))
    retention: Mapped[str] = mapped_column(String(20), default=Retention.DOSSIER.value)
    hold: Mapped[bool] = mapped_column(default=False)
    participation: Mapped[Participation] = relationship()
    requirement: Mapped[Requirement] = relationship()
    region: Mapped[Region] = relationship()


class Storage(Base):
    """Bytes of a party's files that arrived, replaced and erased ones too: the sum of `file.size`.

    Changed by whoever changes that sum, in the same transaction.
    """

    __tablename__ = "storage"

    participation_id: Mapped[int] = mapped_column(ForeignKey("participation.id"), primary_key=True)
    bytes: Mapped[int] = mapped_column(BigInteger)


class Tombstone(Base):
    """An upload erased on purpose: reconcile and restore must not bring it back."""

    __tablename__ = "tombstone"

    public_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    erased_at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(60))
    reason: Mapped[str] = mapped_column(String(400))
