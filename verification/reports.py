"""What may be seen of the outcome: a party's results, and how far every party is.

A party's results are what was published and nothing else; what is decided and not published is in no
number here.

Next station: the portal's pages and the API.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from verification.board import Counts, Overview, Standing, overview, standings
from verification.dossier import Progress, progress
from verification.models import (
    Election,
    Item,
    Participation,
    Region,
    Requirement,
    Round,
    Subject,
    Submission,
)
from verification.outcomes import PUBLISHED, last_note
from verification.reference import participations
from verification.schedule import current_round
from verification.states import ItemState, Outcome

__all__ = [
    "Counts",
    "Overview",
    "PartyProgress",
    "Result",
    "Standing",
    "outcome_counts",
    "overview",
    "public_progress",
    "results_for",
    "standings",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A published decision as its party sees it: the officer's note, but no name of a verifier."""

    item: str
    key: int
    round: int
    kind: str
    subject: str
    requirement: str
    region: str
    outcome: str
    reason: str | None
    note: str | None
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
        select(Item, Subject, Requirement.code, Region.code, Round.number, last_note())
        .join(Subject, Subject.id == Item.subject_id)
        .join(Requirement, Requirement.id == Subject.requirement_id)
        .join(Region, Region.id == Subject.region_id)
        .join(Round, Round.id == Item.round_id)
        .where(Item.participation_id == participation.id, PUBLISHED)
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
            note=said,
            member_id=item.member_id,
            decided_at=item.decided_at,
        )
        for item, subject, requirement, region, number, said in session.execute(query)
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
