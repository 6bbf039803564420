"""What KPU published of a party, counted: by requirement for its task list, by list for its members.

Only published results count, and of a subject the newest one alone: what was BMS and is MS by now is
MS. Nothing here tells what is merely decided.

Next station: `verification.rosters.judged` gives the party the rows behind the numbers.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session, aliased

from verification.models import (
    Decision,
    Item,
    Participation,
    Requirement,
    ResultTally,
    Round,
)
from verification.models.rosters import LINE_BITS
from verification.reference import Scope
from verification.schedule import rounds
from verification.states import ItemState, Outcome

FAILED = (Outcome.BMS.value, Outcome.TMS.value)
# The version of the list whose row was judged: the upper half of the member's key.
VERSION_JUDGED = Item.member_id // (1 << LINE_BITS)
PUBLISHED = Item.state == ItemState.PUBLISHED.value

Outcomes = Mapping[str, int]


def newest() -> ColumnElement[bool]:
    """Condition on a published Item: no later result of its subject is published."""
    later = aliased(Item)
    return ~exists().where(
        later.subject_id == Item.subject_id,
        later.id > Item.id,
        later.state == ItemState.PUBLISHED.value,
    )


def last_note() -> ColumnElement[str | None]:
    """Column beside an Item: what the officer wrote with its newest decision."""
    return (
        select(Decision.note)
        .where(Decision.item_id == Item.id)
        .order_by(Decision.id.desc())
        .limit(1)
        .scalar_subquery()
    )


def opened(session: Session, participation: Participation) -> list[Round]:
    """The rounds in which there may be results, in order."""
    found = rounds(session, participation.election)
    return [row for row in found if row.opened_at is not None]


def by_requirement(
    session: Session, participation: Participation, scope: Scope | None = None
) -> dict[str, Outcomes]:
    """Requirement code → outcome → how many subjects stand at it; only what has any."""
    number = func.sum(ResultTally.standing)
    query = (
        select(Requirement.code, ResultTally.outcome, number)
        .join(Requirement, Requirement.id == ResultTally.requirement_id)
        .where(ResultTally.participation_id == participation.id)
        .group_by(Requirement.code, ResultTally.outcome)
        .having(number > 0)
    )
    if scope is not None:
        query = query.where(ResultTally.region_id.in_(scope.region_ids(participation.election)))
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for code, outcome, count in session.execute(query):
        found[code][outcome] = int(count)
    return dict(found)


def failed_by_list(
    session: Session, participation: Participation, rosters: Collection[int]
) -> dict[int, Outcomes]:
    """Of these lists, by their keys: roster key → BMS and TMS → how many of its members stand at it."""
    number = func.sum(ResultTally.standing)
    query = (
        select(ResultTally.roster_id, ResultTally.outcome, number)
        .where(
            ResultTally.participation_id == participation.id,
            ResultTally.roster_id.in_(rosters),
            ResultTally.outcome.in_(FAILED),
        )
        .group_by(ResultTally.roster_id, ResultTally.outcome)
        .having(number > 0)
    )
    found: dict[int, Counter[str]] = defaultdict(Counter)
    for key, outcome, count in session.execute(query):
        found[key][outcome] = int(count)
    return dict(found)
