"""Files taken back, brought again, erased, held; and a check's findings kept beside them."""

from __future__ import annotations

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from tests.builders import (
    COORDINATOR,
    build_file,
    build_party,
    build_roster,
    build_submission,
)
from tests.world import NOON, build_world
from verification import file_checks, files, journal, reference
from verification.card_scans import CardScan, scan_name, scans_for, scans_of, store_scans
from verification.db import Sessions, make_engine
from verification.errors import DossierLocked, NotAllowed, OnHold, ReasonRequired
from verification.file_checks import Found
from verification.models import (
    Finding,
    Member,
    Participation,
    ReceivedFile,
    Roster,
    Scan,
    Tombstone,
)
from verification.reference import Scope
from verification.secrets import FieldKeys
from verification.states import FileState, ListStage

KEYS = FieldKeys("k2", {"k1": b"1" * 32, "k2": b"2" * 32})
OLD = FieldKeys("k1", {"k1": b"1" * 32})
NIK = "3273015305870001"


@pytest.fixture
def party(sessions: Sessions) -> Participation:
    with sessions.begin() as session:
        return build_party(session, build_world(session))


def withdraw(session: Session, file: ReceivedFile, reason: str = "salah berkas") -> None:
    files.withdraw(session, file, actor=COORDINATOR, reason=reason, now=NOON)


def test_withdrawing_keeps_the_row_with_its_reason(
    sessions: Sessions, party: Participation
) -> None:
    with sessions.begin() as session:
        file = build_file(session, party)
        withdraw(session, file)
        withdraw(session, file)
        assert files.files_in(session, party) == []
        (kept,) = files.files_in(session, party, withdrawn=True)
        entries = journal.entries(session, party.chain)
    assert (kept.withdrawn_by, kept.withdrawn_reason) == (COORDINATOR, "salah berkas")
    assert [entry.kind for entry in entries] == ["file.withdrawn", "file.received"]
    assert entries[0].note == "salah berkas"


def test_withdrawing_needs_a_reason(sessions: Sessions, party: Participation) -> None:
    with sessions.begin() as session:
        file = build_file(session, party)
        with pytest.raises(ReasonRequired):
            withdraw(session, file, "  ")


def test_what_was_submitted_stays(sessions: Sessions, party: Participation) -> None:
    with sessions.begin() as session:
        file = build_file(session, party)
        build_submission(session, party)
        with pytest.raises(DossierLocked):
            withdraw(session, file)


def test_a_withdrawn_file_can_be_brought_again(sessions: Sessions, party: Participation) -> None:
    with sessions.begin() as session:
        file = build_file(session, party)
        withdraw(session, file)
        files.restore(session, file, actor=COORDINATOR, now=NOON)
        assert files.files_in(session, party) == [file]
        kinds = [entry.kind for entry in journal.entries(session, party.chain)]
    assert kinds[0] == "file.restored"


def test_a_list_goes_and_comes_with_the_file_it_was_read_from(
    sessions: Sessions, party: Participation
) -> None:
    with sessions.begin() as session:
        version = build_roster(session, party, 2)
        roster = session.scalars(select(Roster)).one()
        withdraw(session, version.file)
        assert roster.withdrawn_at == NOON
        files.restore(session, version.file, actor=COORDINATOR, now=NOON)
        assert roster.withdrawn_at is None


def test_erasing_leaves_a_tombstone_and_no_name(sessions: Sessions, party: Participation) -> None:
    with sessions.begin() as session:
        file = build_file(session, party, filename="KTP Contoh.pdf")
        first = files.erase(session, file, actor=COORDINATOR, reason="permintaan", now=NOON)
        again = files.erase(session, file, actor=COORDINATOR, reason="permintaan", now=NOON)
        assert first is again
        assert (file.filename, file.withdrawn_at) == ("", NOON)
        assert session.get(Tombstone, file.public_id) is not None
        with pytest.raises(NotAllowed):
            files.restore(session, file, actor=COORDINATOR, now=NOON)


def test_a_hold_stops_erasing(sessions: Sessions, party: Participation) -> None:
    def hold(on: bool) -> None:
        files.set_hold(session, file, hold=on, actor=COORDINATOR, reason="sengketa", now=NOON)

    with sessions.begin() as session:
        file = build_file(session, party)
        hold(True)
        with pytest.raises(OnHold):
            files.erase(session, file, actor=COORDINATOR, reason="permintaan", now=NOON)
        hold(False)
        files.erase(session, file, actor=COORDINATOR, reason="permintaan", now=NOON)
        kinds = [entry.kind for entry in journal.entries(session, party.chain)]
    assert kinds[:3] == ["file.erased", "file.hold_lifted", "file.hold_set"]


def test_the_rows_of_a_list_in_use_are_not_erased(sessions: Sessions, party: Participation) -> None:
    with sessions.begin() as session:
        version = build_roster(session, party, 1)
        with pytest.raises(NotAllowed):
            files.erase(session, version.file, actor=COORDINATOR, reason="-", now=NOON)
        version.stage = ListStage.FAILED.value
        session.flush()
        files.erase(session, version.file, actor=COORDINATOR, reason="-", now=NOON)


def test_files_are_found_by_slot_scope_and_state(sessions: Sessions, party: Participation) -> None:
    with sessions.begin() as session:
        one = build_file(session, party, "sk-kabupaten", "32.73")
        two = build_file(session, party, "sk-kabupaten", "73.71", state=FileState.REJECTED)
        three = build_file(session, party)
        wanted = reference.requirement_by_code(session, party.election, "sk-kabupaten")
        region = reference.region_of(session, party.election, "32.73")
        assert files.files_in(session, party) == [three, two, one]
        assert files.files_in(session, party, before=two.id) == [one]
        assert files.files_in(session, party, wanted) == [two, one]
        assert files.files_in(session, party, wanted, region) == [one]
        assert files.files_in(session, party, scope=Scope(("32",))) == [one]
        assert files.files_in(session, party, scope=Scope(())) == []
        assert files.files_in(session, party, state=FileState.REJECTED) == [two]


def check(session: Session, file: ReceivedFile, *found: Found) -> None:
    assert file_checks.begin_check(session, file.public_id, NOON) is not None
    file_checks.finish_check(session, file.public_id, found, now=NOON, detected_type="pdf", pages=3)


def test_a_file_passes_with_warnings(sessions: Sessions, party: Participation) -> None:
    with sessions.begin() as session:
        file = build_file(session, party, state=FileState.RECEIVED)
        check(session, file, Found(code="page.blank", severity="warning", params={"page": 2}))
        assert (file.state, file.pages, file.checked_at) == (FileState.PASSED, 3, NOON)
        (finding,) = file_checks.findings_of(session, file)
        entry = journal.entries(session, party.chain, limit=1)[0]
    assert (finding.code, finding.params) == ("page.blank", {"page": 2})
    assert journal.facts_of(entry) == {"file": file.public_id, "pages": 3, "findings": 1}


def test_an_error_rejects_with_code_and_params(sessions: Sessions, party: Participation) -> None:
    with sessions.begin() as session:
        file = build_file(session, party, state=FileState.CHECKING)
        check(
            session, file,
            Found(code="page.blank", severity="warning"),
            Found(code="file.empty", severity="error", params={"x": 1}),
        )  # fmt: skip
        assert (file.state, file.rejection, file.rejection_params) == (
            FileState.REJECTED, "file.empty", {"x": 1},
        )  # fmt: skip


def test_a_second_run_replaces_what_the_first_found_and_a_third_finds_it_done(
    sessions: Sessions, party: Participation
) -> None:
    with sessions.begin() as session:
        file = build_file(session, party, state=FileState.RECEIVED)
        session.add(Finding(file_id=file.id, code="page.blank", severity="warning", params={}))
        check(session, file)
        assert file_checks.findings_of(session, file) == []
        assert file_checks.begin_check(session, file.public_id, NOON) is None
        assert file_checks.finish_check(session, file.public_id, [], now=NOON) is None


def test_the_same_file_twice_in_one_slot_is_rejected(
    sessions: Sessions, party: Participation
) -> None:
    with sessions.begin() as session:
        first = build_file(session, party, content=b"sama")
        second = build_file(session, party, content=b"sama", state=FileState.RECEIVED)
        other = build_file(
            session, party, "berita-negara", content=b"sama", state=FileState.RECEIVED
        )
        assert file_checks.begin_check(session, second.public_id, NOON) is None
        assert (second.rejection, second.rejection_params) == (
            file_checks.DUPLICATE, {"file": first.public_id},
        )  # fmt: skip
        assert file_checks.begin_check(session, other.public_id, NOON) is not None


def test_the_same_file_again_after_it_was_withdrawn_is_taken(
    sessions: Sessions, party: Participation
) -> None:
    with sessions.begin() as session:
        first = build_file(session, party, content=b"sama")
        withdraw(session, first)
        second = build_file(session, party, content=b"sama", state=FileState.RECEIVED)
        assert file_checks.begin_check(session, second.public_id, NOON) is not None


def card(number: int, kind: str, nik: str | None = None, kta: str | None = None) -> CardScan:
    return CardScan(
        number=number, kind=kind, sha256="0" * 64, name=f"{kind}_{nik}.jpg", nik=nik, kta_number=kta
    )


def member_of(session: Session, party: Participation, keys: FieldKeys) -> Member:
    build_roster(session, party, 1)
    member = session.scalars(select(Member)).one()
    member.nik, member.key_id, member.kta_number = keys.encipher(NIK), keys.current_id, "P01-7"
    session.flush()
    return member


def test_scans_are_paired_by_nik_and_by_card_number(
    sessions: Sessions, party: Participation
) -> None:
    with sessions.begin() as session:
        file = build_file(session, party, "kartu-anggota", "32.73", purpose="scans")
        cards = [card(1, "ktp", nik=NIK), card(2, "kta", kta="P01-7"), card(3, "ktp", nik="1" * 16)]
        assert store_scans(session, file, cards, KEYS) == 3
        assert store_scans(session, file, cards, KEYS) == 3
        member = member_of(session, party, KEYS)
        found = scans_for(session, member)
        assert {kind: scan.number for kind, scan in found.items()} == {"ktp": 1, "kta": 2}
        assert scan_name(found["ktp"], file, KEYS) == f"ktp_{NIK}.jpg"
        stored = session.scalars(select(Scan).where(Scan.number == 1)).one()
        assert NIK.encode() not in stored.name
        withdraw(session, file)
        assert scans_for(session, member) == {}


def test_during_a_rotation_both_keys_are_asked(sessions: Sessions, party: Participation) -> None:
    with sessions.begin() as session:
        file = build_file(session, party, "kartu-anggota", "32.73", purpose="scans")
        store_scans(session, file, [card(1, "ktp", nik=NIK)], KEYS)
        member = member_of(session, party, OLD)
        assert scans_for(session, member) == {}
        assert set(scans_for(session, member, KEYS)) == {"ktp"}


def test_another_party_scans_are_never_paired(sessions: Sessions, party: Participation) -> None:
    with sessions.begin() as session:
        member = member_of(session, party, KEYS)
        world_party = build_party(session, _World(party), "Partai Contoh B")  # type: ignore[arg-type]
        file = build_file(session, world_party, "kartu-anggota", "32.73", purpose="scans")
        store_scans(session, file, [card(1, "ktp", nik=NIK)], KEYS)
        assert scans_for(session, member) == {}


class _World:
    """Enough of a world for a second party."""

    def __init__(self, party: Participation) -> None:
        self.election = party.election


def test_sqlite_finds_the_cards_of_many_members_by_their_numbers(sqlite_url: str) -> None:
    """Not among all cards of the party: an OR of both numbers would."""
    engine = make_engine(sqlite_url)
    asked: list[tuple[str, object]] = []
    with Sessions(engine).begin() as session:
        party = build_party(session, build_world(session))
        build_roster(session, party, 3)
        members = session.scalars(select(Member)).all()
        event.listen(engine, "before_cursor_execute", lambda *told: asked.append(told[2:4]))
        assert scans_of(session, members) == {member.id: {} for member in members}
        plans = [
            str(session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {words}", values).all())
            for words, values in tuple(asked)
        ]
    engine.dispose()
    for plan, number in zip(plans, ("nik", "kta_number"), strict=True):
        assert f"(participation_id=? AND {number}=?)" in plan
