"""Members that were published as BMS: downloaded, corrected and sent back, they stay the same persons."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

import openpyxl
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.builders import ADMINISTRATOR, SUPERVISOR, VERIFIER, build_submission
from tests.rosters import people
from tests.unit.rosters.stand import KEYS, Stand
from tests.unit.rosters.test_merging import cell, put, save
from tests.unit.verification.desk import take
from tests.world import NOON
from verification import decisions, publication, reference
from verification.models import Member, Office, Participation, Roster, RosterVersion
from verification.outcomes import FAILED, failed_by_list
from verification.reference import reasons_by_code
from verification.rosters import judged
from verification.rosters.finishing import Imported
from verification.schedule import current_round
from verification.states import Outcome, Role

BMS = (Outcome.BMS.value,)
REASONS = {Outcome.BMS: "ktp-tidak-terbaca", Outcome.TMS: "ganda-identik", Outcome.MS: None}


def published(stand: Stand, outcomes: list[Outcome], note: str | None = None) -> None:
    """The list goes in, its members are judged in the order of lines, and it is published."""
    judge_all(stand, outcomes, note)
    publish(stand)


def judge_all(stand: Stand, outcomes: list[Outcome], note: str | None = None) -> None:
    with stand.sessions.begin() as session:
        build_submission(session, session.get_one(Participation, stand.participation_id))
    for outcome in outcomes:
        with stand.sessions.begin() as session:
            item = take(session, office(session))
            decisions.decide(
                session, item, outcome=outcome, reason=REASONS[outcome], note=note,
                actor=VERIFIER, role=Role.VERIFIER, now=NOON,
            )  # fmt: skip


def publish(stand: Stand) -> None:
    with stand.sessions.begin() as session:
        party = session.get_one(Participation, stand.participation_id)
        publication.publish(
            session, office(session), current_round(session, party.election),
            actor=SUPERVISOR, role=Role.SUPERVISOR, now=NOON,
        )  # fmt: skip


def open_repair(stand: Stand) -> None:
    with stand.sessions.begin() as session:
        party = session.get_one(Participation, stand.participation_id)
        publication.open_next_round(
            session, party.election, actor=ADMINISTRATOR, role=Role.ADMINISTRATOR, now=NOON
        )


def office(session: Session) -> Office:
    return reference.office_by_code(session, "32.73")


def download(
    stand: Stand, version_id: int, outcomes: tuple[str, ...] = BMS, locale: str = "id"
) -> list[list[str]]:
    with stand.sessions.read() as session:
        version = session.get_one(RosterVersion, version_id)
        reasons = reasons_by_code(session, version.roster.participation.election)
        rows = judged.judged_rows(session, version, outcomes)
        content = b"".join(judged.csv_chunks(rows, KEYS, reasons, locale))
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


def by_ref(stand: Stand, imported: Imported) -> Mapping[str, Member]:
    return {row.row_ref: row for row in stand.members(imported.version_id)}


@pytest.fixture
def listed(stand: Stand) -> Imported:
    return stand.load(stand.write("a", people(5)))


def test_nothing_is_told_before_it_is_published(stand: Stand, listed: Imported) -> None:
    judge_all(stand, [Outcome.BMS, Outcome.TMS, Outcome.MS, Outcome.MS, Outcome.MS])
    assert len(download(stand, listed.version_id, FAILED)) == 1
    publish(stand)
    assert len(download(stand, listed.version_id, FAILED)) == 3


def test_each_row_has_its_reason_and_note_and_the_cells_of_the_template(
    stand: Stand, listed: Imported
) -> None:
    outcomes = [Outcome.MS, Outcome.BMS, Outcome.TMS, Outcome.MS, Outcome.BMS]
    published(stand, outcomes, note="=foto\nburam")
    lines = download(stand, listed.version_id)
    assert lines[0][:7] == ["row", "outcome", "code", "reason", "repair", "note", "row_ref"]
    second = stand.members(listed.version_id)[1]
    assert lines[1][:7] == [
        "3", "BMS", "ktp-tidak-terbaca", "ktp-tidak-terbaca", "'-", "'=foto buram", second.row_ref
    ]  # fmt: skip
    assert [line[0] for line in lines[1:]] == ["3", "6"]
    sent = people(2)[1]
    told = {"NIK": sent["nik"], "Nama": sent["name"], "Tanggal Lahir": "13-05-1987"}
    assert {heading: cell(lines, 1, heading) for heading in told} == told
    assert [line[:2] for line in download(stand, listed.version_id, FAILED)[1:]] == [
        ["3", "BMS"], ["6", "BMS"], ["4", "TMS"]
    ]  # fmt: skip


def test_sent_back_as_it_is_nothing_changes(stand: Stand, listed: Imported) -> None:
    published(stand, [Outcome.BMS] * 5)
    lines = download(stand, listed.version_id)
    new = stand.load(save(stand, "b", lines), corrects=listed.roster)
    assert (new.sent, new.stored, new.rejected) == (5, 5, 0)
    assert (new.added, new.removed, new.changed) == (0, 0, 0)
    assert by_ref(stand, new).keys() == by_ref(stand, listed).keys()


def test_a_corrected_nik_replaces_the_row_and_the_person_stays(
    stand: Stand, listed: Imported
) -> None:
    published(stand, [Outcome.MS, Outcome.BMS, Outcome.MS, Outcome.MS, Outcome.BMS])
    open_repair(stand)
    lines = download(stand, listed.version_id)
    put(lines, 1, "NIK", "3273015305879999")
    put(lines, 2, "Alamat", "=JALAN CONTOH NOMOR 9")
    # Without saying which list is meant: our own headings say that it is a correction.
    new = stand.load(save(stand, "b", lines))
    assert (new.sent, new.stored, new.rejected) == (5, 5, 0)
    assert (new.added, new.removed, new.changed) == (0, 0, 2)
    before, after = by_ref(stand, listed), by_ref(stand, new)
    assert {ref: row.subject_key for ref, row in after.items()} == {
        ref: row.subject_key for ref, row in before.items()
    }
    mended = after[lines[1][6]]
    assert KEYS.decipher(mended.nik, mended.key_id) == "3273015305879999"
    assert mended.line == 3
    again = download(stand, new.version_id)
    assert cell(again, 1, "NIK") == "3273015305879999"
    assert cell(again, 2, "Alamat") == "'=JALAN CONTOH NOMOR 9"


def test_the_repaired_subjects_are_the_ones_judged_again(stand: Stand, listed: Imported) -> None:
    published(stand, [Outcome.MS, Outcome.BMS, Outcome.TMS, Outcome.MS, Outcome.BMS])
    open_repair(stand)
    lines = download(stand, listed.version_id)
    put(lines, 1, "NIK", "3273015305879999")
    new = stand.load(save(stand, "b", lines), corrects=listed.roster)
    published(stand, [Outcome.MS, Outcome.TMS])
    assert len(download(stand, new.version_id)) == 1
    assert [line[:2] for line in download(stand, new.version_id, FAILED)[1:]] == [
        ["4", "TMS"], ["6", "TMS"]
    ]  # fmt: skip
    with stand.sessions.read() as session:
        party = session.get_one(Participation, stand.participation_id)
        lists = list(session.scalars(select(Roster.id)))
        (counts,) = failed_by_list(session, party, lists).values()
    assert dict(counts) == {"TMS": 2}


def test_rows_are_found_again_in_a_whole_new_list(stand: Stand, listed: Imported) -> None:
    """Other lines, and one gone: he is left out."""
    published(stand, [Outcome.BMS] * 5)
    open_repair(stand)
    rows = people(5)
    new = stand.load(stand.write("b", [rows[4], rows[1], rows[0], rows[3]]))
    with stand.sessions.begin() as session:
        version = session.get_one(RosterVersion, new.version_id)
        version.roster.current_version_id = version.id
    lines = download(stand, new.version_id)
    assert [(line[0], cell(lines, number, "NIK")) for number, line in enumerate(lines) if number] == [
        ("4", rows[0]["nik"]), ("3", rows[1]["nik"]), ("5", rows[3]["nik"]), ("2", rows[4]["nik"])
    ]  # fmt: skip


def test_the_workbook_holds_text_and_comes_back(stand: Stand, listed: Imported) -> None:
    published(stand, [Outcome.BMS] * 5)
    path = stand.folder / "hasil.xlsx"
    with stand.sessions.read() as session:
        version = session.get_one(RosterVersion, listed.version_id)
        reasons = reasons_by_code(session, version.roster.participation.election)
        judged.write_xlsx(path, judged.judged_rows(session, version, BMS), KEYS, reasons, "id")
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    headings = [str(each.value) for each in sheet[1]]
    assert headings[:7] == ["baris", "hasil", "kode", "alasan", "perbaikan", "catatan", "row_ref"]
    assert {each.data_type for line in sheet.iter_rows() for each in line} <= {"s", "n"}
    sheet.cell(3, headings.index("NIK") + 1).value = "3273015305879999"
    book.save(path)
    new = stand.load(path, corrects=listed.roster)
    assert (new.stored, new.added, new.changed) == (5, 0, 1)


def test_a_correction_without_rejected_rows_adds_no_columns(stand: Stand) -> None:
    """Rejected rows that are left are downloaded with their own columns, as before."""
    rows = people(3)
    rows[2]["sex"] = "X"
    old = stand.load(stand.write("a", rows))
    published(stand, [Outcome.BMS] * 2)
    new = stand.load(save(stand, "b", download(stand, old.version_id)), corrects=old.roster)
    assert (new.stored, new.rejected) == (2, 1)
    with stand.sessions.read() as session:
        columns = dict(session.execute(select(RosterVersion.id, RosterVersion.columns)).all())
    assert columns[new.version_id]["headings"] == columns[old.version_id]["headings"]


def test_a_row_of_the_download_may_be_left_out(stand: Stand, listed: Imported) -> None:
    published(stand, [Outcome.BMS] * 5)
    lines = download(stand, listed.version_id)
    put(lines, 1, "Nama", "ANGGOTA CONTOH BARU")
    new = stand.load(save(stand, "b", lines[:2]), corrects=listed.roster)
    assert (new.stored, new.changed) == (5, 1)
