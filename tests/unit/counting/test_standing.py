"""How far a party is, region by region, before and after the offices publish."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.builders import (
    SUPERVISOR,
    VERIFIER,
    build_file,
    build_party,
    build_roster,
    build_submission,
    items_of,
)
from tests.world import NOON, World, build_world
from verification import decisions, publication, queue
from verification.counting.standing import Standing, standing_of
from verification.counting.tallies import repeats_of
from verification.db import Sessions
from verification.models import Item, Member, Participation
from verification.reference import Scope
from verification.rosters.rules.listwide import NIK_REPEATED, PERSON_REPEATED
from verification.states import Outcome, Role


@pytest.fixture
def ground(sessions: Sessions) -> tuple[Sessions, World, Participation]:
    with sessions.begin() as session:
        world = build_world(session)
        return sessions, world, build_party(session, world)


def test_an_empty_party_is_short_everywhere(
    ground: tuple[Sessions, World, Participation],
) -> None:
    sessions, _world, party = ground
    with sessions.read() as session:
        found = standing_of(session, session.merge(party, load=False))
    assert [row.code for row in found.provinces] == ["32", "73"]
    assert {row.state for row in found.regencies} == {Standing.EMPTY}
    west = found.provinces[0]
    # Four kabupaten/kota, three quarters of them; one of 3,500 people needs four members.
    assert (west.needed, west.complete, west.short) == (3, 0, 3)
    assert {row.code: row.needed for row in west.regencies} == {
        "32.01": 1000, "32.73": 1000, "32.78": 740, "32.79": 4,
    }  # fmt: skip
    assert {row.code: row.districts_needed for row in west.regencies} == dict.fromkeys(
        ("32.01", "32.73", "32.78", "32.79"), 2
    )
    assert found.provinces[1].regencies[0].needed == 443


def test_a_regency_is_complete_with_members_and_boards(
    ground: tuple[Sessions, World, Participation],
) -> None:
    sessions, _world, party = ground
    with sessions.begin() as session:
        build_roster(session, party, 4, region="32.79")
        build_file(session, party, "sk-provinsi", "32")
        build_file(session, party, "sk-kabupaten", "32.79")
        build_file(session, party, "sk-kecamatan", "32.79.01")
    states = []
    for more in (False, True):
        with sessions.begin() as session:
            if more:
                build_file(session, party, "sk-kecamatan", "32.79.02")
        with sessions.read() as session:
            found = standing_of(session, session.merge(party, load=False))
            row = next(each for each in found.regencies if each.code == "32.79")
            states.append((row.counted, row.short, row.districts_short, row.state))
    assert states == [(4, 0, 1, Standing.SHORT), (4, 0, 0, Standing.COMPLETE)]
    assert (found.provinces[0].complete, found.provinces[0].short) == (1, 2)
    assert found.complete == 0


def test_who_works_on_one_regency_is_to_complete_that(
    ground: tuple[Sessions, World, Participation],
) -> None:
    sessions, _world, party = ground
    with sessions.read() as session:
        found = standing_of(session, session.merge(party, load=False), Scope(("32.79",)))
    assert [(row.code, row.needed) for row in found.provinces] == [("32", 1)]
    assert [row.code for row in found.regencies] == ["32.79"]


def test_a_person_in_two_rows_counts_once(
    ground: tuple[Sessions, World, Participation],
) -> None:
    sessions, _world, party = ground
    with sessions.begin() as session:
        version = build_roster(session, party, ["a" * 32, "b" * 32, "a" * 32], region="32.79")
        for row in session.scalars(select(Member).where(Member.subject_key == "a" * 32)):
            row.warnings = NIK_REPEATED.flag | PERSON_REPEATED.flag
    with sessions.read() as session:
        found = standing_of(session, session.merge(party, load=False))
        kinds = repeats_of(session, version.id)
    assert next(row.listed for row in found.regencies if row.code == "32.79") == 2
    assert kinds == {"identical": 2, "other_name": 0, "similar": 2}


def test_what_is_published_counts_instead(
    ground: tuple[Sessions, World, Participation],
) -> None:
    sessions, world, party = ground
    office = world.offices["32.79"]
    with sessions.begin() as session:
        build_roster(session, party, 4, region="32.79")
        build_submission(session, party)
        items = items_of(session, office)
    for item, outcome in zip(items, ["MS", "MS", "MS", "TMS"], strict=True):
        with sessions.begin() as session:
            _decide(session, item, Outcome(outcome))
    counted = []
    for publish in (False, True):
        with sessions.begin() as session:
            if publish:
                publication.publish(
                    session, session.merge(office), session.merge(world.round),
                    actor=SUPERVISOR, role=Role.SUPERVISOR, now=NOON,
                )  # fmt: skip
        with sessions.read() as session:
            found = standing_of(session, session.merge(party, load=False))
            row = next(each for each in found.regencies if each.code == "32.79")
            counted.append((row.judged, row.counted, row.short))
    assert counted == [(False, 4, 0), (True, 3, 1)]


def _decide(session: Session, item: Item, outcome: Outcome) -> None:
    held = queue.claim_item(
        session, session.get_one(Item, item.id), VERIFIER, Role.VERIFIER, NOON, 900
    )
    decisions.decide(
        session, held, outcome=outcome,
        reason="ganda-identik" if outcome is Outcome.TMS else None, note=None,
        actor=VERIFIER, role=Role.VERIFIER, now=NOON,
    )  # fmt: skip
