"""What opens the door: sessions, API tokens, upload tickets. Only SHA-256 of a token is stored."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.accounts import Account
from verification.db import Base, UtcDateTime, bigint_key, public_key


class LoginSession(Base):
    """A login. The cookie is opaque; the CSRF secret lives and dies with the session, without a clock."""

    __tablename__ = "login_session"
    __table_args__ = (Index("ix_login_session_account", "account_id"),)

    id: Mapped[int] = bigint_key()
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    csrf_secret: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    account: Mapped[Account] = relationship()


class ApiToken(Base):
    """A bearer token for `/api` and `POST /files/`. `scopes`: read, upload, submit, review, manage."""

    __tablename__ = "api_token"
    __table_args__ = (Index("ix_api_token_account", "account_id"),)

    id: Mapped[int] = bigint_key()
    public_id: Mapped[str] = public_key()
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    label: Mapped[str] = mapped_column(String(80))
    scopes: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    account: Mapped[Account] = relationship()


class UploadTicket(Base):
    """Create-only right for a queue that outlives the login: POST /files/ and the key of own uploads."""

    __tablename__ = "upload_ticket"
    __table_args__ = (Index("ix_upload_ticket_account", "account_id"),)

    id: Mapped[int] = bigint_key()
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    account: Mapped[Account] = relationship()
