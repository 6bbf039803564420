"""What may be seen of the work: an office's desk, all offices, a party's results, the public page.

Counts run on indices that begin with the office or the party, so that ten million items elsewhere do
not matter. A party's results are what was published and nothing else.

Next station: the portal's pages and the API.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from verification.dossier import Progress, progress
from verification.leases import word
from verification.models import (
    Election,
    Item,
    Office,
    Participation,
    Region,
    Requirement,
    Round,
    Stage,
    Subject,
    Submission,
)
from verification.reference import participations
from verification.schedule import current_round, window_for
from verification.states import ItemState, Outcome

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A published decision as its party sees it: no name of a verifier, no note."""

    item: str
    key: int
    round: int
    kind: str
    subject: str
    requirement: str
    region: str
    outcome: str
    reason: str | None
    member_id: int | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyProgress:
    """A party on the public page: how far it is, and of what was published how it ended."""

    party: str
    name: str
    abbreviation: str
    progress: Progress
    submitted_at: datetime | None
    items: int
    published: int
    ms: int
    bms: int
    tms: int


def overview(
    session: Session, office: Office, actor: str, now: datetime, election: Election
) -> Overview:
    """How an office stands in the current round, and what `actor` has done today (office's zone)."""
    round_ = current_round(session, election)
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


def results_for(
    session: Session,
    participation: Participation,
    round_: Round | None = None,
    *,
    outcome: Outcome | str | None = None,
    kind: str | None = None,
    after: int | None = None,
    limit: int = 100,
) -> list[Result]:
    """A party's published decisions, oldest item first; `after` is the `key` of the last one seen."""
    query = (
        select(Item, Subject, Requirement.code, Region.code, Round.number)
        .join(Subject, Subject.id == Item.subject_id)
        .join(Requirement, Requirement.id == Subject.requirement_id)
        .join(Region, Region.id == Subject.region_id)
        .join(Round, Round.id == Item.round_id)
        .where(
            Item.participation_id == participation.id,
            Item.state == ItemState.PUBLISHED.value,
        )
        .order_by(Item.id)
        .limit(limit)
    )
    if round_ is not None:
        query = query.where(Item.round_id == round_.id)
    if outcome is not None:
        query = query.where(Item.outcome == str(outcome))
    if kind is not None:
        query = query.where(Subject.kind == kind)
    if after is not None:
        query = query.where(Item.id > after)
    return [
        Result(
            item=item.public_id,
            key=item.id,
            round=number,
            kind=subject.kind,
            subject=subject.public_id,
            requirement=requirement,
            region=region,
            outcome=item.outcome or "",
            reason=item.reason,
            member_id=item.member_id,
            decided_at=item.decided_at,
        )
        for item, subject, requirement, region, number in session.execute(query)
    ]


def outcome_counts(session: Session, participation: Participation, round_: Round) -> dict[str, int]:
    """`items`, and of what was published `MS`, `BMS`, `TMS`. Nothing tells what is merely decided."""
    rows = session.execute(
        select(Item.state, Item.outcome, func.count())
        .where(Item.participation_id == participation.id, Item.round_id == round_.id)
        .group_by(Item.state, Item.outcome)
    )
    counts = dict.fromkeys(("items", *Outcome), 0)
    for state, outcome, number in rows:
        counts["items"] += number
        if state == ItemState.PUBLISHED and outcome is not None:
            counts[outcome] += number
    return {str(key): number for key, number in counts.items()}


def public_progress(session: Session, election: Election) -> list[PartyProgress]:
    """Every party of an election, by name."""
    round_ = current_round(session, election)
    return [_party_progress(session, each, round_) for each in participations(session, election)]


def _party_progress(session: Session, participation: Participation, round_: Round) -> PartyProgress:
    counts = outcome_counts(session, participation, round_)
    submitted_at = session.scalar(
        select(func.min(Submission.submitted_at)).where(
            Submission.participation_id == participation.id
        )
    )
    return PartyProgress(
        party=participation.party.public_id,
        name=participation.party.name,
        abbreviation=participation.party.abbreviation,
        progress=progress(session, participation),
        submitted_at=submitted_at,
        items=counts["items"],
        published=counts[Outcome.MS] + counts[Outcome.BMS] + counts[Outcome.TMS],
        ms=counts[Outcome.MS],
        bms=counts[Outcome.BMS],
        tms=counts[Outcome.TMS],
    )


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
