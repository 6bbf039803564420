"""What an office has published in a round, counted once for everybody who asks afterwards.

A million members are a million results. The task list, the results and the public pages read a few
rows an office instead (`ResultTally`), written in the transaction that publishes or corrects.

Next station: `verification.outcomes` and `verification.reports` add them up.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import Select, SQLColumnExpression, and_, delete, func, insert, select
from sqlalchemy.orm import Session, aliased

from verification.models import Item, Office, ResultTally, RosterVersion, Subject
from verification.models.rosters import LINE_BITS
from verification.states import ItemState

_PUBLISHED = ItemState.PUBLISHED.value
NO_LIST = 0
"""`ResultTally.roster_id` of documents."""


def take_turn(session: Session, office_id: int) -> None:
    """Until this transaction ends nobody else publishes or corrects for that office."""
    locked = select(Office.id).where(Office.id == office_id).with_for_update(key_share=True)
    session.execute(locked)


def tally(session: Session, office_id: int, round_id: int) -> None:
    """Count anew what an office has published in a round. The caller has taken its turn.

    Counted and not added to: what was counted before can neither be lost nor come twice.
    """
    session.execute(
        delete(ResultTally).where(
            ResultTally.office_id == office_id, ResultTally.round_id == round_id
        )
    )
    now, before, earlier = aliased(Item), aliased(Item), aliased(Item)
    last = (
        select(func.max(earlier.id))
        .where(
            earlier.subject_id == now.subject_id,
            earlier.id < now.id,
            earlier.state == _PUBLISHED,
        )
        .correlate(now)
        .scalar_subquery()
    )
    of_office = and_(now.office_id == office_id, now.round_id == round_id, now.state == _PUBLISHED)
    everything = select(*_place(now, now)).join(Subject, Subject.id == now.subject_id)
    superseded = (
        select(*_place(now, before))
        .join(Subject, Subject.id == now.subject_id)
        .join(before, before.id == last)
    )
    published = _counted(session, everything.where(of_office), now)
    replaced = _counted(session, superseded.where(of_office), before)
    rows = [
        {
            "office_id": office_id,
            "round_id": round_id,
            **dict(zip(_PLACE, place, strict=True)),
            "published": published[place],
            "standing": published[place] - replaced[place],
        }
        for place in published | replaced
    ]
    if rows:
        session.execute(insert(ResultTally), rows)


_PLACE = ("participation_id", "requirement_id", "region_id", "roster_id", "outcome")


def _place(now: type[Item], judged: type[Item]) -> tuple[SQLColumnExpression[Any], ...]:
    """Where a result counts, in the order of `_PLACE`, and how many there are of that place."""
    return (
        now.participation_id,
        Subject.requirement_id,
        Subject.region_id,
        func.coalesce(RosterVersion.roster_id, NO_LIST),
        judged.outcome,
        func.count(),
    )


def _counted(session: Session, found: Select[Any], judged: type[Item]) -> Counter[tuple[Any, ...]]:
    version = judged.member_id // (1 << LINE_BITS)
    query = found.outerjoin(RosterVersion, RosterVersion.id == version)
    columns = list(query.selected_columns)[:-1]
    return Counter({tuple(place): n for *place, n in session.execute(query.group_by(*columns))})
