"""Login sessions: a row each, a new id at every login, ended by logout, disabling or the clock.

Next station: the row opens pages (`portal.auth.loading`) and `POST /files/` (`portal.uploads_auth`).
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.models import Account, LoginSession
from portal.tokens import TokenKind, new_token, sha256_of
from portal.uploads_auth import idle_end

TOUCH_EVERY = timedelta(seconds=60)


def start(
    session: Session, account: Account, *, now: datetime, idle: int, lifetime: int
) -> tuple[str, LoginSession]:
    """A new session and the token that only its cookie will hold. Times in seconds."""
    token = new_token(TokenKind.SESSION)
    login = LoginSession(
        token_sha256=sha256_of(token),
        account_id=account.id,
        csrf_secret=secrets.token_hex(32),
        created_at=now,
        seen_at=now,
        expires_at=now + timedelta(seconds=min(idle, lifetime)),
    )
    session.add(login)
    session.flush()
    return token, login


def due_for_touch(login: LoginSession, now: datetime) -> bool:
    """Whether a use at `now` is worth a write: at most one a minute and session."""
    return now - login.seen_at >= TOUCH_EVERY


def touch(session: Session, login_id: int, *, now: datetime, idle: int, lifetime: int) -> None:
    """Note a use: the idle end moves, the end of life does not."""
    login = session.get(LoginSession, login_id)
    if login is not None and login.ended_at is None:
        login.seen_at = now
        login.expires_at = idle_end(login, now, idle=idle, lifetime=lifetime)


def end(session: Session, login_id: int, *, now: datetime) -> None:
    """Log out: the cookie opens nothing any more."""
    session.execute(
        update(LoginSession)
        .where(LoginSession.id == login_id, LoginSession.ended_at.is_(None))
        .values(ended_at=now)
    )


def end_all(session: Session, account: Account, *, now: datetime) -> int:
    """End every session of an account (disabled, role changed, password changed); how many."""
    ids = session.scalars(
        select(LoginSession.id).where(
            LoginSession.account_id == account.id, LoginSession.ended_at.is_(None)
        )
    ).all()
    for login_id in ids:
        end(session, login_id, now=now)
    return len(ids)
