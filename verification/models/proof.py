"""Journal chains, receipts, the log of readings: what can be shown to a court."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from verification.db import Base, UtcDateTime, bigint_key, one_of, public_key


class ChainKind(StrEnum):
    """Whose journal it is."""

    PARTICIPATION = "participation"
    OFFICE = "office"
    SYSTEM = "system"


class Chain(Base):
    """A journal's head: the row that is locked last by everyone who writes to it."""

    __tablename__ = "chain"
    __table_args__ = (one_of("kind", ChainKind),)

    id: Mapped[int] = bigint_key()
    public_id: Mapped[str] = public_key()
    kind: Mapped[str] = mapped_column(String(16))
    head_number: Mapped[int] = mapped_column(BigInteger, default=0)
    head_hash: Mapped[str] = mapped_column(String(64))


class JournalEntry(Base):
    """One event. `facts` is canonical JSON of ids and digests; `note` is erasable, its digest is not."""

    __tablename__ = "journal_entry"
    __table_args__ = (UniqueConstraint("chain_id", "number"),)

    id: Mapped[int] = bigint_key()
    chain_id: Mapped[int] = mapped_column(ForeignKey("chain.id"))
    number: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(40))
    facts: Mapped[str] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(String(1000))
    note_salt: Mapped[str | None] = mapped_column(String(32))
    note_digest: Mapped[str | None] = mapped_column(String(64))
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class Receipt(Base):
    """A signed receipt: `body` are the bytes that were signed, carried verbatim."""

    __tablename__ = "receipt"
    __table_args__ = (
        UniqueConstraint("kind", "about"),
        Index("ix_receipt_participation", "participation_id", "id"),
    )

    id: Mapped[int] = bigint_key()
    serial: Mapped[str] = mapped_column(String(32), unique=True)
    participation_id: Mapped[int] = mapped_column(ForeignKey("participation.id"))
    kind: Mapped[str] = mapped_column(String(20))
    about: Mapped[str] = mapped_column(String(32))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    signature: Mapped[bytes] = mapped_column(LargeBinary(64))
    key_id: Mapped[str] = mapped_column(String(16))
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AccessEntry(Base):
    """A reading of personal data; sealed daily into the system chain (`sealed_number`)."""

    __tablename__ = "access_entry"
    __table_args__ = (
        Index("ix_access_unsealed", "sealed_number", "id"),
        Index("ix_access_object", "object_kind", "object_id"),
    )

    id: Mapped[int] = bigint_key()
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(60))
    action: Mapped[str] = mapped_column(String(40))
    object_kind: Mapped[str] = mapped_column(String(20))
    object_id: Mapped[str] = mapped_column(String(32))
    sealed_number: Mapped[int | None] = mapped_column(BigInteger)
