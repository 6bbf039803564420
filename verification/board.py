"""How much work there is and how it goes: an office's desk, and all offices as rows.

Counts run on indices that begin with the office, so that ten million items elsewhere do not matter.

Next station: the portal's `/antrean` and `/pengawas`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from verification.leases import word
from verification.models import Item, Office, Round, Stage
from verification.reference import current_election
from verification.schedule import current_round, window_for
from verification.states import ItemState

RATE_WINDOW = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Items of an office in a round, by where they are."""

    waiting: int = 0
    claimed: int = 0
    flagged: int = 0
    decided: int = 0
    published: int = 0

    @property
    def total(self) -> int:
        return self.waiting + self.claimed + self.flagged + self.decided + self.published

    @property
    def open(self) -> int:
        """What somebody still has to decide."""
        return self.waiting + self.claimed + self.flagged


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An office in a round. `per_hour`: its rate since it began, at most 7 days.

    `finish_at` is where this rate leads; `due_at` when the round's stage closes.
    """

    office: Office
    counts: Counts
    oldest_at: datetime | None
    per_hour: float
    finish_at: datetime | None
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview(Standing):
    """The head of a verifier's page: his office, and what he has decided today."""

    round: Round
    today_by_actor: int


def overview(session: Session, office: Office, actor: str, now: datetime) -> Overview:
    """How an office stands in the current round, and what `actor` has done today (office's zone)."""
    round_ = current_round(session, current_election(session))
    (standing,) = standings(session, [office], round_, now)
    return Overview(
        office=office,
        round=round_,
        counts=standing.counts,
        oldest_at=standing.oldest_at,
        today_by_actor=decided_since(session, actor, _midnight(office, now)),
        per_hour=standing.per_hour,
        finish_at=standing.finish_at,
        due_at=standing.due_at,
    )


def standings(
    session: Session, offices: Sequence[Office], round_: Round, now: datetime
) -> list[Standing]:
    """How offices stand in a round, in their order; as many queries for all of them as for one."""
    keys = [office.id for office in offices]
    counts = counts_of(session, keys, round_)
    oldest = _oldest(session, keys)
    rates = _per_hour(session, keys, round_, now)
    due_at = window_for(session, session.get_one(Stage, round_.stage_id), None).closes_at
    rows = []
    for office in offices:
        left, rate = counts[office.id].open, rates.get(office.id, 0.0)
        rows.append(
            Standing(
                office=office,
                counts=counts[office.id],
                oldest_at=oldest.get(office.id),
                per_hour=rate,
                finish_at=now + timedelta(hours=left / rate) if rate and left else None,
                due_at=due_at,
            )
        )
    return rows


def counts_of(session: Session, office_ids: Iterable[int], round_: Round) -> dict[int, Counts]:
    """Office key → its counts; every office asked for is in it."""
    keys = list(office_ids)
    rows = session.execute(
        select(Item.office_id, Item.state, func.count())
        .where(Item.office_id.in_(keys), Item.round_id == round_.id)
        .group_by(Item.office_id, Item.state)
    )
    found: dict[int, dict[str, int]] = {key: defaultdict(int) for key in keys}
    for key, state, number in rows:
        found[key][state] += number
    return {
        key: Counts(
            waiting=by[ItemState.QUEUED] + by[ItemState.PENDING],
            claimed=by[ItemState.CLAIMED],
            flagged=by[ItemState.FLAGGED],
            decided=by[ItemState.DECIDED],
            published=by[ItemState.PUBLISHED],
        )
        for key, by in found.items()
    }


def waiting(session: Session, office_id: int, round_id: int, most: int) -> int:
    """How many items of an office wait in a round, or `most`: a desk asks after each decision."""
    some = (
        select(Item.id)
        .where(
            Item.office_id == office_id,
            Item.round_id == round_id,
            Item.state == word(ItemState.QUEUED),
        )
        .limit(most)
    )
    return session.scalar(select(func.count()).select_from(some.subquery())) or 0


def decided_since(session: Session, actor: str, since: datetime) -> int:
    """How many decisions of `actor` stand that were made since a moment."""
    return (
        session.scalar(
            select(func.count()).where(Item.decided_by == actor, Item.decided_at >= since)
        )
        or 0
    )


def _oldest(session: Session, offices: Sequence[int]) -> dict[int, datetime]:
    rows = session.execute(
        select(Item.office_id, func.min(Item.queued_at))
        .where(Item.office_id.in_(offices), Item.state == word(ItemState.QUEUED))
        .group_by(Item.office_id)
    )
    return {key: queued_at for key, queued_at in rows if queued_at is not None}


def _per_hour(
    session: Session, offices: Sequence[int], round_: Round, now: datetime
) -> dict[int, float]:
    rows = session.execute(
        select(Item.office_id, func.min(Item.decided_at), func.count())
        .where(
            Item.office_id.in_(offices),
            Item.round_id == round_.id,
            Item.state.in_([ItemState.DECIDED.value, ItemState.PUBLISHED.value]),
            Item.decided_at > now - RATE_WINDOW,
        )
        .group_by(Item.office_id)
    )
    return {
        key: float(number / max((now - first).total_seconds() / 3600, 1.0))
        for key, first, number in rows
        if first is not None
    }


def _midnight(office: Office, now: datetime) -> datetime:
    here = now.astimezone(ZoneInfo(office.time_zone))
    return here.replace(hour=0, minute=0, second=0, microsecond=0)
