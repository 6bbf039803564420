"""Accounts: who may make which, change and disable them. Everything is in the journal.

Administrators manage everybody, supervisors their office's verifiers, coordinators their party's
operators. Nobody disables or promotes himself.

Next station: the account signs in (`portal.auth.login`) or is given a token (`portal.credentials`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from portal.actors import Actor
from portal.auth import sessions
from portal.models import Account, AccountRegion
from portal.refusals import BadInput, LoginTaken, NotYours
from verification import queue
from verification.errors import NotAllowed, NotFound
from verification.journal import record, system_chain
from verification.journal_kinds import Kind
from verification.models import Office, Party
from verification.states import Role

PARTY = frozenset({Role.COORDINATOR, Role.OPERATOR})
OFFICE = frozenset({Role.VERIFIER, Role.SUPERVISOR})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """An account to make. `regions`: codes an operator works on; `password_hash` from `Passwords`."""

    login: str
    name: str
    password_hash: str
    role: Role
    party: Party | None = None
    office: Office | None = None
    regions: Sequence[str] = ()
    locale: str = "id"
    time_zone: str = "Asia/Jakarta"
    demo: bool = False


def create(session: Session, new: NewAccount, *, actor: str, now: datetime) -> Account:
    """Make an account. Raises LoginTaken, BadInput when role, party and office do not fit."""
    login = new.login.strip().casefold()
    _check(new)
    if session.scalar(select(Account.id).where(Account.login == login)) is not None:
        raise LoginTaken("login")
    account = Account(
        login=login,
        name=new.name.strip(),
        password_hash=new.password_hash,
        role=new.role.value,
        party_id=new.party.id if new.party else None,
        office_id=new.office.id if new.office else None,
        regions=[AccountRegion(region_code=code) for code in sorted(set(new.regions))],
        locale=new.locale,
        time_zone=new.time_zone,
        demo=new.demo,
        created_at=now,
    )
    session.add(account)
    session.flush()
    record(
        session,
        system_chain(session),
        actor,
        Kind.ACCOUNT_CREATED,
        now=now,
        account=account.public_id,
        role=account.role,
    )
    return account


def change(
    session: Session,
    account: Account,
    *,
    by: Actor,
    now: datetime,
    name: str | None = None,
    role: Role | None = None,
    regions: Sequence[str] | None = None,
    password_hash: str | None = None,
) -> None:
    """Change what is given; a new role, scope or password ends the account's sessions.

    Raises NotYours for one's own role, NotAllowed for a role of another kind of account.
    """
    fields: list[str] = []
    if name is not None:
        account.name, fields = name.strip(), [*fields, "name"]
    if role is not None and role.value != account.role:
        if account.id == by.account_id:
            raise NotYours("own role")
        _same_kind(account, role)
        if not _reach(by, role):
            raise NotAllowed(f"{by.role} gives no role {role}")
        account.role, fields = role.value, [*fields, "role"]
    if regions is not None:
        account.regions = [AccountRegion(region_code=code) for code in sorted(set(regions))]
        fields.append("regions")
    if password_hash is not None:
        account.password_hash, fields = password_hash, [*fields, "password"]
    if not fields:
        return
    if fields != ["name"]:
        sessions.end_all(session, account, now=now)
    record(
        session,
        system_chain(session),
        by.actor,
        Kind.ACCOUNT_CHANGED,
        now=now,
        account=account.public_id,
        fields=list(fields),
    )


def disable(session: Session, account: Account, *, by: Actor, now: datetime) -> None:
    """End the account with its sessions, tokens and tickets; uploads already begun go on."""
    if account.id == by.account_id:
        raise NotYours("own account")
    if account.disabled_at is None:
        account.disabled_at = now
        sessions.end_all(session, account, now=now)
        queue.release_all(session, account.actor, now)
        _note(session, account, by, Kind.ACCOUNT_DISABLED, now)


def enable(session: Session, account: Account, *, by: Actor, now: datetime) -> None:
    """Open a disabled account again."""
    if account.disabled_at is not None:
        account.disabled_at = None
        _note(session, account, by, Kind.ACCOUNT_ENABLED, now)


def page(
    session: Session, by: Actor, *, after: int = 0, limit: int = 50, role: Role | None = None
) -> list[Account]:
    """The accounts this actor manages, in the order they were made."""
    query = select(Account).where(_managed(by), Account.id > after)
    if role is not None:
        query = query.where(Account.role == role.value)
    return list(session.scalars(query.order_by(Account.id).limit(limit)))


def managed(session: Session, by: Actor, public_id: str) -> Account:
    """One of the accounts this actor manages. Raises NotFound for any other."""
    found = session.scalar(select(Account).where(Account.public_id == public_id, _managed(by)))
    if found is None:
        raise NotFound("account")
    return found


def check_may_create(by: Actor, new: NewAccount) -> None:
    """Raises NotAllowed when this actor may not make such an account."""
    party = new.party.id if new.party else None
    office = new.office.id if new.office else None
    allowed = _reach(by, new.role) and (
        by.role is Role.ADMINISTRATOR
        or (by.role is Role.COORDINATOR and party == by.party_id)
        or (by.role is Role.SUPERVISOR and office == by.office_id)
    )
    if not allowed:
        raise NotAllowed(f"{by.role} makes no such account")


def _reach(by: Actor, role: Role) -> bool:
    if by.role is Role.ADMINISTRATOR:
        return role is not Role.SYSTEM
    below = {Role.COORDINATOR: Role.OPERATOR, Role.SUPERVISOR: Role.VERIFIER}
    return below.get(by.role) is role


def _managed(by: Actor) -> ColumnElement[bool]:
    if by.role is Role.ADMINISTRATOR:
        return true()
    if by.role is Role.COORDINATOR:
        return (Account.party_id == by.party_id) & (Account.role == Role.OPERATOR.value)
    if by.role is Role.SUPERVISOR:
        return (Account.office_id == by.office_id) & (Account.role == Role.VERIFIER.value)
    return ~true()


def _check(new: NewAccount) -> None:
    wrong: dict[str, object] = {}
    if not 3 <= len(new.login.strip()) <= 80:
        wrong["login"] = ["3–80"]
    if not 1 <= len(new.name.strip()) <= 120:
        wrong["name"] = ["1–120"]
    if (new.party is not None) != (new.role in PARTY):
        wrong["party"] = [new.role.value]
    if new.role in OFFICE and new.office is None:
        wrong["office"] = [new.role.value]
    if new.role is Role.SYSTEM:
        wrong["role"] = [new.role.value]
    try:
        ZoneInfo(new.time_zone)
    except (LookupError, ValueError, OSError):
        wrong["time_zone"] = [new.time_zone]
    if wrong:
        raise BadInput(wrong)


def _same_kind(account: Account, role: Role) -> None:
    old = Role(account.role)
    for kind in (PARTY, OFFICE):
        if (old in kind) != (role in kind):
            raise NotAllowed("a role of another kind needs another account")


def _note(session: Session, account: Account, by: Actor, kind: Kind, now: datetime) -> None:
    record(session, system_chain(session), by.actor, kind, now=now, account=account.public_id)
