"""People: accounts with a role, a party or an office, and the regions they work on."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from verification.db import Base, UtcDateTime, bigint_key, one_of, public_key
from verification.models import Office, Party
from verification.states import Role

_PARTY_ROLES = "role IN ('coordinator', 'operator')"
_OFFICE_ROLES = "role IN ('verifier', 'supervisor')"


class Account(Base):
    """Who may sign in. A party's people have a party, an office's people have an office."""

    __tablename__ = "account"
    __table_args__ = (
        one_of("role", Role),
        CheckConstraint(f"({_PARTY_ROLES}) = (party_id IS NOT NULL)", name="party_role_has_party"),
        CheckConstraint(f"NOT ({_OFFICE_ROLES}) OR office_id IS NOT NULL", name="office_role"),
        Index("ix_account_party", "party_id"),
        Index("ix_account_office", "office_id"),
    )

    id: Mapped[int] = bigint_key()
    public_id: Mapped[str] = public_key()
    login: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    password_hash: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(16))
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    office_id: Mapped[int | None] = mapped_column(ForeignKey("office.id"))
    locale: Mapped[str] = mapped_column(String(5), default="id")
    time_zone: Mapped[str] = mapped_column(String(40), default="Asia/Jakarta")
    demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    party: Mapped[Party | None] = relationship()
    office: Mapped[Office | None] = relationship()
    regions: Mapped[list[AccountRegion]] = relationship(
        order_by="AccountRegion.region_code", cascade="all, delete-orphan"
    )

    @property
    def actor(self) -> str:
        """How journals and items name this account."""
        return f"account:{self.public_id}"


class AccountRegion(Base):
    """A region an operator works on, with everything below it; a coordinator has none and sees all."""

    __tablename__ = "account_region"
    __table_args__ = (UniqueConstraint("account_id", "region_code"),)

    id: Mapped[int] = bigint_key()
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    region_code: Mapped[str] = mapped_column(String(16))
