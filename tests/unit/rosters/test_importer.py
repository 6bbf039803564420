"""Lists into the database: never half, never twice, every row accounted for."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sqlalchemy import select, text

from tests.rosters import people
from tests.unit.rosters.stand import KEYS, Stand
from tests.world import NOON
from verification.models import JournalEntry, ReceivedFile
from verification.rosters import importer, storing
from verification.rosters.digest import digest_of
from verification.rosters.finishing import RowsLost
from verification.rosters.rejections import open_cells
from verification.rosters.rules import faults_in
from verification.rosters.versions import open_version
from verification.sandbox.outcome import Malformed
from verification.secrets import FieldKeys
from verification.states import FileState, ListStage


class Killed(BaseException):
    """Stands for kill -9: nothing may catch it."""


def test_rows_are_stored_and_accounted_for(stand: Stand) -> None:
    rows = people(7)
    rows[3]["sex"] = "X"
    done = stand.load(stand.write("a", rows))
    assert (done.sent, done.stored, done.rejected) == (7, 6, 1)
    assert (done.added, done.removed, done.changed) == (6, 0, 0)
    assert done.current
    assert stand.current() == done.version_id
    assert [m.line for m in stand.members(done.version_id)] == [2, 3, 4, 6, 7, 8]
    member = stand.members(done.version_id)[0]
    assert KEYS.decipher(member.nik, member.key_id) == rows[0]["nik"]
    assert (member.regency_code, member.birth_date.isoformat()) == ("32.73", "1987-05-13")


def test_cells_that_a_copy_could_take_for_something_else_stay_as_they_were(stand: Stand) -> None:
    awkward = ["JALAN C:\\1", "\\N", 'KAMPUNG "DUA", NOMOR 3', "\\.", "\\t \\x41"]
    rows = people(len(awkward))
    for row, cell in zip(rows, awkward, strict=True):
        row["address"] = cell
    done = stand.load(stand.write("a", rows))
    assert [member.address for member in stand.members(done.version_id)] == awkward
    with stand.sessions.read() as session:
        digest = digest_of(session, KEYS, done.version_id)
    assert digest == stand.version(done.version_id).rows_digest


def test_a_rejected_row_is_sealed_and_says_why(stand: Stand) -> None:
    rows = people(2)
    rows[1]["sex"] = "X"
    done = stand.load(stand.write("a", rows))
    row = stand.rejected(done.version_id)[0]
    assert row.errors == [{"code": "sex.unknown", "column": "sex", "params": {}}]
    headings, cells = open_cells(KEYS, done.roster, row.row_ref, row.cells)
    assert dict(zip(headings, cells, strict=True))["nik"] == rows[1]["nik"]
    assert rows[1]["nik"].encode() not in row.cells


def test_no_nik_stands_in_the_database_in_clear(stand: Stand) -> None:
    rows = people(5)
    rows[1]["sex"] = "X"
    stand.load(stand.write("a", rows))
    with stand.sessions.read() as session:
        for table in ("member", "rejected_row", "roster_version", "journal_entry", "file"):
            for row in session.execute(text(f"SELECT * FROM {table}")):
                shown = " ".join(str(cell) for cell in row)
                assert not any(each["nik"] in shown for each in rows), table


def test_the_import_is_in_the_journal_with_its_counts(stand: Stand) -> None:
    done = stand.load(stand.write("a", people(3)))
    with stand.sessions.read() as session:
        entry = session.scalars(
            select(JournalEntry).where(JournalEntry.kind == "roster.imported")
        ).one()
        facts = json.loads(entry.facts)
        file = session.scalars(select(ReceivedFile)).one()
    assert facts["sent"] == facts["stored"] == 3
    assert facts["rows_digest"] == stand.version(done.version_id).rows_digest
    assert file.state == FileState.PASSED


def test_the_digest_notices_two_swapped_cells(stand: Stand) -> None:
    done = stand.load(stand.write("a", people(3)))
    with stand.sessions.read() as session:
        before = digest_of(session, KEYS, done.version_id)
    assert before == stand.version(done.version_id).rows_digest
    first, second, _ = stand.members(done.version_id)
    with stand.sessions.begin() as session:
        session.merge(first).nik, session.merge(second).nik = second.nik, first.nik
    with stand.sessions.read() as session:
        assert digest_of(session, KEYS, done.version_id) != before


def test_the_same_file_again_changes_nothing_and_says_so(stand: Stand) -> None:
    source = stand.write("a", people(3))
    first = stand.load(source)
    again = stand.take_in(stand.send(source), stand.hand(source))
    assert again.unchanged
    assert not again.current
    assert (again.sent, again.stored, again.rejected) == (3, 3, 0)
    assert (again.added, again.removed, again.changed) == (0, 0, 0)
    assert stand.current() == first.version_id
    assert stand.members(again.version_id) == []
    assert stand.version(again.version_id).stage == ListStage.DONE


def test_the_same_file_opened_twice_has_one_version(stand: Stand) -> None:
    version_id = stand.send(stand.write("a", people(3)))
    with stand.sessions.begin() as session:
        file = session.scalars(select(ReceivedFile)).one()
        assert open_version(session, file, NOON).version_id == version_id


def test_a_full_replacement_keeps_the_old_version_and_the_people(stand: Stand) -> None:
    rows = people(4)
    old = stand.load(stand.write("a", rows))
    before = {m.nik: m.subject_key for m in stand.members(old.version_id)}
    rows[0]["name"] = "ANGGOTA CONTOH BARU"
    new = stand.load(stand.write("b", [rows[0], rows[2], rows[3], people(5)[4]]))
    assert (new.added, new.removed, new.changed) == (1, 1, 1)
    assert stand.current() == new.version_id
    assert len(stand.members(old.version_id)) == 4
    after = {m.nik: m.subject_key for m in stand.members(new.version_id)}
    kept = before.keys() & after.keys()
    assert len(kept) == 3
    assert {nik: before[nik] for nik in kept} == {nik: after[nik] for nik in kept}
    assert stand.version(new.version_id).merged_from_id is None


def test_one_person_in_two_rows_is_one_subject(stand: Stand) -> None:
    rows = people(3)
    rows[2] |= {"nik": rows[0]["nik"], "name": rows[0]["name"]}
    done = stand.load(stand.write("a", rows))
    first, second, third = stand.members(done.version_id)
    assert first.subject_key == third.subject_key != second.subject_key
    assert done.repeated == 1
    assert [fault.code for fault in faults_in(third.warnings)] == ["nik.repeated"]


def test_rows_keep_their_people_when_the_key_changes(stand: Stand) -> None:
    rows = people(2)
    old = stand.load(stand.write("a", rows))
    stand.keys = FieldKeys("k2", {"k1": b"1" * 32, "k2": b"2" * 32})
    rows[1]["address"] = "JALAN CONTOH NOMOR 2"
    new = stand.load(stand.write("b", rows))
    assert (new.added, new.removed, new.changed) == (0, 0, 1)
    assert [m.key_id for m in stand.members(new.version_id)] == ["k2", "k2"]
    assert [m.subject_key for m in stand.members(old.version_id)] == [
        m.subject_key for m in stand.members(new.version_id)
    ]


@pytest.mark.parametrize("beats", [0, 1, 2, 3, 5])
def test_killed_anywhere_and_begun_again(
    stand: Stand, monkeypatch: pytest.MonkeyPatch, beats: int
) -> None:
    """Small batches, so that death can come between any two of them."""
    monkeypatch.setattr(importer, "BATCH", 2)
    for bound in ("COPIED", "FEWEST", "FIRST", "MOST"):
        monkeypatch.setattr(storing, bound, 2)
    rows = people(9)
    rows[4]["sex"] = rows[6]["sex"] = "X"
    old = stand.load(stand.write("a", people(3)))
    source = stand.write("b", rows)
    version_id, handed = stand.send(source), stand.hand(source)
    left = iter(range(beats))

    def beat() -> None:
        if next(left, None) is None:
            raise Killed

    with pytest.raises(Killed):
        importer.import_roster(
            stand.sessions, KEYS, version_id, handed,
            placeholders={}, now=lambda: stand.version(version_id).created_at, beat=beat,
        )  # fmt: skip
    assert stand.current() == old.version_id
    done = stand.take_in(version_id, handed)
    assert (done.sent, done.stored, done.rejected) == (9, 7, 2)
    assert [m.line for m in stand.members(version_id)] == [2, 3, 4, 5, 7, 9, 10]
    assert stand.current() == version_id
    assert stand.take_in(version_id, handed) == done


def test_rows_that_get_lost_on_the_way_are_noticed(stand: Stand) -> None:
    source = stand.write("a", people(3))
    version_id, handed = stand.send(source), stand.hand(source)
    lying = replace(handed, report=replace(handed.report, sent=4, accepted=4))
    with pytest.raises(RowsLost):
        stand.take_in(version_id, lying)
    assert stand.current() is None


def test_two_rows_on_one_line_can_only_be_a_lie(stand: Stand) -> None:
    source = stand.write("a", people(2))
    version_id, handed = stand.send(source), stand.hand(source)
    heading, first, _ = handed.accepted.read_text().splitlines()
    handed.accepted.write_text("\n".join((heading, first, first)) + "\n")
    with pytest.raises(Malformed) as lie:
        stand.take_in(version_id, handed)
    assert people(1)[0]["nik"] not in str(lie.value)


def test_an_older_file_that_ends_later_does_not_become_current(stand: Stand) -> None:
    early, late = stand.write("a", people(2)), stand.write("b", people(3))
    early_id, late_id = stand.send(early), stand.send(late)
    newer = stand.take_in(late_id, stand.hand(late))
    older = stand.take_in(early_id, stand.hand(early))
    assert (newer.current, older.current) == (True, False)
    assert stand.current() == late_id
    assert older.stored == 2


def test_a_list_that_changes_under_the_import(stand: Stand) -> None:
    """The later file is done first; the earlier one begins anew against it and stays aside."""
    stand.load(stand.write("a", people(2)))
    early, late = stand.write("b", people(3)), stand.write("c", people(5))
    early_id, late_id = stand.send(early), stand.send(late)
    handed, waiting = stand.hand(early), [stand.hand(late)]

    def beat() -> None:
        if waiting:
            stand.take_in(late_id, waiting.pop())

    done = importer.import_roster(
        stand.sessions, KEYS, early_id, handed, placeholders={}, now=lambda: NOON, beat=beat
    )
    assert (done.stored, done.current) == (3, False)
    assert len(stand.members(early_id)) == 3
    assert stand.current() == late_id
