"""What the desk does with an item, each in the caller's transaction, and which item is next.

Next station: `verification.queue` and `verification.decisions`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from portal.actors import Actor
from verification import decisions, queue
from verification.errors import NothingToClaim
from verification.models import Item, Office
from verification.states import ItemState

NOTE_LIMIT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """Who acts, when, and for how many seconds he holds what he takes."""

    who: Actor
    now: datetime
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the page sent. `version`: of the item as it was shown."""

    outcome: str
    reason: str | None
    note: str | None
    version: int | None


def decide(session: Session, item: Item, verdict: Verdict, hand: Hand) -> None:
    """Decide an item; the same verdict a second time (its answer was lost) changes nothing."""
    if _is_done(item, verdict, hand.who):
        return
    decisions.decide(
        session, item, outcome=verdict.outcome, reason=verdict.reason, note=verdict.note,
        actor=hand.who.actor, role=hand.who.role, now=hand.now, version=verdict.version,
    )  # fmt: skip


def take_next(session: Session, office: Office, hand: Hand) -> Item | None:
    """The next item, held; None when nothing waits."""
    try:
        return queue.claim_next(
            session, office, hand.who.actor, hand.who.role, hand.now, hand.seconds
        )
    except NothingToClaim:
        return None


def undo(session: Session, item: Item, office: Office, hand: Hand) -> Item:
    """Take a decision back and hold it; what was held meanwhile keeps its place in the queue."""
    held = queue.held_by(session, hand.who.actor, office, hand.now)
    if held is not None and held.id != item.id:
        queue.release(session, held, actor=hand.who.actor, role=hand.who.role, now=hand.now)
    return decisions.undo(
        session, item, actor=hand.who.actor, role=hand.who.role, now=hand.now,
        seconds=hand.seconds,
    )  # fmt: skip


def take(session: Session, item: Item, office: Office, hand: Hand) -> Item:
    """Take this very item instead of what is held."""
    held = queue.held_by(session, hand.who.actor, office, hand.now)
    if held is not None and held.id != item.id:
        queue.release(session, held, actor=hand.who.actor, role=hand.who.role, now=hand.now)
    return queue.claim_item(session, item, hand.who.actor, hand.who.role, hand.now, hand.seconds)


def _is_done(item: Item, verdict: Verdict, who: Actor) -> bool:
    return (
        item.state == ItemState.DECIDED
        and item.decided_by == who.actor
        and (item.outcome, item.reason) == (verdict.outcome, verdict.reason)
    )
