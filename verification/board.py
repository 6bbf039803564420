"""How much work there is and how it goes: an office's desk, and all offices as rows.

Counts run on indices that begin with the office, so that ten million items elsewhere do not matter.

Next station: the portal's `/antrean` and `/pengawas`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from verification.leases import word
from verification.models import Election, Item, Office, Round, Stage
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
class Overview:
    """The head of a verifier's page. `per_hour`: the office's rate since it began, at most 7 days.

    `finish_at` is where this rate leads; `due_at` when the round's stage closes.
    """

    office: Office
    round: Round
    counts: Counts
    oldest_at: datetime | None
    today_by_actor: int
    per_hour: float
    finish_at: datetime | None
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRow:
    """An office on the supervisor's board."""

    office: Office
    counts: Counts
    oldest_at: datetime | None


def overview(
    session: Session, office: Office, actor: str, now: datetime, election: Election | None = None
) -> Overview:
    """How an office stands in the current round, and what `actor` has done today (office's zone).

    `election`: the current one when it is not given.
    """
    round_ = current_round(session, election or current_election(session))
    counts = counts_of(session, [office.id], round_)[office.id]
    rate = _per_hour(session, office, round_, now)
    stage = session.get_one(Stage, round_.stage_id)
    return Overview(
        office=office,
        round=round_,
        counts=counts,
        oldest_at=_oldest(session, office),
        today_by_actor=decided_since(session, actor, _midnight(office, now)),
        per_hour=rate,
        finish_at=now + timedelta(hours=counts.open / rate) if rate and counts.open else None,
        due_at=window_for(session, stage, None).closes_at,
    )


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


def decided_since(session: Session, actor: str, since: datetime) -> int:
    """How many decisions of `actor` stand that were made since a moment."""
    return (
        session.scalar(
            select(func.count()).where(Item.decided_by == actor, Item.decided_at >= since)
        )
        or 0
    )


def office_board(
    session: Session, round_: Round, after: str | None = None, limit: int = 50
) -> list[BoardRow]:
    """The offices that have items in a round, in the order of codes; `after` is the last code seen."""
    query: Select[Office] = select(Office).where(
        select(Item.id)
        .where(Item.office_id == Office.id, Item.round_id == round_.id)
        .limit(1)
        .exists()
    )
    if after is not None:
        query = query.where(Office.code > after)
    chosen = list(session.scalars(query.order_by(Office.code).limit(limit)))
    counts = counts_of(session, [office.id for office in chosen], round_)
    return [
        BoardRow(office=office, counts=counts[office.id], oldest_at=_oldest(session, office))
        for office in chosen
    ]


def _oldest(session: Session, office: Office) -> datetime | None:
    return session.scalar(
        select(func.min(Item.queued_at)).where(
            Item.office_id == office.id, Item.state == word(ItemState.QUEUED)
        )
    )


def _per_hour(session: Session, office: Office, round_: Round, now: datetime) -> float:
    first, number = session.execute(
        select(func.min(Item.decided_at), func.count()).where(
            Item.office_id == office.id,
            Item.round_id == round_.id,
            Item.state.in_([ItemState.DECIDED.value, ItemState.PUBLISHED.value]),
            Item.decided_at > now - RATE_WINDOW,
        )
    ).one()
    if first is None:
        return 0.0
    hours = max((now - first).total_seconds() / 3600, 1.0)
    return float(number / hours)


def _midnight(office: Office, now: datetime) -> datetime:
    here = now.astimezone(ZoneInfo(office.time_zone))
    return here.replace(hour=0, minute=0, second=0, microsecond=0)
