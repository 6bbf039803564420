"""What may be seen of the outcome: a party's results, and how far every party is.

A party's results are what was published and nothing else; what is decided and not published is in no
number here.

Next station: the portal's pages and the API.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import chain

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
    ResultTally,
    Round,
    Subject,
    Submission,
)
from verification.outcomes import PUBLISHED, last_note, opened
from verification.reference import Scope, office_ids, participations, within
from verification.schedule import current_round
from verification.slots import DOCUMENT
from verification.states import Outcome

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
    scope: Scope | None = None,
    after: int | None = None,
    limit: int = 100,
) -> list[Result]:
    """A party's published decisions, oldest item first; `after` is the `key` of the last one seen.

    `scope`: only what is judged of these regions.
    """
    asked = [round_] if round_ is not None else opened(session, participation)
    parts = [
        (each.id, wanted, office_id)
        for each in asked
        for wanted in ([str(outcome)] if outcome is not None else [one.value for one in Outcome])
        for office_id in ([None] if scope is None else _offices_of(session, scope))
    ]
    # Each part is one stretch of an index, in the order of items: as one question it would be sorted.
    found = [
        _keys(session, participation, *part, kind=kind, scope=scope, after=after, limit=limit)
        for part in parts
    ]
    keys = sorted(chain.from_iterable(found))[:limit]
    if not keys:
        return []
    query = (
        select(Item, Subject, Requirement.code, Region.code, Round.number, last_note())
        .join(Subject, Subject.id == Item.subject_id)
        .join(Requirement, Requirement.id == Subject.requirement_id)
        .join(Region, Region.id == Subject.region_id)
        .join(Round, Round.id == Item.round_id)
        .where(Item.id.in_(keys))
        .order_by(Item.id)
    )
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
    counts = dict.fromkeys(("items", *map(str, Outcome)), 0)
    counts["items"] = (
        session.scalar(
            select(Submission.items_made).where(
                Submission.participation_id == participation.id, Submission.round_id == round_.id
            )
        )
        or 0
    )
    published = session.execute(
        select(ResultTally.outcome, func.sum(ResultTally.published))
        .where(ResultTally.participation_id == participation.id, ResultTally.round_id == round_.id)
        .group_by(ResultTally.outcome)
    )
    return counts | {outcome: int(number) for outcome, number in published}


def _offices_of(session: Session, scope: Scope) -> list[int]:
    """Whoever may judge something of these regions: the offices in them, and those above."""
    return [
        key
        for code, key in office_ids(session).items()
        if scope.covers(code) or any(within(top, code) for top in scope.codes)
    ]


def _keys(
    session: Session,
    participation: Participation,
    round_id: int,
    outcome: str,
    office_id: int | None,
    *,
    kind: str | None,
    scope: Scope | None,
    after: int | None,
    limit: int,
) -> list[int]:
    query = (
        select(Item.id)
        .where(
            Item.participation_id == participation.id,
            Item.round_id == round_id,
            PUBLISHED,
            Item.outcome == outcome,
            Item.id > (after or 0),
        )
        .order_by(Item.id)
        .limit(limit)
    )
    if kind is not None:
        query = query.where(
            Item.member_id.is_(None) if kind == DOCUMENT else Item.member_id.is_not(None)
        )
    if office_id is not None and scope is not None:
        inside = scope.region_ids(participation.election)
        query = query.join(Subject, Subject.id == Item.subject_id).where(
            Item.office_id == office_id, Subject.region_id.in_(inside)
        )
    return list(session.scalars(query))


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
