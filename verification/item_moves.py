"""Moves of a review item: compare and set, then a line in the office's chain.

Each move is one statement that names the state and version it starts from, so of two that come at once
one finds nothing to change and is told why.

Next station: `verification.queue` and `verification.decisions` are made of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from verification import leases
from verification.canonical import Json
from verification.errors import LeaseLost, NotAllowed, Stale
from verification.journal import Record, log_access, record_all
from verification.journal_kinds import Kind
from verification.models import Item, Office
from verification.states import Action, ItemState, Role, after

FREE: dict[str, Any] = {"holder": None, "lease_until": None}


def holds(actor: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Conditions on Item: held by `actor` and the lease has not run out."""
    return (
        Item.state == leases.word(ItemState.CLAIMED),
        Item.holder == actor,
        leases.lasts(Item.lease_until, now),
    )


def refuse_stale(item: Item, version: int | None) -> None:
    """If-Match: raises Stale when the page or client has read another version."""
    if version is not None and item.version != version:
        raise Stale("the item has changed since it was read")


def move(
    session: Session,
    item: Item,
    action: Action,
    role: Role,
    version: int | None,
    *conditions: ColumnElement[bool],
    values: dict[str, Any],
) -> Item:
    """Do one action of the state machine. Raises NotAllowed, Stale, LeaseLost."""
    target = after(ItemState(item.state), action, role)
    refuse_stale(item, version)
    moved = leases.change(
        session,
        Item,
        Item.id == item.id,
        Item.state == item.state,
        Item.version == item.version,
        *conditions,
        values={**values, "state": target.value, "version": Item.version + 1},
    )
    if moved is None:
        raise refusal(session, item)
    return moved


def refusal(session: Session, item: Item) -> NotAllowed | LeaseLost | Stale:
    """Why an item could not be changed: read again and say it."""
    before = item.version
    session.refresh(item)
    if item.version != before:
        return Stale("the item has changed since it was read")
    return LeaseLost("the item is no longer held by this verifier")


def free(
    session: Session,
    condition: Sequence[ColumnElement[bool]],
    kind: Kind,
    actor: str,
    now: datetime,
) -> list[str]:
    """Put claimed items back; returns their public ids."""
    keys = select(Item.id, Item.public_id, Item.holder, Office.chain_id).join(
        Office, Office.id == Item.office_id
    )
    held = session.execute(keys.where(*condition).with_for_update(of=Item)).all()
    session.execute(
        update(Item)
        .where(Item.id.in_([row.id for row in held]))
        .values(**FREE, state=ItemState.QUEUED.value, version=Item.version + 1)
    )
    extra = kind.facts - {"item"}
    record_all(
        session,
        [
            Record(
                chain_id=row.chain_id, kind=kind, actor=actor,
                facts={"item": row.public_id, **dict.fromkeys(extra, row.holder)},
            )
            for row in held
        ],
        now,
    )  # fmt: skip
    return [row.public_id for row in held]


def journal(
    session: Session,
    item: Item,
    kind: Kind,
    actor: str,
    now: datetime,
    note: str | None,
    **facts: Json,
) -> None:
    """Write what happened to an item into its office's chain."""
    chain = session.scalars(select(Office.chain_id).where(Office.id == item.office_id)).one()
    facts["item"] = item.public_id
    record_all(
        session, [Record(chain_id=chain, kind=kind, actor=actor, facts=facts, note=note)], now
    )


def log_claim(session: Session, item: Item, actor: str, now: datetime) -> None:
    """Claiming shows a person's data to the holder: note who, when, which."""
    log_access(
        session,
        actor=actor,
        action="item.claim",
        object_kind="item",
        object_id=item.public_id,
        now=now,
    )
