"""Elections, regions, offices, parties: what everything else refers to."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from verification.db import Base, UtcDateTime, bigint_key, one_of, public_key
from verification.models.proof import Chain


class Level(StrEnum):
    """Administrative levels; `ID` is the nation's own code."""

    NATIONAL = "national"
    PROVINCE = "province"
    REGENCY = "regency"
    DISTRICT = "district"


class RegionSet(Base):
    """A version of the region table; an election is pinned to one."""

    __tablename__ = "region_set"

    id: Mapped[int] = bigint_key()
    code: Mapped[str] = mapped_column(String(40), unique=True)
    source: Mapped[str] = mapped_column(String(400))
    licence: Mapped[str] = mapped_column(String(200))


class Region(Base):
    """A region of a set: `ID`, `32`, `32.73`, `32.73.01`."""

    __tablename__ = "region"
    __table_args__ = (
        UniqueConstraint("region_set_id", "code"),
        Index("ix_region_parent", "region_set_id", "parent_code"),
        Index("ix_region_level", "region_set_id", "level", "code"),
        one_of("level", Level),
    )

    id: Mapped[int] = bigint_key()
    region_set_id: Mapped[int] = mapped_column(ForeignKey("region_set.id"))
    code: Mapped[str] = mapped_column(String(16))
    level: Mapped[str] = mapped_column(String(10))
    parent_code: Mapped[str | None] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(120))
    time_zone: Mapped[str] = mapped_column(String(40))
    population: Mapped[int | None]
    population_source: Mapped[str | None] = mapped_column(String(200))
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    successor_code: Mapped[str | None] = mapped_column(String(16))


class Election(Base):
    """An election; ages count at its cut-off date (domain brief 3.3)."""

    __tablename__ = "election"
    __table_args__ = (
        Index(
            "one_current_election",
            "current",
            unique=True,
            sqlite_where=text("current"),
            postgresql_where=text("current"),
        ),
    )

    id: Mapped[int] = bigint_key()
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    region_set_id: Mapped[int] = mapped_column(ForeignKey("region_set.id"))
    cut_off: Mapped[date]
    current: Mapped[bool] = mapped_column(default=False)
    region_set: Mapped[RegionSet] = relationship()


class Party(Base):
    """A political party."""

    __tablename__ = "party"

    id: Mapped[int] = bigint_key()
    public_id: Mapped[str] = public_key()
    name: Mapped[str] = mapped_column(String(200), unique=True)
    abbreviation: Mapped[str] = mapped_column(String(40))


class Participation(Base):
    """A party in an election; it carries the party's journal chain."""

    __tablename__ = "participation"
    __table_args__ = (UniqueConstraint("party_id", "election_id"),)

    id: Mapped[int] = bigint_key()
    public_id: Mapped[str] = public_key()
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    election_id: Mapped[int] = mapped_column(ForeignKey("election.id"))
    chain_id: Mapped[int] = mapped_column(ForeignKey("chain.id"), unique=True)
    registered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    party: Mapped[Party] = relationship()
    election: Mapped[Election] = relationship()
    chain: Mapped[Chain] = relationship()


class Office(Base):
    """A KPU office: national, province or kabupaten/kota; its code is its region's."""

    __tablename__ = "office"
    __table_args__ = (one_of("level", Level),)

    id: Mapped[int] = bigint_key()
    public_id: Mapped[str] = public_key()
    code: Mapped[str] = mapped_column(String(16), unique=True)
    level: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(160))
    time_zone: Mapped[str] = mapped_column(String(40))
    chain_id: Mapped[int] = mapped_column(ForeignKey("chain.id"), unique=True)
    chain: Mapped[Chain] = relationship()
