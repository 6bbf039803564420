"""An office's queue: who holds which item, until when, and what may happen to it meanwhile.

Every move is one statement that names the state it starts from, so of two that come at once one finds
nothing to change. Claiming is the unmasking of a person's data and is written to the access log; all
other moves stand in the office's chain.

Next station: `verification.decisions`, where the holder of an item decides it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from verification import leases
from verification.board import overview
from verification.errors import LeaseLost, NothingToClaim, Stale
from verification.item_moves import FREE, free, holds, journal, log_claim, move
from verification.journal_kinds import Kind
from verification.models import Item, Office
from verification.states import Action, ItemState, Role, after

__all__ = [
    "claim_item",
    "claim_next",
    "expire",
    "flag",
    "heartbeat",
    "held_by",
    "overview",
    "position",
    "reassign",
    "release",
    "release_all",
    "return_to_queue",
    "revoke",
    "skip",
]

SYSTEM = "system"
EXPIRE_LIMIT = 500


def claim_next(
    session: Session, office: Office, actor: str, role: Role, now: datetime, seconds: float
) -> Item:
    """The item that this verifier is to look at: the one he holds, else the next of the queue.

    Raises NothingToClaim, NotAllowed (role).
    """
    after(ItemState.QUEUED, Action.CLAIM, role)
    held = held_by(session, actor, office, now)
    if held is not None:
        return held
    wanted = (
        select(Item.id)
        .where(Item.office_id == office.id, Item.state == leases.word(ItemState.QUEUED))
        .order_by(Item.queue_key, Item.id)
    )
    item = leases.take(session, Item, wanted, _claimed(actor, now, seconds))
    if item is None:
        raise NothingToClaim("the queue of this office is empty")
    log_claim(session, item, actor, now)
    return item


def claim_item(
    session: Session, item: Item, actor: str, role: Role, now: datetime, seconds: float
) -> Item:
    """Take this item: a queued one, or as a supervisor a flagged one; one's own is held longer.

    Raises NotAllowed, Stale (somebody was faster).
    """
    state = ItemState(item.state)
    own = state is ItemState.CLAIMED and item.holder == actor
    if not own:
        after(state, Action.CLAIM, role)
    claimed = leases.change(
        session,
        Item,
        Item.id == item.id,
        Item.state == state.value,
        Item.holder == actor if own else Item.holder.is_(None),
        values=_claimed(actor, now, seconds),
    )
    if claimed is None:
        raise Stale("somebody else has taken this item")
    log_claim(session, claimed, actor, now)
    return claimed


def heartbeat(session: Session, item: Item, actor: str, now: datetime, seconds: float) -> Item:
    """Hold on to an item for `seconds` from now. Raises LeaseLost."""
    held = leases.change(
        session, Item, Item.id == item.id, *holds(actor, now),
        values={"lease_until": leases.lease_end(now, seconds)},
    )  # fmt: skip
    if held is None:
        raise LeaseLost("the item is no longer held by this verifier")
    return held


def release(
    session: Session, item: Item, *, actor: str, role: Role, now: datetime,
    version: int | None = None,
) -> Item:  # fmt: skip
    """Give an item back; it keeps its place. Raises NotAllowed, LeaseLost, Stale."""
    return _give_up(session, item, Action.RELEASE, Kind.ITEM_RELEASED, actor, role, now, version)


def skip(
    session: Session, item: Item, *, actor: str, role: Role, now: datetime,
    version: int | None = None,
) -> Item:  # fmt: skip
    """Put an item behind all that wait now. Raises NotAllowed, LeaseLost, Stale."""
    return _give_up(
        session, item, Action.SKIP, Kind.ITEM_SKIPPED, actor, role, now, version,
        queue_key=max(int(now.timestamp() * 1000), item.queue_key + 1),
    )  # fmt: skip


def flag(
    session: Session, item: Item, *, actor: str, role: Role, now: datetime, note: str,
    version: int | None = None,
) -> Item:  # fmt: skip
    """Hand an item to the supervisor, with the reason. Raises NotAllowed, LeaseLost, Stale."""
    return _give_up(
        session, item, Action.FLAG, Kind.ITEM_FLAGGED, actor, role, now, version, note=note
    )


def return_to_queue(
    session: Session, item: Item, *, actor: str, role: Role, now: datetime, note: str | None = None
) -> Item:
    """A supervisor puts a flagged item back. Raises NotAllowed, Stale."""
    moved = move(session, item, Action.RETURN, role, None, values=FREE)
    journal(session, moved, Kind.ITEM_RETURNED, actor, now, note)
    return moved


def revoke(
    session: Session, item: Item, *, actor: str, role: Role, now: datetime, note: str | None = None
) -> Item:
    """A chief takes an item from its holder. Raises NotAllowed, Stale."""
    holder = item.holder or ""
    moved = move(session, item, Action.REVOKE, role, None, Item.holder == holder, values=FREE)
    journal(session, moved, Kind.ITEM_REVOKED, actor, now, note, holder=holder)
    return moved


def reassign(
    session: Session, item: Item, *, to_actor: str, actor: str, role: Role, now: datetime,
    seconds: float,
) -> Item:  # fmt: skip
    """A chief gives a waiting or held item to a verifier, who holds it for `seconds` from now.

    That he is one of the item's office is the caller's to know. Raises NotAllowed, Stale.
    """
    before = item.holder
    moved = move(
        session, item, Action.ASSIGN, role, None,
        values={"holder": to_actor, "lease_until": leases.lease_end(now, seconds)},
    )  # fmt: skip
    journal(session, moved, Kind.ITEM_ASSIGNED, actor, now, None, holder=before, to=to_actor)
    log_claim(session, moved, to_actor, now)
    return moved


def release_all(session: Session, actor: str, now: datetime) -> int:
    """Give back everything somebody holds: he signed out or was disabled. Returns how many."""
    condition = (Item.holder == actor, Item.state == leases.word(ItemState.CLAIMED))
    return len(free(session, condition, Kind.ITEM_RELEASED, actor, now))


def expire(session: Session, now: datetime) -> int:
    """Give back items whose lease has run out, up to 500 at a time; returns how many."""
    out = (
        select(Item.id)
        .where(Item.state == leases.word(ItemState.CLAIMED), leases.ran_out(Item.lease_until, now))
        .limit(EXPIRE_LIMIT)
        .with_for_update(skip_locked=True)
    )
    keys = list(session.scalars(out))
    if not keys:
        return 0
    condition = (
        Item.id.in_(keys),
        Item.state == leases.word(ItemState.CLAIMED),
        leases.ran_out(Item.lease_until, now),
    )
    return len(free(session, condition, Kind.ITEM_EXPIRED, SYSTEM, now))


def held_by(session: Session, actor: str, office: Office, now: datetime) -> Item | None:
    """The item somebody holds at an office, the one whose lease ends first."""
    # By holder alone: what one person holds is few, what an office has is not.
    held = session.scalars(
        select(Item).where(*holds(actor, now)).order_by(Item.lease_until, Item.id)
    )
    return next((item for item in held if item.office_id == office.id), None)


def position(session: Session, item: Item) -> int:
    """`Antre verifikasi (ke-n)`: the item's place in its office's queue from 1; 0 when not queued."""
    if item.state != ItemState.QUEUED:
        return 0
    before = or_(
        Item.queue_key < item.queue_key,
        (Item.queue_key == item.queue_key) & (Item.id <= item.id),
    )
    counted = select(func.count()).where(
        Item.office_id == item.office_id, Item.state == leases.word(ItemState.QUEUED), before
    )
    return session.scalar(counted) or 0


def _claimed(actor: str, now: datetime, seconds: float) -> dict[str, Any]:
    return {
        "state": ItemState.CLAIMED.value,
        "holder": actor,
        "lease_until": leases.lease_end(now, seconds),
        "version": Item.version + 1,
    }


def _give_up(
    session: Session,
    item: Item,
    action: Action,
    kind: Kind,
    actor: str,
    role: Role,
    now: datetime,
    version: int | None,
    note: str | None = None,
    **values: object,
) -> Item:
    moved = move(
        session,
        item,
        action,
        role,
        version,
        Item.holder == actor,
        leases.lasts(Item.lease_until, now),
        values=FREE | values,
    )
    journal(session, moved, kind, actor, now, note)
    return moved
