"""API tokens and upload tickets: made once, shown once, stored as SHA-256.

Next station: `portal.uploads_auth` recognises them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.actors import PARTY_ROLES
from portal.models import Account, ApiToken, UploadTicket
from portal.refusals import BadInput, WrongRole
from portal.tokens import TokenKind, new_token, sha256_of
from verification import reference, schedule
from verification.errors import NotFound, WindowClosed
from verification.journal import record, system_chain
from verification.journal_kinds import Kind
from verification.states import Role

LONGEST_LIFE = timedelta(days=366)


class ApiScope(StrEnum):
    """What a token may be used for."""

    READ = "read"
    UPLOAD = "upload"
    SUBMIT = "submit"
    REVIEW = "review"
    MANAGE = "manage"


def issue_token(
    session: Session,
    account: Account,
    *,
    label: str,
    scopes: Iterable[str],
    expires_at: datetime,
    actor: str,
    now: datetime,
) -> tuple[str, ApiToken]:
    """The token's text, for the only time, and its row. Raises BadInput."""
    wanted = sorted({ApiScope(scope).value for scope in scopes})
    if not wanted:
        raise BadInput({"scopes": ["required"]})
    if not now < expires_at <= now + LONGEST_LIFE:
        raise BadInput({"expires_at": ["≤ 366 d"]})
    text = new_token(TokenKind.API)
    token = ApiToken(
        token_sha256=sha256_of(text),
        account_id=account.id,
        label=label.strip()[:80],
        scopes=wanted,
        created_at=now,
        expires_at=expires_at,
    )
    session.add(token)
    session.flush()
    record(
        session,
        system_chain(session),
        actor,
        Kind.TOKEN_ISSUED,
        now=now,
        account=account.public_id,
        token=token.public_id,
        scopes=list(wanted),
    )
    return text, token


def tokens_of(session: Session, account_id: int) -> list[ApiToken]:
    """An account's tokens that were not revoked, newest first."""
    return list(
        session.scalars(
            select(ApiToken)
            .where(ApiToken.account_id == account_id, ApiToken.revoked_at.is_(None))
            .order_by(ApiToken.id.desc())
        )
    )


def revoke_token(
    session: Session, account_id: int, public_id: str, *, actor: str, now: datetime
) -> None:
    """End one of an account's tokens; a second time changes nothing. Raises NotFound."""
    token = session.scalar(
        select(ApiToken).where(ApiToken.public_id == public_id, ApiToken.account_id == account_id)
    )
    if token is None:
        raise NotFound("token")
    if token.revoked_at is not None:
        return
    token.revoked_at = now
    record(
        session,
        system_chain(session),
        actor,
        Kind.TOKEN_REVOKED,
        now=now,
        account=token.account.public_id,
        token=token.public_id,
    )


def issue_ticket(
    session: Session, account: Account, *, lifetime: int, now: datetime
) -> tuple[str, UploadTicket]:
    """A ticket for a queue of uploads, for `lifetime` seconds.

    It ends with no window: the close may move while the queue runs, and whether one is open is asked at
    each creation. Within the grace there are tickets still, for what was begun before the close.
    Raises WrongRole for an account that uploads nothing, WindowClosed.
    """
    if Role(account.role) not in PARTY_ROLES:
        raise WrongRole("tickets are for those who upload")
    election = reference.current_election(session)
    participation = reference.participation_of(session, account.party_id or 0, election)
    window = schedule.window_now(session, participation)
    if not window.opens_at <= now <= schedule.last_moment(window):
        raise WindowClosed("nothing can be uploaded now")
    session.execute(
        delete(UploadTicket).where(
            UploadTicket.account_id == account.id, UploadTicket.expires_at <= now
        )
    )
    text = new_token(TokenKind.TICKET)
    ticket = UploadTicket(
        token_sha256=sha256_of(text),
        account_id=account.id,
        created_at=now,
        expires_at=now + timedelta(seconds=lifetime),
    )
    session.add(ticket)
    session.flush()
    record(
        session,
        system_chain(session),
        account.actor,
        Kind.TICKET_ISSUED,
        now=now,
        account=account.public_id,
    )
    return text, ticket
