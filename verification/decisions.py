"""MS, BMS or TMS: the holder of an item decides, and may take it back until the office publishes.

Decisions are rows that are only ever added; each supersedes the one before it, an undo too. What a
round allows and which reasons there are is data.

Next station: `verification.publication` makes an office's decisions known.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from verification import leases
from verification.duplicates import findings
from verification.errors import DuplicateOpen, NotAllowed, OutcomeNotAllowed, ReasonRequired
from verification.item_moves import holds, refusal, refuse_stale
from verification.journal import log_access, record
from verification.journal_kinds import Kind
from verification.models import Decision, Item, ReasonCode, Round, Subject
from verification.reference import reason_codes
from verification.states import Action, ItemState, Outcome, Role, after

OTHER = "lainnya"


@dataclass(frozen=True, slots=True, kw_only=True)
class PastDecision:
    """A line of a subject's history: `outcome` None is an undo, `published` what the party knows."""

    round: int
    item: str
    outcome: str | None
    reason: str | None
    note: str | None
    actor: str
    decided_at: datetime
    stands: bool
    published: bool


def decide(
    session: Session,
    item: Item,
    *,
    outcome: Outcome | str,
    reason: str | None,
    note: str | None,
    actor: str,
    role: Role,
    now: datetime,
    version: int | None = None,
) -> Decision:
    """Decide an item that `actor` holds. The party reads `note` once it is published.

    Raises NotAllowed (state, role), Stale, LeaseLost, OutcomeNotAllowed, ReasonRequired,
    DuplicateOpen (MS while the member is in another party's list as well, and that is not settled
    for this one).
    """
    after(ItemState(item.state), Action.DECIDE, role)
    refuse_stale(item, version)
    judged = _judged(session, item, outcome)
    check_reason(session, item, judged, reason)
    if reason is not None and needs_note(reason) and not (note or "").strip():
        raise ReasonRequired(f"{reason} tells the party to follow the note: it needs one")
    if judged is Outcome.MS and findings.stands_in_the_way(session, item):
        raise DuplicateOpen("this member's duplicates are not settled for this party")
    changed = leases.change(
        session,
        Item,
        Item.id == item.id,
        Item.version == item.version,
        *holds(actor, now),
        values={
            "state": ItemState.DECIDED.value,
            "version": Item.version + 1,
            "holder": None,
            "lease_until": None,
            "outcome": judged.value,
            "reason": reason,
            "decided_by": actor,
            "decided_at": now,
        },
    )
    if changed is None:
        raise refusal(session, item)
    decision = add(session, changed, actor, now, outcome=judged.value, reason=reason, note=note)
    record(
        session,
        changed.office.chain,
        actor,
        Kind.ITEM_DECIDED,
        now=now,
        note=note,
        item=changed.public_id,
        decision=decision.public_id,
        outcome=judged.value,
        reason=reason,
    )
    return decision


def undo(
    session: Session, item: Item, *, actor: str, role: Role, now: datetime, seconds: float
) -> Item:
    """Take a decision back; the item is held again by whoever did it, for `seconds`.

    One's own, or as a supervisor anybody's. Raises NotAllowed (published, foreign), Stale.
    """
    after(ItemState(item.state), Action.UNDO, role)
    if item.decided_by != actor and role is not Role.SUPERVISOR:
        raise NotAllowed("somebody else has decided this item")
    changed = leases.change(
        session,
        Item,
        Item.id == item.id,
        Item.version == item.version,
        Item.state == ItemState.DECIDED.value,
        values={
            "state": ItemState.CLAIMED.value,
            "version": Item.version + 1,
            "holder": actor,
            "lease_until": leases.lease_end(now, seconds),
            "outcome": None,
            "reason": None,
            "decided_by": None,
            "decided_at": None,
        },
    )
    if changed is None:
        raise refusal(session, item)
    undone = standing(session, changed)
    decision = add(session, changed, actor, now)
    log_access(
        session,
        actor=actor,
        action="item.claim",
        object_kind="item",
        object_id=changed.public_id,
        now=now,
    )
    record(
        session,
        changed.office.chain,
        actor,
        Kind.DECISION_UNDONE,
        now=now,
        item=changed.public_id,
        decision=decision.public_id,
        undone=undone.public_id if undone else None,
    )
    return changed


def standing(session: Session, item: Item) -> Decision | None:
    """The newest row of an item, an undo included."""
    return session.scalar(
        select(Decision).where(Decision.item_id == item.id).order_by(Decision.id.desc()).limit(1)
    )


def history(session: Session, subject: Subject) -> list[PastDecision]:
    """All that was decided about a subject through all rounds, oldest first. For offices only."""
    rows = session.execute(
        select(Decision, Item, Round.number)
        .join(Item, Item.id == Decision.item_id)
        .join(Round, Round.id == Item.round_id)
        .where(Item.subject_id == subject.id)
        .order_by(Decision.id)
    ).all()
    superseded = {decision.supersedes_id for decision, _, _ in rows}
    return [
        PastDecision(
            round=number,
            item=item.public_id,
            outcome=decision.outcome,
            reason=decision.reason,
            note=decision.note,
            actor=decision.actor,
            decided_at=decision.decided_at,
            stands=decision.outcome is not None and decision.id not in superseded,
            published=item.state == ItemState.PUBLISHED,
        )
        for decision, item, number in rows
    ]


def decided_lately(session: Session, actor: str, limit: int = 10) -> list[Item]:
    """What somebody decided last and may still take back, newest first."""
    return list(
        session.scalars(
            select(Item)
            .where(Item.decided_by == actor, Item.state == ItemState.DECIDED.value)
            .order_by(Item.decided_at.desc(), Item.id.desc())
            .limit(limit)
        )
    )


def reasons_for(session: Session, item: Item) -> list[ReasonCode]:
    """The reason codes that fit an item's subject and the outcomes its round allows."""
    allowed = item.round.allowed_outcomes
    codes = reason_codes(session, item.participation.election, item.subject.kind)
    return [code for code in codes if code.outcome in allowed]


def needs_note(reason: str) -> bool:
    """Whether a reason code only points at the officer's note: `dokumen-lainnya` and its like."""
    return reason.endswith(OTHER)


def _judged(session: Session, item: Item, outcome: Outcome | str) -> Outcome:
    allowed = session.get_one(Round, item.round_id).allowed_outcomes
    if str(outcome) not in allowed:
        raise OutcomeNotAllowed(f"this round allows {', '.join(allowed)}")
    return Outcome(outcome)


def check_reason(session: Session, item: Item, outcome: Outcome, reason: str | None) -> None:
    """Raises ReasonRequired unless the reason code fits the outcome."""
    if outcome is Outcome.MS:
        if reason is not None:
            raise ReasonRequired("MS takes no reason")
        return
    election = item.participation.election
    fitting = reason_codes(session, election, item.subject.kind, outcome)
    if reason not in {code.code for code in fitting}:
        raise ReasonRequired(f"{outcome} needs a reason code for a {item.subject.kind}")


def add(
    session: Session,
    item: Item,
    actor: str,
    now: datetime,
    *,
    outcome: str | None = None,
    reason: str | None = None,
    note: str | None = None,
) -> Decision:
    """A row that supersedes the item's newest."""
    before = standing(session, item)
    decision = Decision(
        item_id=item.id,
        outcome=outcome,
        reason=reason,
        note=note,
        actor=actor,
        decided_at=now,
        supersedes_id=before.id if before else None,
    )
    session.add(decision)
    session.flush()
    return decision
