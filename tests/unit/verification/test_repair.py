"""The second round: only what was published as BMS is open, sent again and judged again."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.builders import (
    ADMINISTRATOR,
    COORDINATOR,
    SUPERVISOR,
    build_file,
    build_party,
    build_roster,
    build_submission,
)
from tests.unit.verification.desk import check_may_come, judge, take
from tests.world import NOON, World, build_world
from verification import decisions, dossier, files, publication, reference, reports
from verification import submission as submissions
from verification.db import Sessions
from verification.entries import Why
from verification.errors import DossierLocked, NothingToClaim, NothingToSubmit
from verification.models import Item, Participation, Roster, Round
from verification.slots import check_open
from verification.states import Outcome, Role

MEMBERS = ["a" * 32, "b" * 32, "c" * 32, "d" * 32]
BAD = {"ad-art": "BMS", "berita-negara": "MS"}


@pytest.fixture
def world(sessions: Sessions) -> World:
    """Round 1 over: ad-art BMS, berita-negara MS, of four members MS, BMS, TMS, BMS; round 2 open."""
    with sessions.begin() as session:
        world = build_world(session)
        party = build_party(session, world)
        build_file(session, party, "ad-art")
        build_file(session, party, "berita-negara")
        build_roster(session, party, MEMBERS)
        build_submission(session, party)
    with sessions.begin() as session:
        for _ in range(2):
            item = take(session, world.offices["ID"])
            code = item.subject.requirement.code
            reason = "tidak-terbaca" if BAD[code] == "BMS" else None
            judge(session, item, BAD[code], reason=reason)
        for outcome in (Outcome.MS, Outcome.BMS, Outcome.TMS, Outcome.BMS):
            judge(session, take(session, world.offices["32.73"]), outcome)
    with sessions.begin() as session:
        for code in ("ID", "32.73"):
            publication.publish(
                session, reference.office_by_code(session, code), world.round,
                actor=SUPERVISOR, role=Role.SUPERVISOR, now=NOON,
            )  # fmt: skip
        publication.open_next_round(
            session, world.election, actor=ADMINISTRATOR, role=Role.ADMINISTRATOR, now=NOON
        )
    return world


def party_of(session: Session) -> Participation:
    return session.scalars(select(Participation)).one()


def test_only_failed_slots_are_open(sessions: Sessions, world: World) -> None:
    with sessions.read() as session:
        check_may_come(session, party_of(session), "ad-art", "ID", "document")
        check_may_come(session, party_of(session), "anggota", "32.73", "roster")
        check_may_come(session, party_of(session), "kartu-anggota", "32.73", "scans")
        check_may_come(session, party_of(session), "anggota", "ID", "roster")


@pytest.mark.parametrize(
    ("code", "region", "purpose"),
    [
        ("berita-negara", "ID", "document"),
        ("sk-provinsi", "32", "document"),
        ("anggota", "32.78", "roster"),
        ("kartu-anggota", "73.71", "scans"),
    ],
)
def test_all_else_is_locked(
    sessions: Sessions, world: World, code: str, region: str, purpose: str
) -> None:
    with sessions.read() as session, pytest.raises(DossierLocked):
        check_may_come(session, party_of(session), code, region, purpose)


def test_what_was_accepted_cannot_be_withdrawn(sessions: Sessions, world: World) -> None:
    with sessions.begin() as session:
        (accepted,) = files.files_in(
            session,
            party_of(session),
            reference.requirement_by_code(session, world.election, "berita-negara"),
        )
        with pytest.raises(DossierLocked):
            files.withdraw(session, accepted, actor=COORDINATOR, reason="-", now=NOON)


def test_the_repaired_document_is_sent_without_the_old_one(
    sessions: Sessions, world: World
) -> None:
    with sessions.begin() as session:
        party = party_of(session)
        renewed = build_file(session, party, "ad-art")
        draft = submissions.draft(session, party, NOON)
    sent = [entry.public_id for entry in draft.entries if entry.requirement == "ad-art"]
    assert sent == [renewed.public_id]


def test_a_file_outside_the_open_slots_is_named_and_left(sessions: Sessions, world: World) -> None:
    with sessions.begin() as session:
        party = party_of(session)
        late = build_file(session, party, "sk-provinsi", "32")
        draft = submissions.draft(session, party, NOON)
    assert [(left.public_id, left.why) for left in draft.not_included] == [
        (late.public_id, Why.NOT_OPEN)
    ]


def submit_repair(sessions: Sessions) -> None:
    with sessions.begin() as session:
        party = party_of(session)
        build_file(session, party, "ad-art")
        roster = session.scalars(select(Roster)).one()
        # Corrected and one new person: the new one is not what this round opens.
        build_roster(session, party, [*MEMBERS, "e" * 32], roster=roster)
        build_submission(session, party)


def test_only_failed_subjects_are_judged_again(sessions: Sessions, world: World) -> None:
    submit_repair(sessions)
    with sessions.read() as session:
        second = session.scalars(select(Round).where(Round.number == 2)).one()
        items = list(session.scalars(select(Item).where(Item.round_id == second.id)))
        keys = sorted(item.subject.key for item in items)
    assert keys == sorted(["ad-art:ID", "b" * 32, "d" * 32])


def test_history_reaches_through_the_rounds_and_results_show_both(
    sessions: Sessions, world: World
) -> None:
    submit_repair(sessions)
    with sessions.begin() as session:
        item = take(session, world.offices["ID"])
        judge(session, item, "MS")
    with sessions.begin() as session:
        office = reference.office_by_code(session, "ID")
        second = session.scalars(select(Round).where(Round.number == 2)).one()
        publication.publish(
            session, office, second, actor=SUPERVISOR, role=Role.SUPERVISOR, now=NOON
        )
    with sessions.read() as session:
        past = decisions.history(session, session.get_one(Item, item.id).subject)
        results = [
            result
            for result in reports.results_for(session, party_of(session))
            if result.requirement == "ad-art"
        ]
    assert [(each.round, each.outcome) for each in past] == [(1, "BMS"), (2, "MS")]
    assert [(each.round, each.outcome) for each in results] == [(1, "BMS"), (2, "MS")]


def test_the_dossier_is_open_again_until_it_is_submitted(sessions: Sessions, world: World) -> None:
    with sessions.read() as session:
        assert not dossier.task_list(session, party_of(session)).locked
    submit_repair(sessions)
    with sessions.read() as session:
        party = party_of(session)
        assert dossier.task_list(session, party).locked
        requirement = reference.requirement_by_code(session, party.election, "ad-art")
        nation = reference.region_of(session, party.election, "ID")
        with pytest.raises(DossierLocked):
            check_open(session, party, requirement, nation)


def test_who_never_submitted_has_nothing_to_repair(sessions: Sessions, world: World) -> None:
    with sessions.begin() as session:
        other = build_party(session, world, "Partai Contoh B")
        build_file(session, other, "ad-art")
        assert submissions.draft(session, other, NOON).entries == ()
        with pytest.raises(NothingToSubmit):
            build_submission(session, other)


def test_round_two_is_judged_without_bms(sessions: Sessions, world: World) -> None:
    submit_repair(sessions)
    with sessions.begin() as session:
        item = take(session, world.offices["32.73"])
        assert [code.outcome for code in decisions.reasons_for(session, item)] == ["TMS"]
    with sessions.begin() as session, pytest.raises(NothingToClaim):
        take(session, world.offices["32.78"])
