"""What KPU published of a party, counted: by requirement for its task list, by list for its members.

Only published results count, and of a subject the newest one alone: what was BMS and is MS by now is
MS. Nothing here tells what is merely decided.

Next station: `verification.rosters.judged` gives the party the rows behind the numbers.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session, aliased

from verification.models import (
    Decision,
    Item,
    Participation,
    Requirement,
    RosterVersion,
    Round,
    Subject,
)
from verification.models.process import Purpose
from verification.models.rosters import LINE_BITS
from verification.reference import Scope, offices, requirements
from verification.schedule import rounds
from verification.slots import DOCUMENT
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
    """Requirement code → outcome → how many subjects stand at it; only what has any.

    A later round makes items of what stood at BMS alone, so that each result in it takes one BMS
    away: a million members are counted in an index and no later item is looked for.
    """
    counts = _documents(session, participation, scope)
    members = _members(session, participation, scope)
    if scope is None:
        # What the index has counted is both, and documents are few.
        for (_, round_, outcome), number in counts.items():
            members[round_, outcome] -= number
    lists = _requirement_of_lists(session, participation)
    counts.update({(lists, *key): number for key, number in members.items()})
    first = next(iter(opened(session, participation)), None)
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for (code, round_, outcome), number in counts.items():
        found[code][outcome] += number
        if first is not None and round_ != first.id:
            found[code][Outcome.BMS] -= number
    return {code: positive for code, each in found.items() if (positive := +each)}


def failed_by_list(session: Session, participation: Participation) -> dict[int, Outcomes]:
    """Roster key → BMS and TMS → how many of its members stand at it."""
    judged = session.execute(
        select(VERSION_JUDGED.label("version_id"), Item.outcome, func.count().label("number"))
        .where(
            Item.participation_id == participation.id,
            Item.round_id.in_([row.id for row in opened(session, participation)]),
            PUBLISHED,
            Item.outcome.in_(FAILED),
            Item.member_id.is_not(None),
            newest(),
        )
        .group_by(VERSION_JUDGED, Item.outcome)
    ).all()
    lists: dict[int, int] = dict(
        session.execute(
            select(RosterVersion.id, RosterVersion.roster_id).where(
                RosterVersion.id.in_({row.version_id for row in judged})
            )
        ).all()
    )
    found: dict[int, Counter[str]] = defaultdict(Counter)
    for row in judged:
        found[lists[row.version_id]][row.outcome or ""] += row.number
    return dict(found)


def _documents(
    session: Session, participation: Participation, scope: Scope | None
) -> Counter[tuple[str, int, str]]:
    query = (
        select(Requirement.code, Item.round_id, Item.outcome, func.count())
        .select_from(Subject)
        # From the subjects to their items: documents are few, and a sum is no key to come back by.
        .join(Item, Item.subject_id == Subject.id + 0)
        .join(Requirement, Requirement.id == Subject.requirement_id)
        .where(Subject.participation_id == participation.id, Subject.kind == DOCUMENT, PUBLISHED)
        .group_by(Requirement.code, Item.round_id, Item.outcome)
    )
    if scope is not None:
        query = query.where(Subject.region_id.in_(scope.region_ids(participation.election)))
    rows = session.execute(query)
    return Counter({(code, round_, outcome or ""): n for code, round_, outcome, n in rows})


def _members(
    session: Session, participation: Participation, scope: Scope | None
) -> Counter[tuple[int, str]]:
    """Within a scope of its members alone; of the whole party of its documents too."""
    query = (
        select(Item.round_id, Item.outcome, func.count())
        .where(Item.round_id.in_([row.id for row in opened(session, participation)]), PUBLISHED)
        .group_by(Item.round_id, Item.outcome)
    )
    if scope is None:
        query = query.where(Item.participation_id == participation.id)
    else:
        inside = [row.id for row in offices(session) if scope.covers(row.code)]
        query = query.where(
            Item.office_id.in_(inside),
            # Not by the party's index: it would fetch every item of the party for its office.
            Item.participation_id + 0 == participation.id,
            Item.member_id.is_not(None),
        )
    rows = session.execute(query)
    return Counter({(round_, outcome or ""): n for round_, outcome, n in rows})


def _requirement_of_lists(session: Session, participation: Participation) -> str:
    wanted = requirements(session, participation.election)
    return next((row.code for row in wanted if row.purpose == Purpose.ROSTER.value), "")
