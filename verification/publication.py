"""An office makes a round's decisions known: one action, all or nothing, and the next round opens.

Before it the party sees nothing, after it nothing can be undone. Publishing is refused while anything
of the office is undecided. A dossier submitted later than the office published is published by doing
it again: the same row counts on.

Next station: `verification.reports` shows the party its results.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from hashlib import sha256

from sqlalchemy import exists, func, or_, select, update
from sqlalchemy.orm import Session

from verification.canonical import canonical
from verification.corrections import due_offices
from verification.duplicates.findings import decided_against
from verification.errors import AlreadyPublished, NotAllowed, RoundNotReady
from verification.jobs import JobKind
from verification.journal import Record, record_all, system_chain
from verification.journal_kinds import Kind
from verification.models import (
    Election,
    Item,
    Job,
    Office,
    Participation,
    Round,
    RoundPublication,
    Submission,
)
from verification.models.jobs import JobState
from verification.reference import participations
from verification.schedule import current_round, next_round
from verification.slots import to_repair
from verification.states import Action, ItemState, Outcome, Role, SubmissionState, after
from verification.tallies import take_turn, tally

UNDECIDED = (
    ItemState.PENDING.value,
    ItemState.QUEUED.value,
    ItemState.CLAIMED.value,
    ItemState.FLAGGED.value,
)


def publish(
    session: Session, office: Office, round_: Round, *, actor: str, role: Role, now: datetime
) -> RoundPublication:
    """Publish an office's decisions of a round.

    Raises NotAllowed (role), RoundNotReady (undecided items, an item at MS whose duplicate was found
    since and is not settled, or dossiers whose items are still being made or whose duplicates are
    still being looked for), AlreadyPublished (nothing new since).
    """
    after(ItemState.DECIDED, Action.PUBLISH, role)
    publication = _locked_row(session, office, round_)
    if decided_against(session, office, round_):
        raise RoundNotReady(
            "items stand at MS whose duplicates were found since and are not settled"
        )
    # Changed first, counted after: an undo at the same moment either waits for these rows and then
    # finds them published, or is done and is counted here.
    changed = session.execute(
        update(Item)
        .where(
            Item.office_id == office.id,
            Item.round_id == round_.id,
            Item.state == ItemState.DECIDED.value,
        )
        .values(state=ItemState.PUBLISHED.value, version=Item.version + 1)
        .returning(Item.participation_id, Item.public_id, Item.outcome, Item.reason)
    ).all()
    _refuse_unfinished(session, office, round_)
    _refuse_uncompared(session, round_)
    if not changed:
        if publication is None:
            raise RoundNotReady("the office has nothing to publish in this round")
        raise AlreadyPublished("the office has published this round")
    if publication is None:
        publication = RoundPublication(
            round_id=round_.id, office_id=office.id, published_at=now, actor=actor, items=0
        )
        session.add(publication)
    publication.items += len(changed)
    tally(session, office.id, round_.id)
    results: dict[int, list[tuple[str, str, str | None]]] = defaultdict(list)
    for participation_id, item, outcome, reason in changed:
        results[participation_id].append((item, outcome or "", reason))
    _journal(session, office, round_, results, actor, now)
    return publication


def publications(session: Session, round_: Round) -> dict[int, RoundPublication]:
    """Office key → its publication of a round."""
    return {
        row.office_id: row
        for row in session.scalars(
            select(RoundPublication).where(RoundPublication.round_id == round_.id)
        )
    }


def open_next_round(
    session: Session, election: Election, *, actor: str, role: Role, now: datetime
) -> Round:
    """Open the next round: parties may repair what was published as BMS.

    Raises NotAllowed (administrators only), RoundNotReady (an office has unpublished items or a
    correction to make, or there is no further round).
    """
    if role is not Role.ADMINISTRATOR:
        raise NotAllowed(f"{role} does not open rounds")
    current = current_round(session, election)
    following = session.scalar(
        select(Round)
        .where(Round.election_id == election.id, Round.number > current.number)
        .order_by(Round.number)
        .limit(1)
        .with_for_update()
    )
    if following is None or next_round(session, election) is None:
        raise RoundNotReady("there is no further round")
    _refuse_locked(session, current)
    if offices_unpublished(session, current, limit=1):
        raise RoundNotReady("an office has not published this round")
    following.opened_at = now
    session.flush()
    records = [
        Record(
            chain_id=party.chain_id,
            kind=Kind.ROUND_OPENED,
            actor=actor,
            facts={
                "round": following.number,
                "subjects": _open_subjects(session, party, following),
            },
        )
        for party in participations(session, election)
    ]
    total = sum(int(str(record.facts["subjects"])) for record in records)
    everywhere = Record(
        chain_id=system_chain(session).id,
        kind=Kind.ROUND_OPENED,
        actor=actor,
        facts={"round": following.number, "subjects": total},
    )
    record_all(session, [*records, everywhere], now)
    return following


def offices_unpublished(session: Session, round_: Round, limit: int = 50) -> list[Office]:
    """Offices with items of a round that are not published, or with a correction to make."""
    waiting = exists().where(
        Item.office_id == Office.id,
        Item.round_id == round_.id,
        Item.state.in_([*UNDECIDED, ItemState.DECIDED.value]),
    )
    not_ready = or_(waiting, Office.id.in_(due_offices(session)))
    return list(session.scalars(select(Office).where(not_ready).order_by(Office.code).limit(limit)))


def _locked_row(session: Session, office: Office, round_: Round) -> RoundPublication | None:
    take_turn(session, office.id)
    return session.scalar(
        select(RoundPublication).where(
            RoundPublication.office_id == office.id, RoundPublication.round_id == round_.id
        )
    )


def _refuse_unfinished(session: Session, office: Office, round_: Round) -> None:
    undecided = session.scalar(
        select(func.count()).where(
            Item.office_id == office.id, Item.round_id == round_.id, Item.state.in_(UNDECIDED)
        )
    )
    if undecided:
        raise RoundNotReady(f"{undecided} items are still undecided")
    _refuse_locked(session, round_)


def _refuse_locked(session: Session, round_: Round) -> None:
    making = session.scalar(
        select(func.count()).where(
            Submission.round_id == round_.id, Submission.state == SubmissionState.LOCKED.value
        )
    )
    if making:
        raise RoundNotReady("items of a submitted dossier are still being made")


def _refuse_uncompared(session: Session, round_: Round) -> None:
    """What a search still finds would come too late for this publication."""
    searching = session.scalar(
        select(func.count())
        .select_from(Submission)
        .join(Job, Job.about == Submission.public_id)
        .where(
            Submission.round_id == round_.id,
            Job.kind == JobKind.FIND_DUPLICATES.value,
            Job.state != JobState.DONE.value,
        )
    )
    if searching:
        raise RoundNotReady("the duplicates of a submitted dossier are still being looked for")


def _open_subjects(session: Session, party: Participation, round_: Round) -> int:
    counted = select(func.count()).select_from(Item).where(*to_repair(party.id, round_))
    return session.scalar(counted) or 0


def _journal(
    session: Session,
    office: Office,
    round_: Round,
    results: dict[int, list[tuple[str, str, str | None]]],
    actor: str,
    now: datetime,
) -> None:
    """A line in the office's chain, and one in each party's own that names no other party."""
    chains = dict(
        session.execute(
            select(Participation.id, Participation.chain_id).where(Participation.id.in_(results))
        ).all()
    )
    records = [
        Record(
            chain_id=office.chain_id,
            kind=Kind.ROUND_PUBLISHED,
            actor=actor,
            facts={
                "office": office.code,
                "round": round_.number,
                "items": sum(map(len, results.values())),
                "participations": len(results),
            },
        )
    ]
    for participation_id, rows in results.items():
        counts = Counter(outcome for _, outcome, _ in rows)
        records.append(
            Record(
                chain_id=chains[participation_id],
                kind=Kind.RESULTS_PUBLISHED,
                actor=actor,
                facts={
                    "office": office.code,
                    "round": round_.number,
                    "ms": counts[Outcome.MS],
                    "bms": counts[Outcome.BMS],
                    "tms": counts[Outcome.TMS],
                    "results_digest": results_digest(rows),
                },
            )
        )
    record_all(session, records, now)


def results_digest(rows: list[tuple[str, str, str | None]]) -> str:
    """SHA-256 over the lines [item, outcome, reason] in the order of items."""
    digest = sha256()
    for row in sorted(rows):
        digest.update(f"{canonical(list(row))}\n".encode())
    return digest.hexdigest()
