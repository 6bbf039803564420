"""Only the bad rows come back: they merge by `row_ref`, the rest stays as it was."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import openpyxl

from tests.rosters import people
from tests.unit.rosters.stand import KEYS, Stand
from verification.rosters.finishing import Imported
from verification.rosters.rejected import (
    csv_chunks,
    original_headings,
    rejected_rows,
    write_xlsx,
)
from verification.rosters.rules import faults_in


def download(stand: Stand, version_id: int, locale: str = "id") -> list[list[str]]:
    with stand.sessions.read() as session:
        version = session.get_one(type(stand.version(version_id)), version_id)
        rows = rejected_rows(session, KEYS, version, locale)
        content = b"".join(csv_chunks(rows, original_headings(version)))
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


def save(stand: Stand, name: str, lines: list[list[str]]) -> Path:
    path = stand.folder / f"{name}.csv"
    with path.open("w", newline="") as out:
        csv.writer(out).writerows(lines)
    return path


def cell(lines: list[list[str]], row: int, heading: str) -> str:
    return lines[row][lines[0].index(heading)]


def put(lines: list[list[str]], row: int, heading: str, value: str) -> None:
    lines[row][lines[0].index(heading)] = value


def spoiled(stand: Stand) -> Imported:
    """Ten rows, of which three are refused."""
    rows = people(10)
    rows[2]["sex"] = "X"
    rows[5]["name"] = "=1+1"
    rows[8]["nik"] = ""
    return stand.load(stand.write("a", rows))


def test_the_download_says_row_column_value_reason_and_repair(stand: Stand) -> None:
    lines = download(stand, spoiled(stand).version_id)
    assert lines[0][:6] == ["row", "column", "value", "reason", "repair", "row_ref"]
    assert [line[0] for line in lines[1:]] == ["4", "7", "10"]
    assert lines[1][1:3] == ["sex", "X"]
    assert lines[1][3] == "Jenis kelamin bukan L atau P."
    assert lines[2][2] == "'=1+1"
    assert cell(lines, 2, "name") == "'=1+1"
    english = download(stand, stand.current() or 0, "en")
    assert english[1][3] == "The sex is neither L nor P."


def test_corrected_rows_merge_and_the_others_stay(stand: Stand) -> None:
    old = spoiled(stand)
    lines = download(stand, old.version_id)
    put(lines, 1, "sex", "P")
    put(lines, 2, "name", "ANGGOTA CONTOH")
    new = stand.load(save(stand, "b", lines), corrects=old.roster)
    assert (new.sent, new.stored, new.rejected) == (10, 9, 1)
    assert (new.added, new.removed, new.changed) == (2, 0, 0)
    assert [m.line for m in stand.members(new.version_id)] == [2, 3, 4, 5, 6, 7, 8, 9, 11]
    left = stand.rejected(new.version_id)
    assert [(row.line, row.row_ref) for row in left] == [(10, lines[3][5])]
    resolved = {row.row_ref: row.resolved_by_id for row in stand.rejected(old.version_id)}
    assert resolved == {
        lines[1][5]: new.version_id, lines[2][5]: new.version_id, lines[3][5]: None
    }  # fmt: skip
    assert stand.version(new.version_id).merged_from_id == old.version_id
    kept = {m.row_ref: m.subject_key for m in stand.members(new.version_id)}
    assert {m.row_ref: m.subject_key for m in stand.members(old.version_id)}.items() <= kept.items()


def test_our_report_is_known_by_its_headings_alone(stand: Stand) -> None:
    """A correction uploaded in the wrong place must not replace the whole list."""
    old = spoiled(stand)
    lines = download(stand, old.version_id)
    put(lines, 1, "sex", "P")
    new = stand.load(save(stand, "b", lines))
    assert (new.sent, new.stored, new.rejected) == (10, 8, 2)


def test_only_some_of_the_rejected_rows(stand: Stand) -> None:
    old = spoiled(stand)
    lines = download(stand, old.version_id)
    put(lines, 1, "sex", "P")
    new = stand.load(save(stand, "b", lines[:2]), corrects=old.roster)
    assert (new.sent, new.stored, new.rejected) == (10, 8, 2)
    assert [row.line for row in stand.rejected(new.version_id)] == [7, 10]
    again = download(stand, new.version_id)
    put(again, 1, "name", "ANGGOTA CONTOH")
    put(again, 2, "nik", people(9)[8]["nik"])
    last = stand.load(save(stand, "c", again), corrects=old.roster)
    assert (last.sent, last.stored, last.rejected) == (10, 10, 0)
    assert [m.line for m in stand.members(last.version_id)] == list(range(2, 12))


def test_a_corrected_nik_keeps_the_person_its_row_ref_names(stand: Stand) -> None:
    old = stand.load(stand.write("a", people(3)))
    member = stand.members(old.version_id)[1]
    correction = people(2)[1] | {"row_ref": member.row_ref, "nik": "3273015305879999"}
    new = stand.load(stand.write("b", [correction]), corrects=old.roster)
    assert (new.sent, new.stored, new.added, new.removed, new.changed) == (3, 3, 0, 0, 1)
    changed = stand.members(new.version_id)[1]
    assert (changed.line, changed.subject_key) == (member.line, member.subject_key)
    assert KEYS.decipher(changed.nik, changed.key_id) == "3273015305879999"


def test_a_bad_correction_of_a_good_row_takes_nothing_away(stand: Stand) -> None:
    old = stand.load(stand.write("a", people(3)))
    member = stand.members(old.version_id)[1]
    wrong = people(2)[1] | {"row_ref": member.row_ref, "sex": "X"}
    worse = stand.load(stand.write("b", [wrong]), corrects=old.roster)
    assert (worse.sent, worse.stored, worse.rejected) == (4, 3, 1)
    right = wrong | {"sex": "P", "address": "JALAN CONTOH NOMOR 9"}
    better = stand.load(stand.write("c", [right]), corrects=old.roster)
    assert (better.sent, better.stored, better.rejected) == (3, 3, 0)
    assert stand.members(better.version_id)[1].address == "JALAN CONTOH NOMOR 9"


def test_new_rows_go_to_the_end_of_the_list(stand: Stand) -> None:
    old = spoiled(stand)
    new = stand.load(stand.write("b", people(12)[10:]), corrects=old.roster)
    assert (new.sent, new.stored, new.rejected) == (12, 9, 3)
    assert [m.line for m in stand.members(new.version_id)][-2:] == [12, 13]


def test_a_card_number_that_somebody_in_the_list_has(stand: Stand) -> None:
    old = stand.load(stand.write("a", people(3)))
    added = people(4)[3] | {"kta_number": people(1)[0]["kta_number"]}
    new = stand.load(stand.write("b", [added]), corrects=old.roster)
    assert (new.sent, new.stored, new.rejected) == (4, 3, 1)
    assert stand.rejected(new.version_id)[0].errors[0] == {
        "code": "kta.repeated", "column": "kta_number", "params": {"first_line": 2}
    }  # fmt: skip


def test_a_nik_that_somebody_in_the_list_has_is_a_warning(stand: Stand) -> None:
    old = stand.load(stand.write("a", people(3)))
    added = people(4)[3] | {name: people(1)[0][name] for name in ("nik", "name")}
    new = stand.load(stand.write("b", [added]), corrects=old.roster)
    assert (new.stored, new.repeated, new.added) == (4, 1, 0)
    assert [f.code for f in faults_in(stand.members(new.version_id)[-1].warnings)] == [
        "nik.repeated"
    ]


def test_a_row_without_reference_replaces_the_member_of_its_nik_and_card(stand: Stand) -> None:
    old = stand.load(stand.write("a", people(3)))
    member = stand.members(old.version_id)[1]
    mended = people(2)[1] | {"address": "JALAN CONTOH NOMOR 9"}
    new = stand.load(stand.write("b", [mended]), corrects=old.roster)
    assert (new.sent, new.stored, new.repeated) == (3, 3, 0)
    assert (new.added, new.removed, new.changed) == (0, 0, 1)
    now = stand.members(new.version_id)[1]
    assert (now.line, now.row_ref, now.subject_key) == (
        member.line,
        member.row_ref,
        member.subject_key,
    )
    assert (now.address, now.warnings) == ("JALAN CONTOH NOMOR 9", 0)


def test_the_workbook_holds_text_and_comes_back(stand: Stand) -> None:
    old = spoiled(stand)
    path = stand.folder / "ditolak.xlsx"
    with stand.sessions.read() as session:
        version = session.get_one(type(stand.version(old.version_id)), old.version_id)
        rows = rejected_rows(session, KEYS, version, "id")
        write_xlsx(path, rows, original_headings(version), "id")
    book = openpyxl.load_workbook(path)
    sheet = book.active
    assert sheet is not None
    headings = [str(cell.value) for cell in sheet[1]]
    assert headings[:6] == ["baris", "kolom", "nilai", "alasan", "perbaikan", "row_ref"]
    assert {cell.data_type for line in sheet.iter_rows() for cell in line} <= {"s", "n"}
    assert isinstance(sheet.cell(2, headings.index("nik") + 1).value, str)
    sheet.cell(2, headings.index("sex") + 1).value = "P"
    book.save(path)
    new = stand.load(path, corrects=old.roster)
    assert (new.sent, new.stored, new.rejected) == (10, 8, 2)
    assert new.changed == 0
