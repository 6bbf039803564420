"""Member lists: versions, rows, rejected rows, card scans. What identifies a person is enciphered."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    ForeignKey,
    Index,
    LargeBinary,
    SQLColumnExpression,
    String,
    UniqueConstraint,
    and_,
    false,
)
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column, relationship

from verification.db import Base, BigKey, UtcDateTime, bigint_key, one_of, public_key
from verification.models.files import ReceivedFile, Retention
from verification.models.reference import Participation
from verification.states import ListStage

LINE_BITS = 32
MOST_LINES = (1 << LINE_BITS) - 1


def row_id(version_id: int, line: int) -> int:
    """A member's key: where the row stands, which never changes. `line`: 0 to 2³² - 1."""
    return (version_id << LINE_BITS) | line


def _key_of_row(context: DefaultExecutionContext) -> int:
    row: dict[str, int] = context.get_current_parameters()  # type: ignore[no-untyped-call]
    return row_id(row["version_id"], row["line"])


class Roster(Base):
    """A member list of a party for a region (`ID`: the whole nation). Readers follow `current_version_id`."""

    __tablename__ = "roster"
    __table_args__ = (Index("ix_roster_participation", "participation_id", "id"),)

    id: Mapped[int] = bigint_key()
    public_id: Mapped[str] = public_key()
    participation_id: Mapped[int] = mapped_column(ForeignKey("participation.id"))
    requirement_id: Mapped[int] = mapped_column(ForeignKey("requirement.id"))
    region_id: Mapped[int] = mapped_column(ForeignKey("region.id"))
    current_version_id: Mapped[int | None] = mapped_column(
        ForeignKey("roster_version.id", use_alter=True)
    )
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_by: Mapped[str | None] = mapped_column(String(60))
    withdrawn_reason: Mapped[str | None] = mapped_column(String(400))
    participation: Mapped[Participation] = relationship()


class RosterVersion(Base):
    """One import: once done, sent = stored + rejected. A correction has `merged_from_id`.

    `against`: number of the version in force that a whole list was compared with, which it replaces.
    """

    __tablename__ = "roster_version"
    __table_args__ = (
        UniqueConstraint("roster_id", "number"),
        UniqueConstraint("file_id"),
        one_of("stage", ListStage),
    )

    id: Mapped[int] = bigint_key()
    roster_id: Mapped[int] = mapped_column(ForeignKey("roster.id"))
    number: Mapped[int]
    file_id: Mapped[int] = mapped_column(ForeignKey("file.id"))
    merged_from_id: Mapped[int | None] = mapped_column(ForeignKey("roster_version.id"))
    stage: Mapped[str] = mapped_column(String(10), default=ListStage.STORED.value)
    sent: Mapped[int | None]
    stored: Mapped[int | None]
    rejected: Mapped[int | None]
    warned: Mapped[int | None]
    repeated: Mapped[int | None]
    added: Mapped[int | None]
    removed: Mapped[int | None]
    changed: Mapped[int | None]
    against: Mapped[int | None]
    rows_digest: Mapped[str | None] = mapped_column(String(64))
    columns: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    roster: Mapped[Roster] = relationship(foreign_keys=[roster_id])
    file: Mapped[ReceivedFile] = relationship()


class Member(Base):
    """A row of a version; `nik` is ciphertext and blind index, `row_ref` its outer name.

    `subject_key` survives versions: the same person keeps it when name or NIK is corrected.

    A million of these come in at once, so nothing here is filled at random: the one index is the
    key, `row_id`, which grows at its end; `NikPage` finds a NIK; nothing is looked up or checked
    for every row. Rows of a version are found by `Member.of`, in the order of `id`.
    """

    __tablename__ = "member"

    id: Mapped[int] = mapped_column(
        BigKey, primary_key=True, autoincrement=False, default=_key_of_row
    )
    version_id: Mapped[int] = mapped_column(BigKey)
    participation_id: Mapped[int] = mapped_column(BigKey)
    line: Mapped[int]
    row_ref: Mapped[str] = mapped_column(String(16))
    subject_key: Mapped[str] = mapped_column(String(32))
    key_id: Mapped[str] = mapped_column(String(32))
    nik: Mapped[bytes] = mapped_column(LargeBinary(16))
    name: Mapped[str] = mapped_column(String(200))
    sex: Mapped[str] = mapped_column(String(1))
    birth_date: Mapped[date]
    birth_place: Mapped[str] = mapped_column(String(120), default="")
    marital_status: Mapped[str] = mapped_column(String(40), default="")
    occupation: Mapped[str] = mapped_column(String(120), default="")
    address: Mapped[str] = mapped_column(String(400), default="")
    kta_number: Mapped[str] = mapped_column(String(60))
    province_code: Mapped[str] = mapped_column(String(16))
    regency_code: Mapped[str] = mapped_column(String(16))
    district_code: Mapped[str] = mapped_column(String(16))
    village: Mapped[str] = mapped_column(String(120), default="")
    warnings: Mapped[int] = mapped_column(default=0)
    retention: Mapped[str] = mapped_column(String(20), server_default=Retention.PERSONAL.value)
    hold: Mapped[bool] = mapped_column(server_default=false())

    @classmethod
    def of(cls, version_id: int, after: int = -1) -> ColumnElement[bool]:
        """Whether a row is one of a version, on a line behind `after`, whatever that says."""
        first, end = row_id(version_id, 0), row_id(version_id + 1, 0)
        return and_(cls.id >= first + min(max(after, -1) + 1, end - first), cls.id < end)

    @classmethod
    def of_current(cls, version_id: SQLColumnExpression[int | None]) -> ColumnElement[bool]:
        """The same for a version that a joined row names."""
        first = version_id * row_id(1, 0)
        return cls.id.between(first, first + row_id(0, MOST_LINES))


class NikPage(Base):
    """A piece of a version's index by NIK: enciphered NIK in ascending order, each with its line.

    `least`: the first NIK of the piece. `content`: `verification.rosters.nik_pages` packs it.
    """

    __tablename__ = "nik_page"

    version_id: Mapped[int] = mapped_column(
        ForeignKey("roster_version.id"), primary_key=True, autoincrement=False
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    least: Mapped[bytes] = mapped_column(LargeBinary(16))
    content: Mapped[bytes] = mapped_column(LargeBinary)


class KeyPage(Base):
    """A piece of what of a version's rows is compared; `verification.duplicates.key_pages` packs it.

    `key_id`: the field key that the NIK in it are enciphered under.
    """

    __tablename__ = "key_page"

    version_id: Mapped[int] = mapped_column(
        ForeignKey("roster_version.id"), primary_key=True, autoincrement=False
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key_id: Mapped[str] = mapped_column(String(32))
    content: Mapped[bytes] = mapped_column(LargeBinary)


class EarlyWord(Base):
    """What the first bytes of a list said while the rest was on its way; `code` None: nothing wrong."""

    __tablename__ = "early_word"

    upload_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    code: Mapped[str | None] = mapped_column(String(60))
    params: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    looked_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RejectedRow(Base):
    """A row that was not stored: cells sealed (AES-GCM), errors as codes with column, params."""

    __tablename__ = "rejected_row"
    __table_args__ = (UniqueConstraint("version_id", "line"), one_of("retention", Retention))

    id: Mapped[int] = bigint_key()
    version_id: Mapped[int] = mapped_column(BigKey)
    line: Mapped[int]
    row_ref: Mapped[str] = mapped_column(String(16))
    cells: Mapped[bytes] = mapped_column(LargeBinary)
    errors: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    resolved_by_id: Mapped[int | None] = mapped_column(ForeignKey("roster_version.id"))
    retention: Mapped[str] = mapped_column(String(20), default=Retention.PERSONAL.value)
    hold: Mapped[bool] = mapped_column(default=False)


class Scan(Base):
    """A card scan out of a file of purpose `scans`; paired with members by NIK or KTA number."""

    __tablename__ = "scan"
    __table_args__ = (
        UniqueConstraint("file_id", "number"),
        Index("ix_scan_nik", "participation_id", "nik"),
        Index("ix_scan_kta", "participation_id", "kta_number"),
        Index("ix_scan_sha256", "participation_id", "sha256"),
        one_of("retention", Retention),
    )

    id: Mapped[int] = bigint_key()
    participation_id: Mapped[int] = mapped_column(ForeignKey("participation.id"))
    file_id: Mapped[int] = mapped_column(ForeignKey("file.id"))
    number: Mapped[int]
    kind: Mapped[str] = mapped_column(String(8))
    name: Mapped[bytes] = mapped_column(LargeBinary)
    nik: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    key_id: Mapped[str | None] = mapped_column(String(32))
    kta_number: Mapped[str | None] = mapped_column(String(60))
    sha256: Mapped[str] = mapped_column(String(64))
    withdrawn: Mapped[bool] = mapped_column(default=False)
    retention: Mapped[str] = mapped_column(String(20), default=Retention.IDENTITY_SCAN.value)
    hold: Mapped[bool] = mapped_column(default=False)
    file: Mapped[ReceivedFile] = relationship()


class ScanChoice(Base):
    """Whose card a picture is, as the party says; it stands when the file is checked again.

    `withdrawn`: the picture is to count for nobody.
    """

    __tablename__ = "scan_choice"

    file_id: Mapped[int] = mapped_column(
        ForeignKey("file.id"), primary_key=True, autoincrement=False
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(8))
    nik: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    key_id: Mapped[str | None] = mapped_column(String(32))
    kta_number: Mapped[str | None] = mapped_column(String(60))
    withdrawn: Mapped[bool] = mapped_column(default=False)
    chosen_by: Mapped[str] = mapped_column(String(60))
    chosen_at: Mapped[datetime] = mapped_column(UtcDateTime)
