"""A duplicate is settled by the rules: a signed statement, else a summons and the person's choice.

Each party may hand in a signed statement. If one of the two has, it keeps the member. If both have,
the person is summoned with the liaison; whom he chooses keeps him, and if he does not come nobody
does. What the system only takes for one person (another NIK, another name) a verifier may find to be
two, having looked at the cards (domain brief 3.4; PKPU 4/2022 Pasal 34-41).

A member who is in three parties' lists is in three pairs: summons, choice and absence hold for all
of them. Every step needs a reference to the paper and the lease of the item, and is journalled; both
parties' chains say how it ended and name no rival.

Next station: `verification.decisions`, which then allows MS for the one side.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from verification import leases
from verification.duplicates.findings import UNSETTLED, of_item
from verification.duplicates.steps import Step, ends, is_left, next_steps
from verification.errors import ClearingRefused, LeaseLost, NotAllowed, NotFound, ReasonRequired
from verification.journal import Record, record_all
from verification.journal_kinds import Kind
from verification.models import Duplicate, Item, Participation, Subject
from verification.slots import MEMBER
from verification.states import DuplicateKind, DuplicateState, ItemState, Outcome, Resolution, Role

REFERENCE_LIMIT = 200
DESK = (Role.VERIFIER, Role.SUPERVISOR)


def record_statement(
    session: Session,
    item: Item,
    public_id: str,
    *,
    mine: bool,
    reference: str,
    actor: str,
    role: Role,
    now: datetime,
) -> Duplicate:
    """Note that a party has handed in its statement: the item's own (`mine`) or the other one.

    Raises NotFound, NotAllowed, LeaseLost, ReasonRequired (no reference), ClearingRefused (settled
    already, or within one party).
    """
    pair = _held(session, item, public_id, reference, actor, role, now)
    if Step.STATEMENT not in next_steps(pair):
        raise ClearingRefused("a statement settles nothing here now")
    if is_left(pair, item) == mine:
        pair.left_statement = reference
    else:
        pair.right_statement = reference
    _journal(
        session, item, Kind.DUPLICATE_STATEMENT, reference, actor, now,
        duplicate=pair.public_id, mine=mine,
    )  # fmt: skip
    return pair


def summon(
    session: Session,
    item: Item,
    public_id: str,
    *,
    reference: str,
    actor: str,
    role: Role,
    now: datetime,
) -> Duplicate:
    """The person is summoned, because both parties have handed in statements.

    Raises as `record_statement`.
    """
    pair = _held(session, item, public_id, reference, actor, role, now)
    if Step.SUMMON not in next_steps(pair):
        raise ClearingRefused("a summons follows when both parties have handed in statements")
    for each in _linked(session, pair):
        each.state, each.summons = DuplicateState.SUMMONED.value, reference
    _journal(
        session, item, Kind.DUPLICATE_SUMMONED, reference, actor, now, duplicate=pair.public_id
    )
    return pair


def settle(
    session: Session,
    item: Item,
    public_id: str,
    *,
    resolution: Resolution,
    mine: bool | None = None,
    reference: str,
    actor: str,
    role: Role,
    now: datetime,
) -> Duplicate:
    """Settle a pair. `mine`: whether the person chose this item's party, for CHOICE only.

    Raises as `record_statement`; ClearingRefused when the rules do not lead there from where it is.
    """
    pair = _held(session, item, public_id, reference, actor, role, now)
    kept = _kept(pair, item, resolution, mine=mine)
    whole = resolution in (Resolution.CHOICE, Resolution.ABSENT)
    pairs = _linked(session, pair) if whole else [pair]
    for each in pairs:
        each.state, each.resolution = DuplicateState.SETTLED.value, resolution.value
        each.kept_participation_id = kept
        each.settled_at, each.settled_by = now, actor
    session.flush()
    _journal(
        session, item, Kind.DUPLICATE_CLEARED, reference, actor, now,
        duplicate=pair.public_id, resolution=resolution.value,
        kept=kept == item.participation_id or resolution is Resolution.DISTINCT,
        pairs=pairs,
    )  # fmt: skip
    return pair


def reopen(
    session: Session,
    item: Item,
    public_id: str,
    *,
    reference: str,
    actor: str,
    role: Role,
    now: datetime,
) -> Duplicate:
    """Take a settlement back, with the reason; statements and summons stay. Raises as above."""
    pair = _held(session, item, public_id, reference, actor, role, now)
    if Step.REOPEN not in next_steps(pair):
        raise ClearingRefused("nothing is settled")
    state = DuplicateState.SUMMONED if pair.summons else DuplicateState.OPEN
    pair.state, pair.resolution, pair.kept_participation_id = state.value, None, None
    pair.settled_at = pair.settled_by = None
    _journal(
        session, item, Kind.DUPLICATE_REOPENED, reference, actor, now, duplicate=pair.public_id
    )
    return pair


def _kept(pair: Duplicate, item: Item, resolution: Resolution, *, mine: bool | None) -> int | None:
    """Which party keeps the member. Raises ClearingRefused."""
    step = Step.KEEP if resolution is Resolution.STATEMENT else Step(resolution.value)
    if step not in next_steps(pair):
        raise ClearingRefused(f"{resolution} does not follow here")
    left, right = pair.left_participation_id, pair.right_participation_id
    if resolution is Resolution.STATEMENT:
        return left if pair.left_statement else right
    if resolution is Resolution.CHOICE:
        if mine is None:
            raise ClearingRefused("a choice names a party")
        return left if is_left(pair, item) == mine else right
    return None


def _held(
    session: Session,
    item: Item,
    public_id: str,
    reference: str,
    actor: str,
    role: Role,
    now: datetime,
) -> Duplicate:
    """The pair, locked, for who holds the item. Two offices cannot settle it at once."""
    if role not in DESK:
        raise NotAllowed(f"{role} settles no duplicates")
    if not may_settle(item, role) and not _held_by(item, actor, now):
        raise LeaseLost("the item is not held by this verifier")
    if not reference.strip() or len(reference) > REFERENCE_LIMIT:
        raise ReasonRequired("each step refers to the paper it rests on")
    known = {pair.public_id: pair.id for pair in of_item(session, item)}
    if public_id not in known:
        raise NotFound("duplicate")
    return _locked(session, [known[public_id]])[0]


def may_settle(item: Item, role: Role) -> bool:
    """Whether a chief may settle an item's pairs without holding it: it is published at MS.

    Nobody can hold it any more, and its party's statement has to be noted all the same.
    """
    published = item.state == ItemState.PUBLISHED and item.outcome == Outcome.MS
    return published and role is Role.SUPERVISOR


def _held_by(item: Item, actor: str, now: datetime) -> bool:
    lasts = leases.seconds_left(item.lease_until, now) > 0
    return item.state == ItemState.CLAIMED and item.holder == actor and lasts


def _locked(session: Session, keys: Sequence[int]) -> list[Duplicate]:
    return list(
        session.scalars(
            select(Duplicate)
            .where(Duplicate.id.in_(keys))
            .order_by(Duplicate.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    )


def _linked(session: Session, pair: Duplicate) -> list[Duplicate]:
    """The unsettled pairs of the same NIK that hang together with this one, itself among them."""
    found = {pair.id: pair}
    if pair.kind == DuplicateKind.SIMILAR:
        return [pair]
    seen: set[tuple[int, str]] = set()
    waiting = ends(pair)
    while waiting:
        end = waiting.pop()
        if end in seen:
            continue
        seen.add(end)
        for each in session.scalars(_touching(*end)):
            found.setdefault(each.id, each)
            waiting += ends(each)
    return _locked(session, sorted(found))


def _touching(participation_id: int, key: str) -> Any:
    return select(Duplicate).where(
        or_(
            (Duplicate.left_participation_id == participation_id) & (Duplicate.left_key == key),
            (Duplicate.right_participation_id == participation_id) & (Duplicate.right_key == key),
        ),
        Duplicate.kind != DuplicateKind.SIMILAR.value,
        Duplicate.left_participation_id != Duplicate.right_participation_id,
        Duplicate.state.in_(UNSETTLED),
    )


def _journal(
    session: Session,
    item: Item,
    kind: Kind,
    note: str,
    actor: str,
    now: datetime,
    *,
    pairs: Sequence[Duplicate] = (),
    **facts: Any,
) -> None:
    """A line in the office's chain; of what was settled, one in each party's, naming no rival."""
    records = [
        Record(
            chain_id=item.office.chain_id,
            kind=kind,
            actor=actor,
            facts={"item": item.public_id, **facts},
            note=note,
        )
    ]
    settled = {end: pair for pair in pairs for end in ends(pair)}
    for (participation_id, key), settled_pair in settled.items():
        party = session.get_one(Participation, participation_id)
        subject = session.scalar(
            select(Subject.public_id).where(
                Subject.participation_id == participation_id,
                Subject.kind == MEMBER,
                Subject.key == key,
            )
        )
        kept = settled_pair.kept_participation_id == participation_id
        records.append(
            Record(
                chain_id=party.chain_id,
                kind=Kind.DUPLICATE_SETTLED,
                actor=actor,
                facts={
                    "subject": subject,
                    "resolution": settled_pair.resolution,
                    "kept": kept or settled_pair.resolution == Resolution.DISTINCT,
                },
            )
        )
    record_all(session, records, now)
