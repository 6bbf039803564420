"""A published MS that has become wrong is corrected in the open, by two persons and a minute.

What an office has published is final, but a party that submits later may prove its right to a member
who stands at MS elsewhere: by its statement, or because he chose it, or because he came to no summons
(domain brief 3.4). Such a result is never changed silently. One chief proposes, naming the minute
(berita acara), another confirms; the office's and the party's journals say so (domain brief 5.2, F13).

Next station: `verification.reports`, which shows the party its corrected result.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    and_,
    case,
    exists,
    func,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from verification import decisions
from verification.batches import among
from verification.duplicates.findings import UNSETTLED
from verification.errors import CorrectionRefused, NotAllowed, ReasonRequired
from verification.journal import Record, record_all
from verification.journal_kinds import Kind
from verification.models import Correction, Duplicate, Item, Office, Subject
from verification.slots import MEMBER
from verification.states import DuplicateState, ItemState, Outcome, Resolution, Role
from verification.tallies import take_turn, tally

REFERENCE_LIMIT = 200
CHIEFS = (Role.SUPERVISOR, Role.ADMINISTRATOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A published MS whose member another party has as well.

    `lost`: that is settled against this party, so a correction is due; `proposed`: the open one.
    """

    item: Item
    lost: bool
    proposed: Correction | None


def doubts(session: Session, office: Office, limit: int = 100) -> list[Doubt]:
    """An office's, those to be corrected first."""
    found = _doubtful(Item.office_id == office.id).subquery()
    rows = session.execute(
        select(Item, found.c.lost, Correction)
        .join(found, found.c.id == Item.id)
        .outerjoin(Correction, and_(Correction.item_id == Item.id, Correction.ended_at.is_(None)))
        .order_by(found.c.lost.desc(), Item.id)
        .limit(limit)
    )
    return [Doubt(item=item, lost=bool(lost), proposed=open_) for item, lost, open_ in rows]


def due_offices(session: Session) -> set[int]:
    """Keys of the offices that have a correction to make."""
    # In two questions: as one, planners walk all items to find the few whose duplicate was lost.
    sides = _sides()
    lost = session.scalars(
        select(Subject.id).join(sides, _subject_of(sides)).where(sides.c.lost == 1).distinct()
    ).all()
    standing = select(Item.office_id).where(among(Item.subject_id, lost), *_standing())
    return set(session.scalars(standing)) if lost else set()


def propose(
    session: Session,
    item: Item,
    *,
    reason: str,
    reference: str,
    actor: str,
    role: Role,
    now: datetime,
) -> Correction:
    """Propose that a published MS becomes TMS.

    Raises NotAllowed (role), ReasonRequired (no code of TMS, or no minute), CorrectionRefused.
    """
    _check_chief(role)
    if not reference.strip() or len(reference) > REFERENCE_LIMIT:
        raise ReasonRequired("a correction refers to its minute")
    _check_due(session, _locked(session, item))
    decisions.check_reason(session, item, Outcome.TMS, reason)
    if _open(session, item) is not None:
        raise CorrectionRefused("a correction is proposed already")
    correction = Correction(
        item_id=item.id,
        reason=reason,
        reference=reference.strip(),
        proposed_by=actor,
        proposed_at=now,
    )
    session.add(correction)
    session.flush()
    _note(
        session, correction, Kind.CORRECTION_PROPOSED, actor, now,
        note=correction.reference, reason=reason,
    )  # fmt: skip
    return correction


def confirm(
    session: Session, correction: Correction, *, actor: str, role: Role, now: datetime
) -> Item:
    """The second person makes the correction; the party sees it from now on.

    Raises NotAllowed (role, or who proposed it), CorrectionRefused (ended, or no longer due).
    """
    _check_chief(role)
    take_turn(session, correction.item.office_id)
    item = _locked(session, correction.item)
    _check_open(session, correction)
    if actor == correction.proposed_by:
        raise NotAllowed("who proposed a correction does not confirm it")
    _check_due(session, item)
    correction.confirmed, correction.ended_by, correction.ended_at = True, actor, now
    item.outcome, item.reason = Outcome.TMS.value, correction.reason
    item.decided_by, item.decided_at = correction.proposed_by, now
    item.version += 1
    session.flush()
    tally(session, item.office_id, item.round_id)
    decision = decisions.add(
        session,
        item,
        correction.proposed_by,
        now,
        outcome=Outcome.TMS.value,
        reason=correction.reason,
        note=correction.reference,
    )
    told = {"outcome": Outcome.TMS.value, "reason": correction.reason}
    _note(
        session, correction, Kind.ITEM_CORRECTED, actor, now,
        note=correction.reference, decision=decision.public_id, **told,
    )  # fmt: skip
    party = Record(
        chain_id=item.participation.chain_id,
        kind=Kind.RESULT_CORRECTED,
        actor=actor,
        facts={
            "office": item.office.code,
            "round": item.round.number,
            "item": item.public_id,
            **told,
        },
        note=correction.reference,
    )
    record_all(session, [party], now)
    return item


def drop(
    session: Session, correction: Correction, *, actor: str, role: Role, now: datetime
) -> Correction:
    """Take a proposal off the table. Raises NotAllowed, CorrectionRefused (ended)."""
    _check_chief(role)
    _locked(session, correction.item)
    _check_open(session, correction)
    correction.ended_by, correction.ended_at = actor, now
    session.flush()
    _note(session, correction, Kind.CORRECTION_DROPPED, actor, now)
    return correction


def _doubtful(*of: ColumnElement[bool]) -> Select[int, Any]:
    """`id` of published items at MS, newest of their subjects, and `lost` (1 or 0)."""
    sides = _sides()
    return (
        select(Item.id, func.max(sides.c.lost).label("lost"))
        .select_from(sides)
        .join(Subject, _subject_of(sides))
        .join(Item, Item.subject_id == Subject.id)
        .where(*_standing(), *of)
        .group_by(Item.id)
    )


def _standing() -> tuple[ColumnElement[bool], ...]:
    """Published at MS, and the newest of its subject."""
    later = aliased(Item)
    return (
        Item.state == ItemState.PUBLISHED.value,
        Item.outcome == Outcome.MS.value,
        ~exists().where(later.subject_id == Item.subject_id, later.id > Item.id),
    )


def _subject_of(sides: Subquery) -> ColumnElement[bool]:
    return and_(
        Subject.participation_id == sides.c.participation,
        Subject.kind == MEMBER,
        Subject.key == sides.c.key,
    )


def _sides() -> Subquery:
    """Each side of the pairs between two parties that stand in the way of its MS."""
    halves: list[Select[Any]] = []
    for own, key in (
        (Duplicate.left_participation_id, Duplicate.left_key),
        (Duplicate.right_participation_id, Duplicate.right_key),
    ):
        lost = and_(
            Duplicate.state == DuplicateState.SETTLED.value,
            Duplicate.resolution != Resolution.DISTINCT.value,
            or_(Duplicate.kept_participation_id.is_(None), Duplicate.kept_participation_id != own),
        )
        halves.append(
            select(own.label("participation"), key.label("key"), case((lost, 1), else_=0).label("lost"))
            .where(
                Duplicate.left_participation_id != Duplicate.right_participation_id,
                or_(Duplicate.state.in_(UNSETTLED), lost),
            )
        )  # fmt: skip
    return union_all(*halves).subquery()


def _check_chief(role: Role) -> None:
    if role not in CHIEFS:
        raise NotAllowed(f"{role} corrects nothing")


def _check_due(session: Session, item: Item) -> None:
    row = session.execute(_doubtful(Item.id == item.id)).one_or_none()
    if row is None or not row.lost:
        raise CorrectionRefused("no settled duplicate takes this member away")


def _check_open(session: Session, correction: Correction) -> None:
    session.refresh(correction)
    if correction.ended_at is not None:
        raise CorrectionRefused("this correction has ended")


def _open(session: Session, item: Item) -> Correction | None:
    return session.scalar(
        select(Correction).where(Correction.item_id == item.id, Correction.ended_at.is_(None))
    )


def _locked(session: Session, item: Item) -> Item:
    return session.scalars(
        select(Item)
        .where(Item.id == item.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()


def _note(
    session: Session,
    correction: Correction,
    kind: Kind,
    actor: str,
    now: datetime,
    *,
    note: str | None = None,
    **facts: str,
) -> None:
    item = correction.item
    record_all(
        session,
        [
            Record(
                chain_id=item.office.chain_id,
                kind=kind,
                actor=actor,
                facts={"item": item.public_id, "correction": correction.public_id, **facts},
                note=note,
            )
        ],
        now,
    )
