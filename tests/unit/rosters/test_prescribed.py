"""Rules as data: each list is judged by those that hold when it is read, and keeps their number."""

from __future__ import annotations

from datetime import date

import pytest

from tests.builders import ADMINISTRATOR
from tests.rosters import VALID_ROW, people
from tests.unit.rosters.stand import Stand
from tests.world import NOON
from verification.errors import NotAllowed, RulesNotSound
from verification.models import Participation
from verification.rosters.prescribed import Prescribed, prescribe, prescribed
from verification.rosters.rules import EIGHT_FIELDS, FOUR_FIELDS, RuleSet, faults_in, judge
from verification.rosters.versions import judge_by
from verification.rosters.work import named_in_words, rules_of
from verification.states import Role


def change(stand: Stand, **changes: object) -> Prescribed:
    given = {
        "preset": FOUR_FIELDS.name, "cut_off": date(2030, 1, 1), "minimum_age": 18,
        "barred_occupations": ["wiraswasta"], "no_longer_in_office": [],
        "legal_basis": "Keputusan KPU 309/2022", "role": Role.ADMINISTRATOR,
    } | changes  # fmt: skip
    with stand.sessions.begin() as session:
        election = session.get_one(Participation, stand.participation_id).election
        return prescribe(session, election, actor=ADMINISTRATOR, now=NOON, **given)  # type: ignore[arg-type]


def test_before_anything_is_prescribed_the_usual_rules_hold(stand: Stand) -> None:
    with stand.sessions.read() as session:
        election = session.get_one(Participation, stand.participation_id).election
        held = prescribed(session, election)
    assert (held.version, held.preset, held.cut_off) == (0, EIGHT_FIELDS, election.cut_off)


def test_a_list_is_judged_by_the_newest_and_words_name_its_own(stand: Stand) -> None:
    source = stand.write("a", people(1))
    first = stand.send(source)
    with stand.sessions.begin() as session:
        judge_by(session, first)
    change(stand)
    second = stand.send(stand.write("b", people(2)))
    with stand.sessions.begin() as session:
        judge_by(session, second)
    with stand.sessions.read() as session:
        before, after = rules_of(session, first), rules_of(session, second)
        assert named_in_words(session, first)["minimum_age"] == "17"
        assert named_in_words(session, second)["cutoff"] == "01-01-2030"
    assert (before.required, after.required) == (EIGHT_FIELDS.fields, FOUR_FIELDS.fields)
    row = VALID_ROW | {"address": "", "birth_date": "2012-01-15", "marital_status": "BELUM KAWIN"}
    assert codes(before, row) == {"address.missing", "nik.birth_differs"}
    assert codes(after, row) == {"occupation.barred", "age.under", "nik.birth_differs"}


def codes(rules: RuleSet, row: dict[str, str]) -> set[str]:
    return {fault.code for fault in faults_in(judge(row, rules))}


@pytest.mark.parametrize(
    "changes",
    [
        {"preset": "five-field"},
        {"minimum_age": 0},
        {"cut_off": date(1900, 1, 1)},
        {"legal_basis": "  "},
        {"legal_basis": "x" * 201},
        {"barred_occupations": ["X" * 81]},
    ],
)
def test_what_cannot_be_is_refused(stand: Stand, changes: dict[str, object]) -> None:
    with pytest.raises(RulesNotSound):
        change(stand, **changes)
    with pytest.raises(NotAllowed):
        change(stand, role=Role.SUPERVISOR)


def test_the_same_file_under_other_rules_is_read_again(stand: Stand) -> None:
    source = stand.write("a", people(2))
    assert not stand.load(source).unchanged
    assert stand.load(source).unchanged
    change(stand)
    assert not stand.load(source).unchanged
