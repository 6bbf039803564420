"""Stages, windows, rounds, requirements, reason codes: the process as data with its legal basis."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from verification.db import Base, UtcDateTime, bigint_key, one_of
from verification.models.reference import Level


class Purpose(StrEnum):
    """What an upload is for: Upload-Metadata `purpose`."""

    DOCUMENT = "document"
    ROSTER = "roster"
    SCANS = "scans"


class Stage(Base):
    """A stage (tahapan) of an election, for example pendaftaran or perbaikan."""

    __tablename__ = "stage"
    __table_args__ = (UniqueConstraint("election_id", "code"),)

    id: Mapped[int] = bigint_key()
    election_id: Mapped[int] = mapped_column(ForeignKey("election.id"))
    code: Mapped[str] = mapped_column(String(40))
    name_id: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120))
    ordinal: Mapped[int]


class Window(Base):
    """When a stage is open: for every party, or (`participation_id`) for one. The highest version holds.

    `made_by` and `made_at` are empty for what came with the election.
    """

    __tablename__ = "window"
    __table_args__ = (
        UniqueConstraint("stage_id", "participation_id", "version"),
        # NULL differs from NULL in the one above.
        Index(
            "uq_window_general",
            "stage_id",
            "version",
            unique=True,
            sqlite_where=text("participation_id IS NULL"),
            postgresql_where=text("participation_id IS NULL"),
        ),
        Index("ix_window_latest", "stage_id", "participation_id", "version"),
    )

    id: Mapped[int] = bigint_key()
    stage_id: Mapped[int] = mapped_column(ForeignKey("stage.id"))
    participation_id: Mapped[int | None] = mapped_column(ForeignKey("participation.id"))
    version: Mapped[int]
    opens_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closes_at: Mapped[datetime] = mapped_column(UtcDateTime)
    grace_seconds: Mapped[int] = mapped_column(default=0)
    legal_basis: Mapped[str] = mapped_column(String(200))
    made_by: Mapped[str | None] = mapped_column(String(60))
    made_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Round(Base):
    """A round (babak): the stage in which parties send, and the outcomes verifiers may give."""

    __tablename__ = "round"
    __table_args__ = (UniqueConstraint("election_id", "number"),)

    id: Mapped[int] = bigint_key()
    election_id: Mapped[int] = mapped_column(ForeignKey("election.id"))
    stage_id: Mapped[int] = mapped_column(ForeignKey("stage.id"))
    number: Mapped[int]
    allowed_outcomes: Mapped[list[str]] = mapped_column(JSON)
    legal_basis: Mapped[str] = mapped_column(String(200))
    opened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RoundPublication(Base):
    """An office's one act of publishing a round: from then on parties see its decisions."""

    __tablename__ = "round_publication"
    __table_args__ = (UniqueConstraint("round_id", "office_id"),)

    id: Mapped[int] = bigint_key()
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(60))
    items: Mapped[int]


class MemberRules(Base):
    """What the rows of member lists are judged by. The highest version holds.

    `preset` names the fields that are matched with the KTP; ages count at `cut_off`.
    """

    __tablename__ = "member_rules"
    __table_args__ = (UniqueConstraint("election_id", "version"),)

    id: Mapped[int] = bigint_key()
    election_id: Mapped[int] = mapped_column(ForeignKey("election.id"))
    version: Mapped[int]
    preset: Mapped[str] = mapped_column(String(20))
    cut_off: Mapped[date]
    minimum_age: Mapped[int]
    barred_occupations: Mapped[list[str]] = mapped_column(JSON)
    no_longer_in_office: Mapped[list[str]] = mapped_column(JSON)
    legal_basis: Mapped[str] = mapped_column(String(200))
    made_by: Mapped[str] = mapped_column(String(60))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Requirement(Base):
    """What a dossier must hold: document × level × region (domain brief 2; PKPU 4/2022 Pasal 8).

    `threshold`: {"kind": "each"} · {"kind": "share", "of": "province|regency", "at_least": 0.75} ·
    {"kind": "members", "at_most": 1000, "per_population": 1000}.
    `accepts`: file types by media type.
    """

    __tablename__ = "requirement"
    __table_args__ = (
        UniqueConstraint("election_id", "code", "version"),
        one_of("level", Level),
        one_of("purpose", Purpose),
    )

    id: Mapped[int] = bigint_key()
    election_id: Mapped[int] = mapped_column(ForeignKey("election.id"))
    code: Mapped[str] = mapped_column(String(40))
    version: Mapped[int] = mapped_column(default=1)
    retired: Mapped[bool] = mapped_column(default=False)
    group: Mapped[str] = mapped_column("grouping", String(40))
    ordinal: Mapped[int]
    name_id: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    level: Mapped[str] = mapped_column(String(10))
    purpose: Mapped[str] = mapped_column(String(10))
    threshold: Mapped[dict[str, Any]] = mapped_column(JSON)
    accepts: Mapped[list[str]] = mapped_column(JSON)
    max_bytes: Mapped[int]
    reviewed: Mapped[bool] = mapped_column(default=True)
    legal_basis: Mapped[str] = mapped_column(String(200))


class ReasonCode(Base):
    """Why an outcome is BMS or TMS. `applies_to`: document or member. `key`: the desk's digit."""

    __tablename__ = "reason_code"
    __table_args__ = (UniqueConstraint("election_id", "code", "version"),)

    id: Mapped[int] = bigint_key()
    election_id: Mapped[int] = mapped_column(ForeignKey("election.id"))
    code: Mapped[str] = mapped_column(String(40))
    version: Mapped[int] = mapped_column(default=1)
    retired: Mapped[bool] = mapped_column(default=False)
    outcome: Mapped[str] = mapped_column(String(3))
    applies_to: Mapped[str] = mapped_column(String(10))
    key: Mapped[str] = mapped_column(String(1))
    text_id: Mapped[str] = mapped_column(String(200))
    text_en: Mapped[str] = mapped_column(String(200))
    repair_id: Mapped[str] = mapped_column(String(300))
    repair_en: Mapped[str] = mapped_column(String(300))
    legal_basis: Mapped[str] = mapped_column(String(200))
