"""Offices and items as rows: what an overseer may see, a page at a time.

Next station: the templates of `/pengawas`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from portal.actors import Actor
from portal.desk.flags import flag_notes
from portal.office.people import names_of
from verification import board
from verification.board import Standing
from verification.models import Item, Office, Round
from verification.reference import NATION
from verification.states import ItemState, Role

OFFICES = 25
ITEMS = 50
# What a link may ask for; "open" is everything that still stands in the way of publishing.
STATES: dict[str, tuple[ItemState, ...]] = {
    "terbuka": (ItemState.PENDING, ItemState.QUEUED, ItemState.CLAIMED, ItemState.FLAGGED),
    "menunggu": (ItemState.PENDING, ItemState.QUEUED),
    "dipegang": (ItemState.CLAIMED,),
    "ditandai": (ItemState.FLAGGED,),
    "diputuskan": (ItemState.DECIDED,),
    "diumumkan": (ItemState.PUBLISHED,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRow:
    """An item without anybody's data. `holder`: who holds it; `note`: why it was flagged."""

    item: Item
    holder: str | None
    note: str | None


def offices_page(
    session: Session, who: Actor, round_: Round, after: str | None, now: datetime
) -> tuple[list[Standing], str | None]:
    """The offices below that have items in the round, and the code after which the next page begins."""
    query = select(Office).where(
        _below(who),
        select(Item.id)
        .where(Item.office_id == Office.id, Item.round_id == round_.id)
        .limit(1)
        .exists(),
    )
    if after:
        query = query.where(Office.code > after)
    found = list(session.scalars(query.order_by(Office.code).limit(OFFICES + 1)))
    kept = found[:OFFICES]
    rows = board.standings(session, kept, round_, now)
    return rows, kept[-1].code if len(found) > len(kept) else None


def oversees_others(who: Actor) -> bool:
    """Whether there are offices below: a kabupaten/kota has none."""
    return who.office_code is None or "." not in who.office_code


def items_page(
    session: Session, office: Office, round_: Round, state: str, after: int
) -> tuple[list[ItemRow], int | None]:
    """Items of an office in a state, in the order in which they were made."""
    found = list(
        session.scalars(
            select(Item)
            .where(
                Item.office_id == office.id,
                Item.round_id == round_.id,
                Item.state.in_([each.value for each in STATES[state]]),
                Item.id > after,
            )
            .order_by(Item.id)
            .limit(ITEMS + 1)
        )
    )
    kept = found[:ITEMS]
    names = names_of(session, {item.holder for item in kept if item.holder})
    notes = flag_notes(session, office, [i for i in kept if i.state == ItemState.FLAGGED])
    rows = [
        ItemRow(item=item, holder=names.get(item.holder or ""), note=notes.get(item.public_id))
        for item in kept
    ]
    return rows, kept[-1].id if len(found) > len(kept) else None


def _below(who: Actor) -> ColumnElement[bool]:
    if who.role is not Role.SUPERVISOR or who.office_code == NATION:
        return true()
    return (Office.code == who.office_code) | Office.code.startswith(f"{who.office_code}.")


def outcomes_of(session: Session, office: Office, round_: Round) -> dict[str, int]:
    """MS, BMS, TMS → how many are decided and not yet published."""
    counted = session.execute(
        select(Item.outcome, func.count())
        .where(
            Item.office_id == office.id,
            Item.round_id == round_.id,
            Item.state == ItemState.DECIDED.value,
        )
        .group_by(Item.outcome)
    ).all()
    found = {outcome: count for outcome, count in counted if outcome is not None}
    return {outcome: found.get(outcome, 0) for outcome in round_.allowed_outcomes}
