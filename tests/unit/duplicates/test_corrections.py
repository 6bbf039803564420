"""A duplicate found after MS was published: settled in the open, corrected by two, told to the party."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.builders import ADMINISTRATOR, SECOND, SUPERVISOR, VERIFIER
from tests.duplicates import DuplicateStand, Someone
from tests.world import NOON
from verification import corrections, decisions, publication, queue
from verification.corrections import Doubt
from verification.counting.standing import standing_of
from verification.db import Sessions
from verification.duplicates import clearing
from verification.duplicates.findings import of_item
from verification.errors import (
    CorrectionRefused,
    LeaseLost,
    NotAllowed,
    ReasonRequired,
    RoundNotReady,
)
from verification.jobs import JobKind
from verification.models import Correction, Item, Job, JournalEntry, Office, Participation, Round
from verification.models.jobs import JobState
from verification.reports import Result, outcome_counts, results_for
from verification.states import Outcome, Resolution, Role

A, B = "Partai Contoh A", "Partai Contoh B"
MINUTE = "BA 12/PL.01.1/2026"
REASON = "ganda-identik"


@pytest.fixture
def stand(sessions: Sessions, tmp_path: Path) -> DuplicateStand:
    """A member of A is published at MS; then B submits the same person."""
    stand = DuplicateStand(sessions, tmp_path)
    stand.compare(stand.party(A, Someone(serial=1)))
    with sessions.begin() as session:
        item = claimed(stand, session, A)
        decide(session, item, Outcome.MS, VERIFIER)
    publish(stand)
    stand.compare(stand.party(B, Someone(serial=1)))
    return stand


def claimed(stand: DuplicateStand, session: Session, party: str) -> Item:
    return queue.claim_item(session, stand.item(session, party), VERIFIER, Role.VERIFIER, NOON, 900)


def decide(session: Session, item: Item, outcome: Outcome, actor: str) -> None:
    decisions.decide(
        session, item, outcome=outcome, reason=None, note=None,
        actor=actor, role=Role.VERIFIER, now=NOON,
    )  # fmt: skip


def office(stand: DuplicateStand, session: Session) -> Office:
    return session.get_one(Office, stand.world.offices["32.73"].id)


def publish(stand: DuplicateStand) -> None:
    with stand.sessions.begin() as session:
        publication.publish(
            session, office(stand, session), session.get_one(Round, stand.world.round.id),
            actor=SUPERVISOR, role=Role.SUPERVISOR, now=NOON,
        )  # fmt: skip


def doubts(stand: DuplicateStand, session: Session) -> list[Doubt]:
    return corrections.doubts(session, office(stand, session))


def lose(stand: DuplicateStand) -> None:
    """B's statement settles the pair while its own item is held."""
    with stand.sessions.begin() as session:
        item = claimed(stand, session, B)
        (pair,) = of_item(session, item)
        by = {"reference": "Surat 1", "actor": VERIFIER, "role": Role.VERIFIER, "now": NOON}
        clearing.record_statement(session, item, pair.public_id, mine=True, **by)  # type: ignore[arg-type]
        clearing.settle(session, item, pair.public_id, resolution=Resolution.STATEMENT, **by)  # type: ignore[arg-type]
        decide(session, item, Outcome.MS, VERIFIER)


def propose(stand: DuplicateStand, actor: str = SUPERVISOR, **changes: str) -> Correction:
    given = {"reason": REASON, "reference": MINUTE, **changes}
    with stand.sessions.begin() as session:
        return corrections.propose(
            session, stand.item(session, A), actor=actor, role=Role.SUPERVISOR, now=NOON, **given
        )


def confirm(stand: DuplicateStand, correction: Correction, actor: str) -> None:
    with stand.sessions.begin() as session:
        corrections.confirm(
            session, session.get_one(Correction, correction.id),
            actor=actor, role=Role.ADMINISTRATOR, now=NOON,
        )  # fmt: skip


def test_what_is_published_stands_until_the_pair_is_settled(stand: DuplicateStand) -> None:
    with stand.sessions.begin() as session:
        (doubt,) = doubts(stand, session)
        assert (doubt.item.participation_id, doubt.lost) == (stand.parties[A].id, False)
    with pytest.raises(CorrectionRefused):
        propose(stand)
    assert [row.outcome for row in results(stand)] == ["MS"]


def test_two_persons_and_a_minute_correct_it_and_the_party_is_told(stand: DuplicateStand) -> None:
    lose(stand)
    with stand.sessions.begin() as session:
        assert [doubt.lost for doubt in doubts(stand, session)] == [True]
    correction = propose(stand)
    with pytest.raises(NotAllowed):
        confirm(stand, correction, SUPERVISOR)
    confirm(stand, correction, ADMINISTRATOR)
    (row,) = results(stand)
    assert (row.outcome, row.reason, row.note) == ("TMS", REASON, MINUTE)
    with stand.sessions.begin() as session:
        assert doubts(stand, session) == []
        party = stand.parties[A]
        assert outcome_counts(session, party, stand.world.round)["TMS"] == 1
        told = session.scalars(
            select(JournalEntry)
            .where(JournalEntry.chain_id == party.chain_id)
            .order_by(JournalEntry.id.desc())
        ).first()
        assert told is not None
        assert (told.kind, told.note) == ("results.corrected", MINUTE)
        rival = stand.parties[B]
        assert rival.public_id not in told.facts
        past = decisions.history(session, stand.item(session, A).subject)
        assert [(each.outcome, each.stands) for each in past] == [("MS", False), ("TMS", True)]
        counted = standing_of(session, session.get_one(Participation, party.id)).regencies
        assert [(row.counted, row.judged) for row in counted if row.code == "32.73"] == [(0, True)]


def test_the_next_round_waits_for_it(stand: DuplicateStand) -> None:
    lose(stand)
    publish(stand)
    with pytest.raises(RoundNotReady):
        open_next(stand)
    confirm(stand, propose(stand), ADMINISTRATOR)
    open_next(stand)


def test_what_may_not_be_proposed(stand: DuplicateStand) -> None:
    lose(stand)
    for changes in ({"reference": " "}, {"reason": "ktp-tidak-terbaca"}, {"reference": "x" * 201}):
        with pytest.raises(ReasonRequired):
            propose(stand, **changes)
    with pytest.raises(NotAllowed), stand.sessions.begin() as session:
        corrections.propose(
            session, stand.item(session, A), reason=REASON, reference=MINUTE,
            actor=VERIFIER, role=Role.VERIFIER, now=NOON,
        )  # fmt: skip
    propose(stand)
    with pytest.raises(CorrectionRefused):
        propose(stand, SECOND)


def test_a_dropped_proposal_may_be_made_again_and_an_ended_one_not_confirmed(
    stand: DuplicateStand,
) -> None:
    lose(stand)
    first = propose(stand)
    with stand.sessions.begin() as session:
        again = session.get_one(Correction, first.id)
        corrections.drop(session, again, actor=SECOND, role=Role.SUPERVISOR, now=NOON)
    with pytest.raises(CorrectionRefused):
        confirm(stand, first, ADMINISTRATOR)
    confirm(stand, propose(stand), ADMINISTRATOR)


def test_a_settlement_that_was_taken_back_stops_the_correction(stand: DuplicateStand) -> None:
    lose(stand)
    correction = propose(stand)
    with stand.sessions.begin() as session:
        item = decisions.undo(
            session, stand.item(session, B), actor=VERIFIER, role=Role.VERIFIER, now=NOON,
            seconds=900,
        )  # fmt: skip
        (pair,) = of_item(session, item)
        clearing.reopen(
            session, item, pair.public_id, reference="Surat 2", actor=VERIFIER,
            role=Role.VERIFIER, now=NOON,
        )  # fmt: skip
    with pytest.raises(CorrectionRefused):
        confirm(stand, correction, ADMINISTRATOR)


def test_the_statement_of_a_party_that_is_published_is_noted_by_its_supervisor(
    stand: DuplicateStand,
) -> None:
    with stand.sessions.begin() as session:
        item = stand.item(session, A)
        (pair,) = of_item(session, item)
        clearing.record_statement(
            session, item, pair.public_id, mine=True, reference="Surat 3",
            actor=SUPERVISOR, role=Role.SUPERVISOR, now=NOON,
        )  # fmt: skip
        with pytest.raises(LeaseLost):
            clearing.record_statement(
                session, item, pair.public_id, mine=False, reference="Surat 4",
                actor=VERIFIER, role=Role.VERIFIER, now=NOON,
            )  # fmt: skip
    lose_by_choice(stand)
    with stand.sessions.begin() as session:
        assert [doubt.lost for doubt in doubts(stand, session)] == [True]


def lose_by_choice(stand: DuplicateStand) -> None:
    """Both have handed in statements, the person is summoned and does not come."""
    with stand.sessions.begin() as session:
        item = claimed(stand, session, B)
        (pair,) = of_item(session, item)
        by = {"reference": "Surat 5", "actor": VERIFIER, "role": Role.VERIFIER, "now": NOON}
        clearing.record_statement(session, item, pair.public_id, mine=True, **by)  # type: ignore[arg-type]
        clearing.summon(session, item, pair.public_id, **by)  # type: ignore[arg-type]
        clearing.settle(session, item, pair.public_id, resolution=Resolution.ABSENT, **by)  # type: ignore[arg-type]


def test_nothing_is_published_while_duplicates_are_looked_for(
    sessions: Sessions, tmp_path: Path
) -> None:
    stand = DuplicateStand(sessions, tmp_path)
    sent = stand.party(A, Someone(serial=1))
    with sessions.begin() as session:
        decide(session, claimed(stand, session, A), Outcome.MS, VERIFIER)
        search = Job.kind == JobKind.FIND_DUPLICATES.value, Job.about == sent.public_id
        session.execute(
            update(Job).where(*search).values(state=JobState.WAITING.value, done_at=None)
        )
    with pytest.raises(RoundNotReady):
        publish(stand)


def results(stand: DuplicateStand) -> list[Result]:
    with stand.sessions.read() as session:
        return list(results_for(session, stand.parties[A]))


def open_next(stand: DuplicateStand) -> None:
    with stand.sessions.begin() as session:
        publication.open_next_round(
            session, session.merge(stand.world.election), actor=ADMINISTRATOR,
            role=Role.ADMINISTRATOR, now=NOON,
        )  # fmt: skip
