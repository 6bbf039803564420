"""The task list: thresholds over the tree of regions, scopes, and one requirement by region."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from tests.builders import (
    SUPERVISOR,
    build_file,
    build_roster,
    build_submission,
    end_search,
)
from tests.unit.verification.desk import again, judge, take
from tests.world import NOON, REGENCIES, World
from verification import coverage, dossier, materialise, publication, reference
from verification.db import Sessions
from verification.dossier import Line, RowState
from verification.models import Participation
from verification.reference import Scope
from verification.states import FileState, Role
from verification.thresholds import Place, Tree, groups, members_needed

SHARE = {"kind": "share", "of": "province", "at_least": 0.75}
HALF = {"kind": "share", "of": "regency", "at_least": 0.5}
MEMBERS = {"kind": "members", "at_most": 1000, "per_population": 1000}


def tree(provinces: dict[str, int]) -> Tree:
    """Provinces with so many kabupaten, each of these with three kecamatan."""
    rows = [Place(code="ID", level="national", parent=None, population=0)]
    for province, number in provinces.items():
        rows.append(Place(code=province, level="province", parent="ID", population=0))
        for n in range(1, number + 1):
            code = f"{province}.{n:02d}"
            rows.append(Place(code=code, level="regency", parent=province, population=442_838))
            rows += [
                Place(code=f"{code}.{d:02d}", level="district", parent=code, population=0)
                for d in (1, 2, 3)
            ]
    return Tree.of(rows)


@pytest.mark.parametrize(("regencies", "needed"), [(27, 21), (28, 21), (1, 1), (4, 3), (5, 4)])
def test_three_quarters_of_each_province(regencies: int, needed: int) -> None:
    (group,) = groups(SHARE, "regency", tree({"32": regencies}), frozenset())
    assert group.needed == needed


def test_half_of_the_kecamatan_of_claimed_kabupaten_only() -> None:
    made = groups(HALF, "district", tree({"32": 3}), {"32.02"})
    assert [(group.top, group.needed) for group in made] == [("32.02", 2)]


@pytest.mark.parametrize(
    ("population", "needed"),
    [(442_838, 443), (1_000_000, 1000), (9_999_999, 1000), (1000, 1), (1001, 2), (0, 1000)],
)
def test_members_by_population(population: int, needed: int) -> None:
    assert members_needed(MEMBERS, population) == needed


def test_a_scope_inside_a_province_asks_for_each_of_its_own() -> None:
    made = groups(SHARE, "regency", tree({"32": 4}), frozenset(), Scope(("32.01", "32.02")))
    assert sum(group.needed for group in made) == 2
    assert groups(SHARE, "regency", tree({"32": 4}), frozenset(), Scope(("32",)))[0].needed == 3


def test_who_works_on_one_kabupaten_is_asked_for_its_members_and_kecamatan_at_once() -> None:
    own, province = Scope(("32.01",)), Scope(("32",))
    for threshold, level, needed in ((MEMBERS, "regency", 443), (HALF, "district", 2)):
        made = groups(threshold, level, tree({"32": 4}), frozenset(), own)
        assert [(group.top, group.needed) for group in made] == [("32.01", needed)]
        assert groups(threshold, level, tree({"32": 4}), frozenset(), province) == ()


@pytest.mark.parametrize(
    ("scope", "code", "covered"),
    [
        (("ID",), "32.73", True),
        (("32",), "32.73.01", True),
        (("32.73",), "32", False),
        (("32.7",), "32.73", False),
        ((), "32", False),
    ],
)
def test_a_scope_covers_what_lies_below(scope: tuple[str, ...], code: str, covered: bool) -> None:
    assert Scope(scope).covers(code) is covered


def line(session: Session, party: Participation, code: str, scope: Scope | None = None) -> Line:
    rows = dossier.task_list(session, party, scope).rows
    return next(row for row in rows if row.requirement.code == code)


def test_an_empty_dossier_says_what_is_missing(sessions: Sessions, party: Participation) -> None:
    with sessions.read() as session:
        listed = dossier.task_list(session, party)
        assert [group.name for group in listed.groups] == [
            "Dokumen pusat", "Kepengurusan", "Keanggotaan",
        ]  # fmt: skip
        assert {row.state for row in listed.rows} == {RowState.EMPTY}
        province = line(session, party, "sk-provinsi")
        regency = line(session, party, "sk-kabupaten")
    assert (province.needed, province.missing) == (2, 2)
    # Three of the four kabupaten of 32, the one of 73.
    assert (regency.needed, regency.missing) == (4, 4)
    assert next(row for row in listed.rows if row.requirement.code == "kartu-anggota").optional


def test_too_many_in_one_province_do_not_help_another(
    sessions: Sessions, party: Participation
) -> None:
    with sessions.begin() as session:
        for code in ("32.01", "32.73", "32.78", "32.79"):
            build_file(session, party, "sk-kabupaten", code)
        row = line(session, party, "sk-kabupaten")
    assert (row.present, row.needed, row.missing, row.state) == (4, 4, 1, RowState.INCOMPLETE)


def test_states_of_a_line(sessions: Sessions, party: Participation) -> None:
    with sessions.begin() as session:
        file = build_file(session, party, state=FileState.REJECTED)
        assert line(session, party, "ad-art").state is RowState.REJECTED
        build_file(session, party, state=FileState.RECEIVED)
        assert line(session, party, "ad-art").state is RowState.CHECKING
        file.state = FileState.PASSED.value
        session.flush()
        assert line(session, party, "ad-art").state is RowState.COMPLETE


def test_members_are_counted_by_kabupaten(sessions: Sessions, party: Participation) -> None:
    with sessions.begin() as session:
        build_file(session, party, "sk-kabupaten", "32.79")
        build_roster(session, party, 3, region="32.79")
        row = line(session, party, "anggota")
    # Kota Contoh Empat has 3,500 inhabitants.
    assert (row.unit, row.needed, row.present, row.missing) == ("members", 4, 3, 1)


def test_an_operator_sees_his_region(sessions: Sessions, party: Participation) -> None:
    with sessions.begin() as session:
        build_file(session, party, "sk-kabupaten", "32.01")
        row = line(session, party, "sk-kabupaten", Scope(("32.73",)))
    assert (row.needed, row.present, row.missing) == (1, 0, 1)


def test_progress_in_one_sentence(sessions: Sessions, party: Participation) -> None:
    with sessions.begin() as session:
        build_file(session, party, "sk-provinsi", "32")
        build_file(session, party, "sk-kabupaten", "32.73")
        build_roster(session, party, 7)
        found = dossier.progress(session, party)
    assert (found.provinces, found.provinces_total) == (1, 2)
    assert (found.regencies, found.regencies_total) == (1, len(REGENCIES))
    assert (found.members, found.open_requirements) == (7, 6)


def slots(
    session: Session, party: Participation, code: str, **more: object
) -> list[coverage.SlotLine]:
    requirement = reference.requirement_by_code(session, party.election, code)
    return coverage.coverage(session, party, requirement, **more)  # type: ignore[arg-type]


def test_regions_of_a_requirement_page_in_order(sessions: Sessions, party: Participation) -> None:
    with sessions.begin() as session:
        file = build_file(session, party, "sk-kabupaten", "32.73")
        first = slots(session, party, "sk-kabupaten", limit=2)
        rest = slots(session, party, "sk-kabupaten", after=first[-1].region.code)
        missing = slots(session, party, "sk-kabupaten", only_missing=True)
        own = slots(session, party, "sk-kabupaten", scope=Scope(("73",)))
    assert [row.region.code for row in first + rest] == sorted(REGENCIES)
    assert (first[1].state, first[1].file) == (FileState.PASSED, file.public_id)
    assert "32.73" not in [row.region.code for row in missing]
    assert [row.region.code for row in own] == ["73.71"]


def test_a_slot_through_its_whole_life(
    sessions: Sessions, world: World, party: Participation
) -> None:
    def state() -> tuple[str, int]:
        with sessions.read() as session:
            (row,) = slots(session, party, "ad-art")
            return row.state, row.position

    seen = [state()]
    with sessions.begin() as session:
        build_file(session, party, state=FileState.RECEIVED)
        submission = build_submission(session, party, items=False)
    seen.append(state())
    with sessions.begin() as session:
        while not materialise.make_items(session, submission, 500, NOON):
            pass
        end_search(session, submission)
    seen.append(state())
    with sessions.begin() as session:
        item = take(session, world.offices["ID"])
    seen.append(state())
    with sessions.begin() as session:
        judge(session, item)
    seen.append(state())
    with sessions.begin() as session:
        publication.publish(
            session, again(session, world.offices["ID"]), world.round,
            actor=SUPERVISOR, role=Role.SUPERVISOR, now=NOON,
        )  # fmt: skip
    seen.append(state())
    assert seen == [
        ("none", 0), ("locked", 0), ("queued", 1), ("claimed", 0), ("claimed", 0), ("MS", 0),
    ]  # fmt: skip
