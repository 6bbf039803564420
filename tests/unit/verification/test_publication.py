"""Publishing: all or nothing, nothing before, nothing undone after, and the round that follows."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.builders import (
    ADMINISTRATOR,
    SUPERVISOR,
    VERIFIER,
    build_file,
    build_party,
    build_submission,
)
from tests.unit.verification.desk import Desk, again, build_desk, decide_all, take, undo
from tests.world import HOUR, NOON
from verification import decisions, journal, publication, reports, schedule
from verification.db import Sessions
from verification.errors import AlreadyPublished, NotAllowed, RoundNotReady
from verification.models import RoundPublication
from verification.states import ItemState, Outcome, Role


def publish(sessions: Sessions, desk: Desk, role: Role = Role.SUPERVISOR) -> RoundPublication:
    with sessions.begin() as session:
        return publication.publish(
            session,
            again(session, desk.office),
            again(session, desk.world.round),
            actor=SUPERVISOR,
            role=role,
            now=NOON + HOUR,
        )


def test_refused_while_anything_is_undecided(sessions: Sessions) -> None:
    desk = build_desk(sessions, 2)
    decide_all(sessions, desk.office, [Outcome.MS])
    with pytest.raises(RoundNotReady):
        publish(sessions, desk)
    with sessions.read() as session:
        states = {again(session, item).state for item in desk.items}
    assert states == {ItemState.DECIDED, ItemState.QUEUED}


def test_refused_while_items_are_still_being_made(sessions: Sessions) -> None:
    desk = build_desk(sessions, 1)
    decide_all(sessions, desk.office, [Outcome.MS])
    with sessions.begin() as session:
        other = build_party(session, desk.world, "Partai Contoh B")
        build_file(session, other)
        build_submission(session, other, items=False)
    with pytest.raises(RoundNotReady):
        publish(sessions, desk)


def test_the_party_sees_nothing_before_and_everything_after(sessions: Sessions) -> None:
    desk = build_desk(sessions, 3)
    decide_all(sessions, desk.office, [Outcome.MS, Outcome.BMS, Outcome.TMS])
    with sessions.read() as session:
        assert reports.results_for(session, desk.party) == []
        before = reports.outcome_counts(session, desk.party, desk.world.round)
    assert before == {"items": 3, "MS": 0, "BMS": 0, "TMS": 0}
    assert publish(sessions, desk).items == 3
    with sessions.read() as session:
        results = reports.results_for(session, desk.party)
        bms = reports.results_for(session, desk.party, desk.world.round, outcome="BMS")
        rest = reports.results_for(session, desk.party, after=results[0].key, limit=1)
    assert [result.outcome for result in results] == ["MS", "BMS", "TMS"]
    assert [result.item for result in bms] == [results[1].item]
    assert [result.item for result in rest] == [results[1].item]


def test_the_party_reads_the_note_of_the_decision_that_stands(sessions: Sessions) -> None:
    desk = build_desk(sessions, 1)
    with sessions.begin() as session:
        take(session, desk.office)
    for note in ("foto kembar", "pindaian tertukar"):
        with sessions.begin() as session:
            item = again(session, desk.items[0])
            decisions.decide(
                session, item, outcome=Outcome.TMS, reason="ganda-identik", note=note,
                actor=VERIFIER, role=Role.VERIFIER, now=NOON,
            )  # fmt: skip
            if note == "foto kembar":
                undo(session, item)
    publish(sessions, desk)
    with sessions.read() as session:
        (result,) = reports.results_for(session, desk.party)
    assert result.note == "pindaian tertukar"


def test_another_party_sees_none_of_it(sessions: Sessions) -> None:
    desk = build_desk(sessions, 1)
    decide_all(sessions, desk.office, [Outcome.MS])
    publish(sessions, desk)
    with sessions.begin() as session:
        other = build_party(session, desk.world, "Partai Contoh B")
        assert reports.results_for(session, other) == []


def test_one_line_in_the_office_chain_and_one_in_each_party_chain(sessions: Sessions) -> None:
    desk = build_desk(sessions, 2)
    decide_all(sessions, desk.office, [Outcome.MS, Outcome.BMS])
    publish(sessions, desk)
    with sessions.read() as session:
        office = journal.entries(session, again(session, desk.office).chain, limit=1)[0]
        party = journal.entries(session, again(session, desk.party).chain, limit=1)[0]
    assert office.kind == "round.published"
    facts = journal.facts_of(party)
    assert (facts["ms"], facts["bms"], facts["tms"]) == (1, 1, 0)
    assert desk.party.public_id not in office.facts


def test_nothing_published_can_be_undone(sessions: Sessions) -> None:
    desk = build_desk(sessions, 1)
    decide_all(sessions, desk.office, [Outcome.MS])
    publish(sessions, desk)
    with sessions.begin() as session, pytest.raises(NotAllowed):
        undo(session, desk.items[0], SUPERVISOR, Role.SUPERVISOR)


def test_a_second_time_there_is_nothing_to_publish(sessions: Sessions) -> None:
    desk = build_desk(sessions, 1)
    decide_all(sessions, desk.office, [Outcome.MS])
    publish(sessions, desk)
    with pytest.raises(AlreadyPublished):
        publish(sessions, desk)


def test_an_office_without_items_has_nothing_to_publish(sessions: Sessions) -> None:
    desk = build_desk(sessions, 1)
    with sessions.begin() as session, pytest.raises(RoundNotReady):
        publication.publish(
            session,
            again(session, desk.world.offices["73.71"]),
            again(session, desk.world.round),
            actor=SUPERVISOR,
            role=Role.SUPERVISOR,
            now=NOON,
        )


def test_a_dossier_that_came_later_is_published_in_addition(sessions: Sessions) -> None:
    desk = build_desk(sessions, 1)
    decide_all(sessions, desk.office, [Outcome.MS])
    publish(sessions, desk)
    with sessions.begin() as session:
        other = build_party(session, desk.world, "Partai Contoh B")
        build_file(session, other, "sk-kabupaten", "32.73")
        build_submission(session, other)
    with pytest.raises(RoundNotReady):
        publish(sessions, desk)
    with sessions.begin() as session:
        decisions.decide(
            session, take(session, desk.office), outcome="MS", reason=None, note=None,
            actor=VERIFIER, role=Role.VERIFIER, now=NOON,
        )  # fmt: skip
    assert publish(sessions, desk).items == 2
    with sessions.read() as session:
        assert len(list(session.scalars(select(RoundPublication)))) == 1


@pytest.mark.parametrize("role", [Role.VERIFIER, Role.OBSERVER, Role.COORDINATOR])
def test_only_chiefs_publish(sessions: Sessions, role: Role) -> None:
    desk = build_desk(sessions, 1)
    decide_all(sessions, desk.office, [Outcome.MS])
    with pytest.raises(NotAllowed):
        publish(sessions, desk, role)


def open_next(sessions: Sessions, desk: Desk, role: Role = Role.ADMINISTRATOR) -> int:
    with sessions.begin() as session:
        opened = publication.open_next_round(
            session, again(session, desk.world.election), actor=ADMINISTRATOR, role=role, now=NOON
        )
        return opened.number


def test_the_next_round_opens_when_every_office_has_published(sessions: Sessions) -> None:
    desk = build_desk(sessions, 1)
    with pytest.raises(RoundNotReady):
        open_next(sessions, desk)
    decide_all(sessions, desk.office, [Outcome.BMS])
    with pytest.raises(RoundNotReady):
        open_next(sessions, desk)
    publish(sessions, desk)
    assert open_next(sessions, desk) == 2
    with sessions.read() as session:
        assert schedule.current_round(session, desk.world.election).number == 2
        entry = journal.entries(session, again(session, desk.party).chain, limit=1)[0]
    assert journal.facts_of(entry) == {"round": 2, "subjects": 1}
    with pytest.raises(RoundNotReady):
        open_next(sessions, desk)


def test_only_an_administrator_opens_a_round(sessions: Sessions) -> None:
    desk = build_desk(sessions, 1)
    with pytest.raises(NotAllowed):
        open_next(sessions, desk, Role.SUPERVISOR)
