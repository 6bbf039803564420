"""Published results counted by requirement and list: the newest of each subject, within a scope."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.database import migrate, unmigrate
from tests.builders import (
    ADMINISTRATOR,
    SUPERVISOR,
    build_file,
    build_party,
    build_roster,
    build_submission,
)
from tests.unit.verification.desk import judge, take
from tests.world import NOON, World, build_world
from verification import outcomes, publication, reference
from verification.db import Sessions
from verification.models import Participation, ResultTally, Roster
from verification.reference import Scope
from verification.schedule import current_round
from verification.states import Outcome, Role

BEFORE_TALLIES = "0011"
MEMBERS = ["a" * 32, "b" * 32, "c" * 32, "d" * 32]
ELSEWHERE = ["e" * 32, "f" * 32]
JUDGED = {
    "ID": ["BMS", "MS"],
    "32.73": ["MS", "BMS", "TMS", "BMS"],
    "73.71": ["BMS", "MS"],
}


@pytest.fixture
def world(sessions: Sessions) -> World:
    """Two documents and two lists, of which everything is decided and nothing published."""
    with sessions.begin() as session:
        world = build_world(session)
        party = build_party(session, world)
        build_file(session, party, "ad-art")
        build_file(session, party, "berita-negara")
        build_roster(session, party, MEMBERS)
        build_roster(session, party, ELSEWHERE, region="73.71")
        build_submission(session, party)
        build_party(session, world, "Partai Contoh B")
    decide(sessions, world, JUDGED)
    return world


def decide(sessions: Sessions, world: World, judged: dict[str, list[str]]) -> None:
    with sessions.begin() as session:
        for office, wanted in judged.items():
            for outcome in wanted:
                item = take(session, world.offices[office])
                document = item.member_id is None and outcome == Outcome.BMS
                judge(session, item, outcome, reason="tidak-terbaca" if document else None)


def publish(sessions: Sessions, *offices: str) -> None:
    with sessions.begin() as session:
        round_ = current_round(session, party_of(session).election)
        for code in offices:
            publication.publish(
                session, reference.office_by_code(session, code), round_,
                actor=SUPERVISOR, role=Role.SUPERVISOR, now=NOON,
            )  # fmt: skip


def party_of(session: Session) -> Participation:
    return session.scalars(select(Participation).order_by(Participation.id)).all()[0]


def counted(sessions: Sessions, *scope: str) -> dict[str, dict[str, int]]:
    with sessions.read() as session:
        found = outcomes.by_requirement(session, party_of(session), Scope(scope) if scope else None)
        return {code: dict(each) for code, each in found.items()}


def lists_of(session: Session) -> list[int]:
    return list(session.scalars(select(Roster.id).order_by(Roster.id)))


def failed(sessions: Sessions) -> list[dict[str, int]]:
    with sessions.read() as session:
        lists = lists_of(session)
        found = outcomes.failed_by_list(session, party_of(session), lists)
        return [dict(found.get(key, {})) for key in lists]


def test_a_list_counts_its_own(sessions: Sessions, world: World) -> None:
    publish(sessions, *JUDGED)
    with sessions.read() as session:
        first, second = lists_of(session)
        found = outcomes.failed_by_list(session, party_of(session), [second])
        assert found == {second: {"BMS": 1}}
        assert outcomes.failed_by_list(session, party_of(session), [first])[first]["TMS"] == 1


def test_what_is_decided_and_not_published_is_in_no_number(
    sessions: Sessions, world: World
) -> None:
    assert counted(sessions) == {}
    assert failed(sessions) == [{}, {}]
    publish(sessions, "32.73")
    assert counted(sessions) == {"anggota": {"MS": 1, "BMS": 2, "TMS": 1}}
    assert failed(sessions) == [{"BMS": 2, "TMS": 1}, {}]


def test_a_scope_counts_its_own(sessions: Sessions, world: World) -> None:
    publish(sessions, *JUDGED)
    assert counted(sessions) == {
        "ad-art": {"BMS": 1}, "berita-negara": {"MS": 1},
        "anggota": {"MS": 2, "BMS": 3, "TMS": 1},
    }  # fmt: skip
    assert counted(sessions, "73") == {"anggota": {"MS": 1, "BMS": 1}}
    assert counted(sessions, "32.73", "73.71") == {"anggota": {"MS": 2, "BMS": 3, "TMS": 1}}
    assert counted(sessions, "32.78") == {}


def test_another_party_has_none(sessions: Sessions, world: World) -> None:
    publish(sessions, *JUDGED)
    with sessions.read() as session:
        other = session.scalars(select(Participation).order_by(Participation.id)).all()[1]
        assert outcomes.by_requirement(session, other) == {}
        assert outcomes.by_requirement(session, other, Scope(("32.73",))) == {}
        assert outcomes.failed_by_list(session, other, lists_of(session)) == {}


def repaired(sessions: Sessions, world: World) -> None:
    """A second round in which everything at BMS was judged again, and nothing of it published."""
    with sessions.begin() as session:
        publication.open_next_round(
            session, world.election, actor=ADMINISTRATOR, role=Role.ADMINISTRATOR, now=NOON
        )
        build_file(session, party_of(session), "ad-art")
        build_submission(session, party_of(session))
    decide(sessions, world, {"ID": ["MS"], "32.73": ["MS", "TMS"], "73.71": ["TMS"]})


def test_the_newest_result_of_a_subject_counts(sessions: Sessions, world: World) -> None:
    publish(sessions, *JUDGED)
    repaired(sessions, world)
    # Sent again and decided, and still what was published last.
    assert counted(sessions)["anggota"] == {"MS": 2, "BMS": 3, "TMS": 1}
    publish(sessions, "ID", "32.73")
    assert counted(sessions) == {
        "ad-art": {"MS": 1}, "berita-negara": {"MS": 1},
        "anggota": {"MS": 3, "BMS": 1, "TMS": 2},
    }  # fmt: skip
    assert counted(sessions, "32") == {"anggota": {"MS": 2, "TMS": 2}}
    assert counted(sessions, "73") == {"anggota": {"MS": 1, "BMS": 1}}
    assert failed(sessions) == [{"TMS": 2}, {"BMS": 1}]


def kept(sessions: Sessions) -> list[tuple[object, ...]]:
    with sessions.read() as session:
        columns = ResultTally.__table__.columns
        return [tuple(row) for row in session.execute(select(*columns).order_by(*columns))]


def test_published_results_from_before_are_counted_when_the_tables_come(
    sessions: Sessions, world: World
) -> None:
    publish(sessions, *JUDGED)
    repaired(sessions, world)
    publish(sessions, "ID", "32.73")
    before = kept(sessions)
    assert len(before) > len(JUDGED)
    unmigrate(sessions.engine, BEFORE_TALLIES)
    migrate(sessions.engine)
    assert kept(sessions) == before
