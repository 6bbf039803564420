"""Who sends an upload: session cookie, API token or upload ticket → account. No Flask here.

The upload process's Policy and the portal's pages ask the same functions, so that a disabled account
or an ended session is out everywhere at once.

Next station: `portal.intake` judges what the credential may create; `portal.auth.loading` makes an Actor.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from portal.models import Account, ApiToken, LoginSession, UploadTicket
from portal.tokens import TokenKind, kind_of, sha256_of
from verification.batches import keys_in, listed

SESSION_COOKIES = ("__Host-sipol_session", "sipol_session")
UPLOAD_SCOPE = "upload"

Kept = TypeVar("Kept", LoginSession, ApiToken, UploadTicket)


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
    return Credentials(session, [(cookie, authorization)], now).of(cookie, authorization)


class Credentials:
    """The credentials of some requests, each table asked once for all of them."""

    def __init__(
        self,
        session: Session,
        fields: Iterable[tuple[str | None, str | None]],
        now: datetime,
    ) -> None:
        """`fields`: of each request Cookie and Authorization."""
        tokens = {token for pair in fields for token in _tokens(*pair)}
        self._now = now
        self._logins = _named(session, LoginSession, tokens, TokenKind.SESSION)
        self._api = _named(session, ApiToken, tokens, TokenKind.API)
        self._tickets = _named(session, UploadTicket, tokens, TokenKind.TICKET)

    def of(self, cookie: str | None, authorization: str | None) -> Credential | None:
        """The valid credential of two header fields that were named at the beginning, or None."""
        known = (
            self._credential(token)
            for token in _tokens(cookie, authorization)
            if authorization is not None or token in self._logins
        )
        # Of several session cookies the first that names a session decides, alive or not.
        return next(known, None)

    def _credential(self, token: str) -> Credential | None:
        kind = kind_of(token)
        if kind is TokenKind.SESSION:
            login = self._logins.get(token)
            if login is None or not alive(login, self._now):
                return None
            return Credential(
                account=login.account, kind=CredentialKind.SESSION, login_session=login
            )
        if kind is TokenKind.API:
            api = self._api.get(token)
            if api is None or api.revoked_at is not None or self._ended(api):
                return None
            return Credential(
                account=api.account, kind=CredentialKind.TOKEN, scopes=frozenset(api.scopes)
            )
        ticket = self._tickets.get(token)
        if ticket is None or self._ended(ticket):
            return None
        return Credential(account=ticket.account, kind=CredentialKind.TICKET)

    def _ended(self, row: ApiToken | UploadTicket) -> bool:
        return self._now >= row.expires_at or row.account.disabled_at is not None


def _tokens(cookie: str | None, authorization: str | None) -> list[str]:
    """What could open the door, of a token's form, in the order in which it counts."""
    if authorization is None:
        return list(session_tokens(cookie))
    scheme, _, token = authorization.partition(" ")
    kind = kind_of(token.strip()) if scheme.lower() == "bearer" else None
    return [] if kind in (None, TokenKind.SESSION) else [token.strip()]


def _named(
    session: Session, model: type[Kept], tokens: Iterable[str], kind: TokenKind
) -> dict[str, Kept]:
    by_digest = {sha256_of(token): token for token in tokens if kind_of(token) is kind}
    if not by_digest:
        return {}
    rows = session.scalars(_NAMED[model], keys_in(by_digest))
    return {by_digest[row.token_sha256]: row for row in rows.unique()}


_NAMED: dict[type[LoginSession | ApiToken | UploadTicket], Select[Any]] = {
    model: select(model)
    .where(listed(model.token_sha256))
    .options(joinedload(model.account).joinedload(Account.regions))
    for model in (LoginSession, ApiToken, UploadTicket)
}


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


def idle_end(login: LoginSession, now: datetime, *, idle: int, lifetime: int) -> datetime:
    """When a session used at `now` will end: after `idle` s unused, `lifetime` s in all."""
    return min(now + timedelta(seconds=idle), login.created_at + timedelta(seconds=lifetime))
