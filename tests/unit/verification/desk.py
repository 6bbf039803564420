"""What the desk's tests begin with: a world, a party and a queue of members in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy.orm import Session

from tests.builders import LEASE, VERIFIER, build_items, build_party
from tests.world import NOON, World, build_world
from verification import decisions, intake, queue, reference
from verification.db import Base, Sessions
from verification.models import Decision, Item, Office, Participation
from verification.openings import Openings
from verification.states import Outcome, Role

Row = TypeVar("Row", bound=Base)


@dataclass(frozen=True, slots=True)
class Desk:
    """An office with items to decide; rows are those of a session that is over."""

    world: World
    party: Participation
    office: Office
    items: list[Item]


def build_desk(sessions: Sessions, items: int = 3) -> Desk:
    """One party's members in the queue of Kota Contoh Dua."""
    with sessions.begin() as session:
        world = build_world(session)
        party = build_party(session, world)
        made = build_items(session, world, party, items)
    return Desk(world, party, world.offices["32.73"], made)


def check_may_come(
    session: Session, party: Participation, code: str, region: str, purpose: str
) -> None:
    """As the portal judges a claim before its first byte, its party's submissions aside."""
    requirement = reference.requirement_by_code(session, party.election, code)
    place = reference.region_of(session, party.election, region)
    intake.check_fit(requirement, place.level, purpose)
    openings = Openings(session, party.election_id, [party.id])
    openings.check_slot(party.id, requirement, place.code, NOON)


def again(session: Session, row: Row) -> Row:
    """The same row in this session."""
    return session.get_one(type(row), row.id)  # type: ignore[attr-defined]


def take(session: Session, office: Office, actor: str = VERIFIER, now: datetime = NOON) -> Item:
    """Claim the next item as a verifier."""
    return queue.claim_next(session, again(session, office), actor, Role.VERIFIER, now, LEASE)


def judge(
    session: Session,
    item: Item,
    outcome: Outcome | str = Outcome.MS,
    *,
    actor: str = VERIFIER,
    role: Role = Role.VERIFIER,
    now: datetime = NOON,
    version: int | None = None,
    reason: str | None = None,
) -> Decision:
    """Decide a member item, with a reason that fits unless another is given."""
    reasons: dict[str, str] = {Outcome.BMS: "ktp-tidak-terbaca", Outcome.TMS: "ganda-identik"}
    return decisions.decide(
        session,
        again(session, item),
        outcome=outcome,
        reason=reason or reasons.get(outcome),
        note=None,
        actor=actor,
        role=role,
        now=now,
        version=version,
    )


def decide_all(sessions: Sessions, office: Office, outcomes: list[Outcome]) -> list[Item]:
    """Decide the office's queue in its order."""
    decided = []
    for outcome in outcomes:
        with sessions.begin() as session:
            item = take(session, office)
            judge(session, item, outcome)
            decided.append(item)
    return decided


def undo(session: Session, item: Item, actor: str = VERIFIER, role: Role = Role.VERIFIER) -> Item:
    """Take a decision back."""
    return decisions.undo(
        session, again(session, item), actor=actor, role=role, now=NOON, seconds=LEASE
    )
