"""Decisions: what a round allows, reasons, undo, and the record of it all."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.builders import (
    LEASE,
    OTHER_REASON,
    SECOND,
    SUPERVISOR,
    VERIFIER,
    add_other_reason,
)
from tests.unit.verification.desk import again, build_desk, judge, take, undo
from tests.world import NOON
from verification import decisions, journal, queue
from verification.db import Sessions
from verification.errors import (
    LeaseLost,
    NotAllowed,
    OutcomeNotAllowed,
    ReasonRequired,
    Stale,
)
from verification.models import Decision, Round
from verification.states import ItemState, Outcome, Role


@pytest.mark.parametrize("outcome", list(Outcome))
def test_the_holder_decides(sessions: Sessions, outcome: Outcome) -> None:
    desk = build_desk(sessions, 1)
    with sessions.begin() as session:
        judge(session, take(session, desk.office), outcome)
    with sessions.read() as session:
        item = again(session, desk.items[0])
    assert (item.state, item.outcome, item.decided_by) == (ItemState.DECIDED, outcome, VERIFIER)
    assert (item.holder, item.lease_until) == (None, None)


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        ("BMS", None),
        ("BMS", "ganda-identik"),
        ("TMS", "tidak-berlaku"),
        ("TMS", "tidak-ada"),
        ("MS", "ktp-tidak-terbaca"),
    ],
)
def test_a_reason_must_fit_outcome_and_subject(
    sessions: Sessions, outcome: str, reason: str | None
) -> None:
    desk = build_desk(sessions, 1)
    with sessions.begin() as session:
        item = take(session, desk.office)
        with pytest.raises(ReasonRequired):
            decisions.decide(
                session, item, outcome=outcome, reason=reason, note=None,
                actor=VERIFIER, role=Role.VERIFIER, now=NOON,
            )  # fmt: skip


@pytest.mark.parametrize("note", [None, "", "  "])
def test_a_reason_that_points_at_the_note_needs_one(sessions: Sessions, note: str | None) -> None:
    desk = build_desk(sessions, 1)
    with sessions.begin() as session:
        add_other_reason(session, desk.world)
        item = take(session, desk.office)
        with pytest.raises(ReasonRequired):
            decisions.decide(
                session, item, outcome="TMS", reason=OTHER_REASON, note=note,
                actor=VERIFIER, role=Role.VERIFIER, now=NOON,
            )  # fmt: skip
        assert item.state == ItemState.CLAIMED


@pytest.mark.parametrize("outcome", ["BMS", "XYZ", ""])
def test_a_round_allows_only_its_outcomes(sessions: Sessions, outcome: str) -> None:
    desk = build_desk(sessions, 1)
    with sessions.begin() as session:
        again(session, desk.world.round).allowed_outcomes = ["MS", "TMS"]
    with sessions.begin() as session:
        take(session, desk.office)
        with pytest.raises(OutcomeNotAllowed):
            judge(session, desk.items[0], outcome, reason="ktp-tidak-terbaca")


def test_somebody_else_cannot_decide_what_is_held(sessions: Sessions) -> None:
    desk = build_desk(sessions, 1)
    with sessions.begin() as session:
        take(session, desk.office)
    with sessions.begin() as session, pytest.raises(LeaseLost):
        judge(session, desk.items[0], actor=SECOND)


def test_a_second_decision_by_an_old_page_is_refused(sessions: Sessions) -> None:
    desk = build_desk(sessions, 1)
    with sessions.begin() as session:
        version = take(session, desk.office).version
    with sessions.begin() as session:
        judge(session, desk.items[0], version=version)
    with sessions.begin() as session, pytest.raises(NotAllowed):
        judge(session, desk.items[0], version=version)


def test_a_version_that_is_not_the_current_one_is_refused(sessions: Sessions) -> None:
    desk = build_desk(sessions, 1)
    with sessions.begin() as session:
        version = take(session, desk.office).version
    with sessions.begin() as session, pytest.raises(Stale):
        judge(session, desk.items[0], version=version - 1)


def test_undo_gives_the_item_back_to_the_decider(sessions: Sessions) -> None:
    desk = build_desk(sessions, 1)
    with sessions.begin() as session:
        judge(session, take(session, desk.office), Outcome.TMS)
    with sessions.begin() as session:
        item = again(session, desk.items[0])
        decisions.undo(session, item, actor=VERIFIER, role=Role.VERIFIER, now=NOON, seconds=LEASE)
        assert (item.state, item.holder, item.outcome) == (ItemState.CLAIMED, VERIFIER, None)
    with sessions.begin() as session:
        judge(session, desk.items[0], Outcome.MS)
    with sessions.read() as session:
        rows = list(session.scalars(select(Decision).order_by(Decision.id)))
    assert [row.outcome for row in rows] == ["TMS", None, "MS"]
    assert [row.supersedes_id for row in rows] == [None, rows[0].id, rows[1].id]


def test_a_verifier_undoes_his_own_only_a_supervisor_any(sessions: Sessions) -> None:
    desk = build_desk(sessions, 1)
    with sessions.begin() as session:
        judge(session, take(session, desk.office))
    with sessions.begin() as session, pytest.raises(NotAllowed):
        undo(session, desk.items[0], SECOND)
    with sessions.begin() as session:
        item = again(session, desk.items[0])
        decisions.undo(
            session, item, actor=SUPERVISOR, role=Role.SUPERVISOR, now=NOON, seconds=LEASE
        )
        assert item.holder == SUPERVISOR


def test_history_tells_what_stands(sessions: Sessions) -> None:
    desk = build_desk(sessions, 1)
    with sessions.begin() as session:
        judge(session, take(session, desk.office), Outcome.BMS)
    with sessions.begin() as session:
        item = again(session, desk.items[0])
        decisions.undo(session, item, actor=VERIFIER, role=Role.VERIFIER, now=NOON, seconds=LEASE)
        judge(session, item, Outcome.MS)
    with sessions.read() as session:
        past = decisions.history(session, again(session, desk.items[0]).subject)
    assert [(each.outcome, each.stands) for each in past] == [
        ("BMS", False), (None, False), ("MS", True),
    ]  # fmt: skip
    assert not any(each.published for each in past)


def test_what_was_decided_lately_can_be_listed_for_undo(sessions: Sessions) -> None:
    desk = build_desk(sessions, 3)
    for _ in range(3):
        with sessions.begin() as session:
            judge(session, take(session, desk.office))
    with sessions.read() as session:
        lately = decisions.decided_lately(session, VERIFIER, limit=2)
    assert [item.id for item in lately] == [desk.items[2].id, desk.items[1].id]


def test_a_decision_is_journalled_in_the_office_chain_alone(sessions: Sessions) -> None:
    desk = build_desk(sessions, 1)
    with sessions.begin() as session:
        judge(session, take(session, desk.office), Outcome.BMS)
    with sessions.read() as session:
        (entry,) = journal.entries(session, again(session, desk.office).chain)
        party = journal.entries(session, again(session, desk.party).chain)
    assert journal.facts_of(entry)["outcome"] == "BMS"
    assert desk.items[0].public_id not in "".join(each.facts for each in party)


def test_reasons_offered_fit_the_round(sessions: Sessions) -> None:
    desk = build_desk(sessions, 1)
    with sessions.begin() as session:
        session.get_one(Round, desk.world.round.id).allowed_outcomes = ["MS", "TMS"]
    with sessions.read() as session:
        offered = decisions.reasons_for(session, again(session, desk.items[0]))
    assert [code.code for code in offered] == ["ganda-identik"]


def test_an_item_in_the_queue_cannot_be_decided(sessions: Sessions) -> None:
    desk = build_desk(sessions, 1)
    with sessions.begin() as session, pytest.raises(NotAllowed):
        judge(session, desk.items[0])
    with sessions.read() as session:
        assert queue.position(session, again(session, desk.items[0])) == 1
