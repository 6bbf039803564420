"""Statement, summons, choice, absence, two people: what settles a duplicate, and what MS waits for."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.builders import SECOND, SUPERVISOR, VERIFIER
from tests.duplicates import DuplicateStand, Someone
from tests.world import NOON
from verification import decisions, publication, queue
from verification.db import Sessions
from verification.duplicates import clearing
from verification.duplicates.findings import of_item
from verification.duplicates.steps import next_steps
from verification.errors import (
    ClearingRefused,
    DuplicateOpen,
    LeaseLost,
    NotAllowed,
    ReasonRequired,
    RoundNotReady,
)
from verification.models import Duplicate, Item, JournalEntry
from verification.states import Outcome, Resolution, Role

A, B, C = (f"Partai Contoh {letter}" for letter in "ABC")
PAPER = "Surat 12/PP/2026"


@pytest.fixture
def stand(sessions: Sessions, tmp_path: Path) -> DuplicateStand:
    return DuplicateStand(sessions, tmp_path)


def met(stand: DuplicateStand, *names: str) -> DuplicateStand:
    """The same person in all these parties, found."""
    stand.compare(*[stand.party(name, Someone(serial=1)) for name in names])
    return stand


def claimed(stand: DuplicateStand, session: Session, party: str, actor: str = VERIFIER) -> Item:
    item = stand.item(session, party)
    return queue.claim_item(session, item, actor, Role.VERIFIER, NOON, 900)


def only(session: Session, item: Item) -> Duplicate:
    (pair,) = of_item(session, item)
    return pair


def by(actor: str = VERIFIER, reference: str = PAPER) -> dict[str, object]:
    return {"reference": reference, "actor": actor, "role": Role.VERIFIER, "now": NOON}


def decide(session: Session, item: Item, outcome: Outcome, actor: str = VERIFIER) -> None:
    decisions.decide(
        session, item, outcome=outcome,
        reason="ganda-identik" if outcome is Outcome.TMS else None, note=None,
        actor=actor, role=Role.VERIFIER, now=NOON,
    )  # fmt: skip


def test_ms_waits_and_tms_does_not(stand: DuplicateStand) -> None:
    met(stand, A, B)
    with stand.sessions.begin() as session:
        item = claimed(stand, session, A)
        with pytest.raises(DuplicateOpen):
            decide(session, item, Outcome.MS)
        decide(session, item, Outcome.TMS)


def test_one_statement_keeps_the_member_where_it_was_given(stand: DuplicateStand) -> None:
    met(stand, A, B)
    with stand.sessions.begin() as session:
        item = claimed(stand, session, A)
        pair = only(session, item)
        clearing.record_statement(session, item, pair.public_id, mine=True, **by())
        clearing.settle(session, item, pair.public_id, resolution=Resolution.STATEMENT, **by())
        assert pair.kept_participation_id == stand.parties[A].id
        decide(session, item, Outcome.MS)
    with stand.sessions.begin() as session, pytest.raises(DuplicateOpen):
        decide(session, claimed(stand, session, B, SECOND), Outcome.MS, SECOND)


def test_two_statements_lead_to_a_summons_and_the_choice_decides(stand: DuplicateStand) -> None:
    met(stand, A, B)
    with stand.sessions.begin() as session:
        item = claimed(stand, session, A)
        pair = only(session, item)
        steps = [next_steps(pair)]
        for mine in (True, False):
            clearing.record_statement(session, item, pair.public_id, mine=mine, **by())
            steps.append(next_steps(pair))
        clearing.summon(session, item, pair.public_id, **by())
        steps.append(next_steps(pair))
        clearing.settle(
            session, item, pair.public_id, resolution=Resolution.CHOICE, mine=False, **by()
        )
        with pytest.raises(DuplicateOpen):
            decide(session, item, Outcome.MS)
        decide(session, item, Outcome.TMS)
    assert steps == [
        ("statement",), ("statement", "keep"), ("statement", "summon"), ("choice", "absent"),
    ]  # fmt: skip
    with stand.sessions.begin() as session:
        decide(session, claimed(stand, session, B), Outcome.MS)


def test_who_does_not_come_counts_for_nobody_of_three(stand: DuplicateStand) -> None:
    met(stand, A, B, C)
    with stand.sessions.begin() as session:
        item = claimed(stand, session, A)
        pair = next(iter(of_item(session, item)))
        for mine in (True, False):
            clearing.record_statement(session, item, pair.public_id, mine=mine, **by())
        clearing.summon(session, item, pair.public_id, **by())
        clearing.settle(session, item, pair.public_id, resolution=Resolution.ABSENT, **by())
    assert {(row.state, row.resolution) for row in stand.found()} == {("settled", "absent")}
    assert len(stand.found()) == 3
    for party, actor in ((B, SECOND), (C, SUPERVISOR)):
        with stand.sessions.begin() as session, pytest.raises(DuplicateOpen):
            decide(session, claimed(stand, session, party, actor), Outcome.MS, actor)


def test_a_choice_for_the_third_leaves_the_other_two_without(stand: DuplicateStand) -> None:
    met(stand, A, B, C)
    with stand.sessions.begin() as session:
        item = claimed(stand, session, C)
        pair = next(iter(of_item(session, item)))
        for mine in (True, False):
            clearing.record_statement(session, item, pair.public_id, mine=mine, **by())
        clearing.summon(session, item, pair.public_id, **by())
        clearing.settle(
            session, item, pair.public_id, resolution=Resolution.CHOICE, mine=True, **by()
        )
        decide(session, item, Outcome.MS)
    assert {row.kept_participation_id for row in stand.found()} == {stand.parties[C].id}
    with stand.sessions.begin() as session, pytest.raises(DuplicateOpen):
        decide(session, claimed(stand, session, A), Outcome.MS)


def test_two_people_are_said_to_be_two(stand: DuplicateStand) -> None:
    ours, theirs = Someone(serial=1, name="BALI MOTARE"), Someone(serial=2, name="BALI MOTARI")
    stand.compare(stand.party(A, ours), stand.party(B, theirs))
    with stand.sessions.begin() as session:
        item = claimed(stand, session, A)
        pair = only(session, item)
        clearing.settle(session, item, pair.public_id, resolution=Resolution.DISTINCT, **by())
        decide(session, item, Outcome.MS)
    with stand.sessions.begin() as session:
        decide(session, claimed(stand, session, B), Outcome.MS)


@pytest.mark.parametrize(
    ("resolution", "mine"),
    [
        (Resolution.STATEMENT, None),
        (Resolution.CHOICE, True),
        (Resolution.ABSENT, None),
        (Resolution.DISTINCT, None),
    ],
)
def test_nothing_is_settled_out_of_turn(
    stand: DuplicateStand, resolution: Resolution, mine: bool | None
) -> None:
    met(stand, A, B)
    with stand.sessions.begin() as session:
        item = claimed(stand, session, A)
        pair = only(session, item).public_id
        with pytest.raises(ClearingRefused):
            clearing.settle(session, item, pair, resolution=resolution, mine=mine, **by())
        with pytest.raises(ClearingRefused):
            clearing.summon(session, item, pair, **by())


def test_only_the_holder_settles_with_a_paper_to_show(stand: DuplicateStand) -> None:
    met(stand, A, B)
    with stand.sessions.begin() as session:
        item = claimed(stand, session, A)
        pair = only(session, item).public_id
        with pytest.raises(LeaseLost):
            clearing.record_statement(session, item, pair, mine=True, **by(SECOND))
        with pytest.raises(ReasonRequired):
            clearing.record_statement(session, item, pair, mine=True, **by(reference=" "))
        with pytest.raises(NotAllowed):
            clearing.record_statement(
                session, item, pair, mine=True, reference=PAPER, actor=VERIFIER,
                role=Role.OBSERVER, now=NOON,
            )  # fmt: skip


def test_a_settlement_can_be_taken_back(stand: DuplicateStand) -> None:
    met(stand, A, B)
    with stand.sessions.begin() as session:
        item = claimed(stand, session, A)
        pair = only(session, item)
        clearing.record_statement(session, item, pair.public_id, mine=True, **by())
        clearing.settle(session, item, pair.public_id, resolution=Resolution.STATEMENT, **by())
        clearing.reopen(session, item, pair.public_id, **by())
        assert (pair.state, pair.left_statement, pair.resolution) == ("open", PAPER, None)
        with pytest.raises(DuplicateOpen):
            decide(session, item, Outcome.MS)


def test_an_ms_from_before_the_rival_came_is_not_published(stand: DuplicateStand) -> None:
    first = stand.party(A, Someone(serial=1))
    stand.compare(first)
    office = stand.world.offices["32.73"]
    with stand.sessions.begin() as session:
        decide(session, claimed(stand, session, A), Outcome.MS)
    stand.compare(stand.party(B, Someone(serial=1)))
    with stand.sessions.begin() as session:
        decide(session, claimed(stand, session, B, SECOND), Outcome.TMS, SECOND)
        with pytest.raises(RoundNotReady):
            publication.publish(
                session, session.merge(office), session.merge(stand.world.round),
                actor=SUPERVISOR, role=Role.SUPERVISOR, now=NOON,
            )  # fmt: skip


def test_each_step_is_in_the_office_s_chain_and_the_end_in_both_parties(
    stand: DuplicateStand,
) -> None:
    met(stand, A, B)
    with stand.sessions.begin() as session:
        item = claimed(stand, session, A)
        pair = only(session, item).public_id
        clearing.record_statement(session, item, pair, mine=False, **by())
        clearing.settle(session, item, pair, resolution=Resolution.STATEMENT, **by())
        chain = stand.world.offices["32.73"].chain_id
        told = session.scalars(
            select(JournalEntry.kind).where(JournalEntry.chain_id == chain)
        ).all()
        assert told == ["item.duplicate_statement", "item.duplicate_cleared"]
        ends = {
            name: session.scalars(
                select(JournalEntry.facts).where(
                    JournalEntry.chain_id == stand.parties[name].chain_id,
                    JournalEntry.kind == "duplicate.settled",
                )
            ).one()
            for name in (A, B)
        }
    assert '"kept":false' in ends[A]
    assert '"kept":true' in ends[B]
