"""Who sends an upload: session cookie, API token or upload ticket → account. No Flask here.

The upload process's Policy and the portal's pages ask the same functions, so that a disabled account
or an ended session is out everywhere at once.

Next station: `portal.intake` judges what the credential may create; `portal.auth.loading` makes an Actor.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Account, ApiToken, LoginSession, UploadTicket
from portal.tokens import TokenKind, kind_of, sha256_of

SESSION_COOKIES = ("__Host-sipol_session", "sipol_session")
UPLOAD_SCOPE = "upload"


class CredentialKind(StrEnum):
    """What opened the door."""

    SESSION = "session"
    TOKEN = "token"  # noqa: S105  a kind, not a secret
    TICKET = "ticket"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A valid credential. `scopes` bound a token; a session has no bounds, a ticket only creates."""

    account: Account
    kind: CredentialKind
    scopes: frozenset[str] = frozenset()
    login_session: LoginSession | None = None

    @property
    def may_upload(self) -> bool:
        """Whether the credential itself allows creating uploads; role and region come after."""
        return self.kind is not CredentialKind.TOKEN or UPLOAD_SCOPE in self.scopes


def resolve(
    session: Session, *, cookie: str | None, authorization: str | None, now: datetime
) -> Credential | None:
    """The valid credential of a request's two header fields, or None.

    `Authorization` decides alone when it is there: a wrong token must not fall back to whoever's
    cookie the browser holds. `cookie` is the whole Cookie field.
    """
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        return _bearer(session, token.strip(), now) if scheme.lower() == "bearer" else None
    login = login_of(session, cookie)
    if login is None or not alive(login, now):
        return None
    return Credential(account=login.account, kind=CredentialKind.SESSION, login_session=login)


def login_of(session: Session, cookie: str | None) -> LoginSession | None:
    """The session row a Cookie field names, alive or not."""
    for token in session_tokens(cookie):
        found = session.scalar(
            select(LoginSession).where(LoginSession.token_sha256 == sha256_of(token))
        )
        if found is not None:
            return found
    return None


def session_tokens(cookie: str | None) -> Iterator[str]:
    """The session tokens in a Cookie field; one that is not of a token's form is passed over."""
    pairs = [part.strip().partition("=") for part in (cookie or "").split(";")]
    for wanted in SESSION_COOKIES:
        for name, _, value in pairs:
            if name == wanted and kind_of(value) is TokenKind.SESSION:
                yield value


def alive(login: LoginSession, now: datetime) -> bool:
    """Whether a session still opens the door.

    `expires_at` is the earlier of idle end and end of life; `portal.auth.sessions` moves it.
    """
    return login.ended_at is None and now < login.expires_at and login.account.disabled_at is None


def _bearer(session: Session, token: str, now: datetime) -> Credential | None:
    kind = kind_of(token)
    if kind is TokenKind.API:
        api = session.scalar(select(ApiToken).where(ApiToken.token_sha256 == sha256_of(token)))
        if (
            api is None
            or api.revoked_at is not None
            or now >= api.expires_at
            or api.account.disabled_at is not None
        ):
            return None
        return Credential(
            account=api.account, kind=CredentialKind.TOKEN, scopes=frozenset(api.scopes)
        )
    if kind is TokenKind.TICKET:
        ticket = session.scalar(
            select(UploadTicket).where(UploadTicket.token_sha256 == sha256_of(token))
        )
        if ticket is None or now >= ticket.expires_at or ticket.account.disabled_at is not None:
            return None
        return Credential(account=ticket.account, kind=CredentialKind.TICKET)
    return None


def idle_end(login: LoginSession, now: datetime, *, idle: int, lifetime: int) -> datetime:
    """When a session used at `now` will end: after `idle` s unused, `lifetime` s in all."""
    return min(now + timedelta(seconds=idle), login.created_at + timedelta(seconds=lifetime))
