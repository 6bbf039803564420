"""The people of an office as rows, and names for the actors that journals hold.

Next station: the board of a supervisor.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.models import Account
from verification.models import Item, Office
from verification.states import ItemState, Role

PREFIX = "account:"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """Somebody who decides. `per_hour`: decisions of the last hour; `held`: what he holds now."""

    account: Account
    held: Item | None
    today: int
    per_hour: int
    last_at: datetime | None


def people_of(session: Session, office: Office, now: datetime) -> list[PersonRow]:
    """The office's verifiers and supervisors, those at work first."""
    accounts = session.scalars(
        select(Account)
        .where(
            Account.office_id == office.id,
            Account.role.in_([Role.VERIFIER.value, Role.SUPERVISOR.value]),
            Account.disabled_at.is_(None),
        )
        .order_by(Account.name)
    ).all()
    here = now.astimezone(ZoneInfo(office.time_zone))
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
    actors = [account.actor for account in accounts]
    today = _decided(session, actors, midnight)
    hour = _decided(session, actors, now - timedelta(hours=1))
    last = dict(
        session.execute(
            select(Item.decided_by, func.max(Item.decided_at))
            .where(Item.decided_by.in_(actors))
            .group_by(Item.decided_by)
        ).all()
    )
    held = {
        item.holder: item
        for item in session.scalars(
            select(Item).where(Item.holder.in_(actors), Item.state == ItemState.CLAIMED.value)
        )
    }
    rows = [
        PersonRow(
            account=account,
            held=held.get(account.actor),
            today=today.get(account.actor, 0),
            per_hour=hour.get(account.actor, 0),
            last_at=last.get(account.actor),
        )
        for account in accounts
    ]
    return sorted(rows, key=lambda row: (row.held is None, -row.today, row.account.name))


def verifiers_of(session: Session, office: Office) -> Sequence[Account]:
    """Who may be given the office's items, by name."""
    return session.scalars(
        select(Account)
        .where(
            Account.office_id == office.id,
            Account.role == Role.VERIFIER.value,
            Account.disabled_at.is_(None),
        )
        .order_by(Account.name)
    ).all()


def names_of(session: Session, actors: Iterable[str]) -> dict[str, str]:
    """Actor → name, for those that are accounts."""
    ids = {actor: actor.removeprefix(PREFIX) for actor in actors if actor.startswith(PREFIX)}
    found = dict(
        session.execute(
            select(Account.public_id, Account.name).where(Account.public_id.in_(ids.values()))
        ).all()
    )
    return {actor: found[key] for actor, key in ids.items() if key in found}


def _decided(session: Session, actors: list[str], since: datetime) -> dict[str | None, int]:
    return dict(
        session.execute(
            select(Item.decided_by, func.count())
            .where(Item.decided_by.in_(actors), Item.decided_at >= since)
            .group_by(Item.decided_by)
        ).all()
    )
