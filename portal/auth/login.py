"""Signing in and out, as services: no Flask, the session first, the hash outside every transaction.

The answer to a wrong password and to an unknown login is the same, after the same work.

Next station: a row of `login_session`, and with it every page.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import budgets
from portal.actors import Actor
from portal.auth import sessions
from portal.models import Account
from portal.refusals import WrongPassword
from portal.uploads_auth import login_of
from portal.wiring import Services
from verification import queue
from verification.journal import record, system_chain
from verification.journal_kinds import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What a login page sends. `address`: the client's; `device`: cookie of an earlier login here."""

    login: str
    password: str
    address: str | None
    device: str | None
    cookies: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A new session: `token` goes into its cookie, `csrf_secret` into the page's next token."""

    token: str
    csrf_secret: str
    device: str
    account: Account


def sign_in(services: Services, attempt: Attempt, now: datetime) -> SignedIn:
    """Check an attempt and begin a session. Raises WrongPassword, TooManyAttempts, Busy."""
    login = _storable(attempt.login).strip().casefold()[:80]
    with services.sessions.begin() as session:
        _spend(session, services, attempt, login, now)
    with services.sessions.read() as session:
        account = session.scalar(select(Account).where(Account.login == login))
    barred = account is None or account.disabled_at is not None
    # A demo password is printed in a file; it opens nothing where people work.
    barred = barred or (account is not None and account.demo and services.config.production)
    stored = None if barred or account is None else account.password_hash
    if not services.passwords.check(stored, _storable(attempt.password)) or account is None:
        raise WrongPassword("login or password")
    with services.sessions.begin() as session:
        old = login_of(session, attempt.cookies)
        if old is not None:
            sessions.end(session, old.id, now=now)
        token, row = sessions.start(
            session,
            account,
            now=now,
            idle=services.config.session_idle,
            lifetime=services.config.session_lifetime,
        )
        record(
            session,
            system_chain(session),
            account.actor,
            Kind.SIGNED_IN,
            now=now,
            account=account.public_id,
        )
        return SignedIn(
            token=token,
            csrf_secret=row.csrf_secret,
            device=device_cookie(services, login),
            account=account,
        )


def sign_out(session: Session, who: Actor, now: datetime) -> None:
    """End the actor's session and give back what he holds, so that nobody waits for a lease."""
    if who.login_session_id is None:
        return
    sessions.end(session, who.login_session_id, now=now)
    if who.is_desk:
        queue.release_all(session, who.actor, now)
    record(session, system_chain(session), who.actor, Kind.SIGNED_OUT, now=now, account=who.account)


def device_cookie(services: Services, login: str) -> str:
    """Proof that this browser has signed this login in before: its attempts count apart."""
    nonce = secrets.token_hex(16)
    return f"{nonce}.{_device_mark(services, login, nonce)}"


def _storable(text: str) -> str:
    # What neither hash nor database can take is no login and no password of anybody.
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "?")


def _device_mark(services: Services, login: str, nonce: str) -> str:
    text = f"device:{login}:{nonce}"
    return hmac.new(services.session_secret, text.encode(), hashlib.sha256).hexdigest()


def _spend(
    session: Session, services: Services, attempt: Attempt, login: str, now: datetime
) -> None:
    nonce, _, mark = (attempt.device or "").partition(".")
    if nonce and hmac.compare_digest(mark.encode(), _device_mark(services, login, nonce).encode()):
        budgets.take(session, budgets.LOGIN_DEVICE, f"{login}:{nonce}", now)
        return
    network = budgets.network_of(attempt.address)
    budgets.take(session, budgets.LOGIN_NETWORK, f"{login}:{network}", now)
    budgets.take(session, budgets.LOGIN_ACCOUNT, login, now)
    budgets.take(session, budgets.LOGIN_ANYONE, "", now)
