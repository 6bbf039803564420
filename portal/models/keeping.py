"""Small keepings: quota reserved by open uploads, forms saved over a login, replies given once, budgets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Float,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from verification.db import Base, UtcDateTime, bigint_key, public_key


class Reservation(Base):
    """Bytes an upload will take of its party's quota, from creation until it is recorded or ended.

    It also answers, before the arrival, whose upload an id is.
    """

    __tablename__ = "reservation"
    __table_args__ = (
        Index("ix_reservation_participation", "participation_id"),
        Index("ix_reservation_account", "account_id"),
    )

    id: Mapped[int] = bigint_key()
    upload_id: Mapped[str] = mapped_column(String(32), unique=True)
    participation_id: Mapped[int] = mapped_column(ForeignKey("participation.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    requirement_id: Mapped[int] = mapped_column(ForeignKey("requirement.id"))
    region_id: Mapped[int] = mapped_column(ForeignKey("region.id"))
    purpose: Mapped[str] = mapped_column(String(10))
    filename: Mapped[str] = mapped_column(String(400))
    fingerprint: Mapped[str | None] = mapped_column(String(64))
    batch: Mapped[str | None] = mapped_column(String(64))
    bytes: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PartReservation(Base):
    """Bytes of one part of a file that is sent side by side, from its creation until it is joined or gone.

    With `final_id`, the upload it will be joined into, they are counted there.
    """

    __tablename__ = "part_reservation"
    __table_args__ = (
        Index("ix_part_reservation_participation", "participation_id"),
        Index("ix_part_reservation_final", "final_id"),
    )

    id: Mapped[int] = bigint_key()
    upload_id: Mapped[str] = mapped_column(String(32), unique=True)
    participation_id: Mapped[int] = mapped_column(ForeignKey("participation.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    final_id: Mapped[str | None] = mapped_column(String(32))
    bytes: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SavedForm(Base):
    """A form whose login had expired, sealed, tied to the account, offered again after signing in."""

    __tablename__ = "saved_form"

    id: Mapped[int] = bigint_key()
    public_id: Mapped[str] = public_key()
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    path: Mapped[str] = mapped_column(String(300))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class IdempotentReply(Base):
    """The reply given to an Idempotency-Key: the same key gets the same reply."""

    __tablename__ = "idempotent_reply"
    __table_args__ = (UniqueConstraint("account_id", "route", "key"),)

    id: Mapped[int] = bigint_key()
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    route: Mapped[str] = mapped_column(String(120))
    key: Mapped[str] = mapped_column(String(80))
    request_sha256: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Budget(Base):
    """A token bucket, for example of login attempts on one account. `subject` is a digest."""

    __tablename__ = "budget"
    __table_args__ = (UniqueConstraint("kind", "subject"),)

    id: Mapped[int] = bigint_key()
    kind: Mapped[str] = mapped_column(String(30))
    subject: Mapped[str] = mapped_column(String(64))
    tokens: Mapped[float] = mapped_column(Float)
    refilled_at: Mapped[datetime] = mapped_column(UtcDateTime)
