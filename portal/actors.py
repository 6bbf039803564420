"""Who acts in a request: a frozen value, read once, that outlives its database session.

Next station: guards of blueprints (`portal.auth.guards`) and the funnels of `portal.access` judge it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.models import Account
from verification.models import Election, Participation
from verification.reference import Scope
from verification.states import Role

PARTY_ROLES = frozenset({Role.COORDINATOR, Role.OPERATOR})
DESK_ROLES = frozenset({Role.VERIFIER, Role.SUPERVISOR})
CHIEF_ROLES = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """An account at work.

    `actor` is how journals name it; `account_id`, `party_id`, `participation_id`, `office_id` are
    inner keys. `regions`: codes of the regions worked on, each with everything below it.
    `kind`: "session" or "token"; `scopes` bound a token only; `csrf_secret` belongs to a session.
    """

    account_id: int
    account: str
    actor: str
    login: str
    name: str
    role: Role
    locale: str
    time_zone: str
    party_id: int | None
    party_name: str | None
    participation_id: int | None
    participation: str | None
    election: str | None
    office_id: int | None
    office_code: str | None
    office_name: str | None
    regions: tuple[str, ...]
    kind: str
    scopes: frozenset[str]
    login_session_id: int | None
    csrf_secret: str | None

    # What Flask-Login asks of a user.
    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        return self.account

    @property
    def is_party(self) -> bool:
        return self.role in PARTY_ROLES

    @property
    def is_desk(self) -> bool:
        return self.role in DESK_ROLES

    @property
    def scope(self) -> Scope | None:
        """The regions worked on; None is all of them. An operator without any works on nothing."""
        if self.regions or self.role is Role.OPERATOR:
            return Scope(self.regions)
        return None

    def covers(self, region: str) -> bool:
        """Whether a region's code lies in the account's scope."""
        return self.scope is None or self.scope.covers(region)


def load(
    session: Session,
    account: Account,
    *,
    kind: str,
    scopes: frozenset[str] = frozenset(),
    login_session_id: int | None = None,
    csrf_secret: str | None = None,
    election: str | None = None,
) -> Actor:
    """The actor an account is in an election (code; default: the current one)."""
    chosen = Election.code == election if election else Election.current
    found: Any = session.execute(
        select(Participation.id, Participation.public_id, Election.code)
        .join(Election)
        .where(Participation.party_id == account.party_id, chosen)
    ).first()
    participation_id, participation, code = found or (None, None, election)
    return Actor(
        account_id=account.id,
        account=account.public_id,
        actor=account.actor,
        login=account.login,
        name=account.name,
        role=Role(account.role),
        locale=account.locale,
        time_zone=account.time_zone,
        party_id=account.party_id,
        party_name=account.party.name if account.party else None,
        participation_id=participation_id,
        participation=participation,
        election=code,
        office_id=account.office_id,
        office_code=account.office.code if account.office else None,
        office_name=account.office.name if account.office else None,
        regions=tuple(row.region_code for row in account.regions),
        kind=kind,
        scopes=scopes,
        login_session_id=login_session_id,
        csrf_secret=csrf_secret,
    )
