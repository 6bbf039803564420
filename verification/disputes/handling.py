"""What an office writes down about a disputed member, and who may know what of it.

The office of the member's kabupaten/kota does: that he was there with his KTP-el, that he was not, how it
ended. It goes into the office's and the party's journal. A party sees which of its rows are disputed and
corrects its list as always; it never learns how to reach the person.

Next station: `/keberatan`, the desk's mark on the item, `verification.counting.standing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from verification.disputes.states import NOT_COUNTED, OPEN, DisputeAction, DisputeState, after
from verification.errors import ReasonRequired, StillListed
from verification.journal import Record, log_access, record_all
from verification.journal_kinds import Kind
from verification.models import (
    DisputedMember,
    Item,
    Member,
    Objection,
    Office,
    Participation,
    Region,
    Roster,
)
from verification.reference import Scope
from verification.rosters.nik_pages import lines_of
from verification.secrets import FieldKeys
from verification.states import Role

REFERENCE_LIMIT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnDispute:
    """A disputed member as his party sees it: its own row, nothing of the citizen."""

    key: int
    id: str
    state: DisputeState
    filed_at: datetime
    due_at: datetime | None
    roster: str
    region: str
    region_name: str
    line: int
    row_ref: str
    name: str


def move(
    session: Session,
    field_keys: FieldKeys,
    disputed: DisputedMember,
    action: DisputeAction,
    *,
    reference: str,
    actor: str,
    role: Role,
    now: datetime,
    days: int,
) -> DisputedMember:
    """Write a step down. `days`: for the one after it, if there is one.

    Raises NotAllowed (state, role), ReasonRequired (no minute), StillListed.
    """
    session.refresh(disputed, with_for_update={"key_share": True})
    state = after(DisputeState(disputed.state), action, role)
    if not reference.strip() or len(reference) > REFERENCE_LIMIT:
        raise ReasonRequired("a step refers to its minute")
    if action is DisputeAction.STRIKE and is_listed(session, field_keys, disputed):
        raise StillListed("the list in force has this person")
    disputed.state, disputed.reference = state.value, reference.strip()
    disputed.due_at = now + timedelta(days=days) if state in OPEN else None
    disputed.moved_at, disputed.moved_by = now, actor
    session.flush()
    facts = {"objection": disputed.public_id, "action": action.value, "state": state.value}
    kind = Kind.OBJECTION_MOVED
    records = [
        # The minute may name people: it stays with the office.
        Record(chain_id=disputed.office.chain_id, kind=kind, actor=actor, facts=dict(facts),
               note=disputed.reference),
        Record(chain_id=disputed.participation.chain_id, kind=kind, actor=actor, facts=dict(facts)),
    ]  # fmt: skip
    record_all(session, records, now)
    return disputed


def is_listed(session: Session, field_keys: FieldKeys, disputed: DisputedMember) -> bool:
    """Whether the person's NIK still stands in the list in force that he was found in."""
    roster = session.get_one(Roster, disputed.roster_id)
    if roster.withdrawn_at is not None or roster.current_version_id is None:
        return False
    objection = disputed.objection
    nik = field_keys.decipher(objection.nik, objection.key_id)
    terms = field_keys.search_terms(nik)
    return any(True for _ in lines_of(session, [roster.current_version_id], terms))


def before_office(
    session: Session,
    office: Office | None,
    *,
    is_open: bool,
    ticket: str = "",
    after_key: int = 0,
    limit: int = 50,
) -> list[DisputedMember]:
    """An office's (None: all), oldest first; those that wait for a step, or those that have ended.

    With a ticket, its own, whatever they wait for.
    """
    states = [state.value for state in OPEN]
    waits = DisputedMember.state.in_(states)
    wanted = _whole().where(DisputedMember.id > after_key).order_by(DisputedMember.id).limit(limit)
    if ticket:
        wanted = wanted.join(Objection, Objection.id == DisputedMember.objection_id).where(
            Objection.ticket == ticket
        )
    else:
        wanted = wanted.where(waits if is_open else ~waits)
    if office is not None:
        wanted = wanted.where(DisputedMember.office_id == office.id)
    return list(session.scalars(wanted))


def opened(session: Session, disputed: DisputedMember, *, actor: str, now: datetime) -> Member:
    """The row an objection is about, for an office that reads who objects; the reading is logged."""
    log_access(
        session, actor=actor, action="objection.read", object_kind="objection",
        object_id=disputed.public_id, now=now,
    )  # fmt: skip
    return session.get_one(Member, disputed.member_id)


def of_party(
    session: Session,
    participation: Participation,
    scope: Scope | None,
    *,
    after_key: int = 0,
    limit: int = 50,
) -> list[OwnDispute]:
    """A party's disputed rows that are open or not counted, oldest first."""
    shown = {*OPEN, *NOT_COUNTED}
    wanted = (
        _whole()
        .where(
            DisputedMember.participation_id == participation.id,
            DisputedMember.state.in_([state.value for state in shown]),
            DisputedMember.id > after_key,
        )
        .order_by(DisputedMember.id)
        .limit(limit)
    )
    if scope is not None:
        inside = scope.region_ids(participation.election)
        wanted = wanted.join(Roster, Roster.id == DisputedMember.roster_id).where(
            Roster.region_id.in_(inside)
        )
    return [_own(session, disputed) for disputed in session.scalars(wanted)]


def mark_of(session: Session, item: Item) -> DisputeState | None:
    """How an item's member is disputed, the gravest first; None when he is not."""
    if item.member_id is None:
        return None
    found = set(
        session.scalars(
            select(DisputedMember.state).where(
                DisputedMember.participation_id == item.participation_id,
                DisputedMember.subject_key == item.subject.key,
            )
        )
    )
    return next((state for state in (*NOT_COUNTED, DisputeState.FILED) if state in found), None)


def suspended_keys(session: Session, participation: Participation) -> set[str]:
    """Subject keys of a party's members who do not count."""
    return set(
        session.scalars(
            select(DisputedMember.subject_key).where(
                DisputedMember.participation_id == participation.id,
                DisputedMember.state.in_([state.value for state in NOT_COUNTED]),
            )
        )
    )


def _whole() -> Select[DisputedMember]:
    return select(DisputedMember).options(
        joinedload(DisputedMember.objection).load_only(Objection.ticket, Objection.filed_at),
        joinedload(DisputedMember.participation).joinedload(Participation.party),
        joinedload(DisputedMember.office),
    )


def _own(session: Session, disputed: DisputedMember) -> OwnDispute:
    member = session.get_one(Member, disputed.member_id)
    roster = session.get_one(Roster, disputed.roster_id)
    region = session.get_one(Region, roster.region_id)
    return OwnDispute(
        key=disputed.id,
        id=disputed.public_id,
        state=DisputeState(disputed.state),
        filed_at=disputed.objection.filed_at,
        due_at=disputed.due_at,
        roster=roster.public_id,
        region=region.code,
        region_name=region.name,
        line=member.line,
        row_ref=member.row_ref,
        name=member.name,
    )
