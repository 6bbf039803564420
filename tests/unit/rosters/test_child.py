"""A whole file through the task: counts add up, every planted mistake is found and explained."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.rosters import DISTRICTS, VALID_ROW, people, run_child, small_rules, write_rows
from verification.rosters.accepted import accepted_frame
from verification.rosters.handover import Report, rejected_rows
from verification.rosters.rules import BY_CODE, faults_in
from verification.rosters.synthetic import (
    BORN,
    NIK,
    PLACE,
    SyntheticList,
    synthetic_list,
    write_csv,
    write_xlsx,
)
from verification.sandbox.job import Refuse
from verification.sandbox.outcome import Malformed


def read(source: Path, output: Path, **options: object) -> Report:
    return Report.from_json(run_child(source, output, **options))  # type: ignore[arg-type]


def codes_by_line(output: Path) -> dict[int, set[str]]:
    found = {
        row.line: {fault.code for fault in faults_in(row.errors)}
        for row in rejected_rows(output / "rejected.jsonl")
    }
    rows = accepted_frame(output / "accepted.csv")
    for line, warnings in rows.select("line", "warnings").iter_rows():
        found[line] = {fault.code for fault in faults_in(warnings)}
    return found


@pytest.mark.parametrize("write", [write_csv, write_xlsx], ids=["csv", "xlsx"])
def test_every_planted_mistake_is_found(tmp_path: Path, write: Callable[..., Path]) -> None:
    members = synthetic_list(
        2_000, seed=7, districts=DISTRICTS, bad=0.1, warned=0.1, structure=write is write_csv
    )
    report = read(write(tmp_path / "source", members), tmp_path / "out")
    found = codes_by_line(tmp_path / "out")
    assert {line: code for line, code in members.planted.items() if code not in found[line]} == {}
    assert report.sent == 2_000 == len(found)
    assert report.rejected == len(members.bad())
    assert set(members.planted.values()) <= set(report.counts or {})


def test_rows_without_a_planted_mistake_are_accepted(tmp_path: Path) -> None:
    members = synthetic_list(500, seed=3, districts=DISTRICTS, bad=0, warned=0)
    read(write_csv(tmp_path / "source", members), tmp_path / "out")
    rows = accepted_frame(tmp_path / "out" / "accepted.csv")
    assert rows["nik"].to_list() == [row[NIK] for row in members.rows]
    assert rows["warnings"].sum() == 0
    assert rows["line"].to_list() == list(range(2, 502))


def test_the_same_list_however_it_is_written(tmp_path: Path) -> None:
    members = synthetic_list(300, seed=5, districts=DISTRICTS)
    plain = write_csv(tmp_path / "a", members)
    excel = write_csv(tmp_path / "b", members, encoding="cp1252", separator=";")
    other = write_csv(tmp_path / "c", members, encoding="utf-8-sig", line_end="\n")
    written = []
    for source in (plain, excel, other, write_xlsx(tmp_path / "d", members)):
        read(source, tmp_path / "out")
        written.append((tmp_path / "out" / "accepted.csv").read_bytes())
    assert written[0] == written[1] == written[2] == written[3]


@pytest.mark.parametrize("heading", ["Tempat/Tgl Lahir", "TTL", "Lahir"])
def test_place_and_date_of_birth_in_one_column(tmp_path: Path, heading: str) -> None:
    apart = synthetic_list(300, seed=5, districts=DISTRICTS)
    together = SyntheticList(
        headings=(*apart.headings[:PLACE], heading, *apart.headings[BORN + 1 :]),
        rows=[[*row[:PLACE], f"{row[PLACE]}, {row[BORN]}", *row[BORN + 1 :]] for row in apart.rows],
    )
    read(write_csv(tmp_path / "apart", apart), tmp_path / "out")
    wanted = (tmp_path / "out" / "accepted.csv").read_bytes()
    source = write_csv(tmp_path / "together", together)
    report = read(source, tmp_path / "out")
    if heading == "Lahir":
        # Nobody knows what that is until the party says so.
        assert report.mapping is not None
        asked = {match["field"]: match["index"] for match in report.mapping["matches"]}
        mapping = {field: index for field, index in asked.items() if field}
        said = mapping | {"birth_date": PLACE}
        for each in (said, said | {"birth_place": PLACE}, {"birth_place": PLACE} | said):
            read(source, tmp_path / "out", mapping=each)
            assert (tmp_path / "out" / "accepted.csv").read_bytes() == wanted
    assert (tmp_path / "out" / "accepted.csv").read_bytes() == wanted


@pytest.mark.parametrize(
    ("code", "harm"),
    [
        ("list.nik_scientific", lambda nik: f"{nik[0]},{nik[1:6]}E+15"),
        ("list.nik_scientific", lambda nik: f"{nik[0]}.{nik[1:6]}e15"),
        ("list.nik_zeros", lambda nik: f"{nik[:15]}0"),
        ("list.nik_numeric", lambda nik: f"{nik}.0"),
        ("list.nik_numeric", lambda nik: f"{int(nik):,}".replace(",", ".") + ",00"),
    ],
)
def test_a_damaged_nik_column_is_explained_once(
    tmp_path: Path, code: str, harm: Callable[[str], str]
) -> None:
    members = synthetic_list(60, seed=1, districts=DISTRICTS, bad=0, warned=0)
    rows = [[*row[:NIK], harm(row[NIK]), *row[NIK + 1 :]] for row in members.rows]
    write_csv(tmp_path / "source", replace(members, rows=rows))
    with pytest.raises(Refuse) as refusal:
        read(tmp_path / "source", tmp_path / "out")
    assert (refusal.value.code, refusal.value.params) == (code, {"percent": 100})


def test_names_where_codes_belong_are_explained_once(tmp_path: Path) -> None:
    with pytest.raises(Refuse) as refusal:
        read(write_rows(tmp_path / "source", people(4, district_code="ANDIR")), tmp_path / "out")
    assert refusal.value.code == "list.region_names"


def test_numbers_in_a_workbook_are_refused_as_a_file(tmp_path: Path) -> None:
    members = synthetic_list(4, seed=1, districts=DISTRICTS, bad=0, warned=0)
    with pytest.raises(Refuse) as refusal:
        read(write_xlsx(tmp_path / "source", members, numbers=True), tmp_path / "out")
    assert refusal.value.code == "list.nik_numeric"


def test_one_scientific_nik_is_that_rows_error(tmp_path: Path) -> None:
    rows = people(5)
    rows[2]["nik"] = "3,27301E+15"
    report = read(write_rows(tmp_path / "source", rows), tmp_path / "out")
    assert (report.accepted, report.rejected) == (4, 1)
    assert codes_by_line(tmp_path / "out")[4] == {"nik.scientific"}


def test_columns_are_matched_or_asked_about(tmp_path: Path) -> None:
    names = tuple(name for name in VALID_ROW if name not in ("row_ref", "name"))
    source = write_rows(tmp_path / "source", people(3), *names, "name")
    text = source.read_text().replace(",name\n", ",Nama Si Anggota\n", 1)
    source.write_text(text)
    report = read(source, tmp_path / "out")
    assert report.mapping is not None
    asked = [match for match in report.mapping["matches"] if not match["sure"]]
    assert [(match["field"], match["heading"]) for match in asked] == [("name", "Nama Si Anggota")]
    assert asked[0]["samples"] == [row["name"] for row in people(3)]
    fields = {match["field"]: match["index"] for match in report.mapping["matches"]}
    assert read(source, tmp_path / "out", mapping=fields).accepted == 3
    with pytest.raises(Refuse):
        read(source, tmp_path / "out", mapping={**fields, "nik": 99})


def test_a_missing_column_with_nothing_to_take_for_it(tmp_path: Path) -> None:
    source = write_rows(tmp_path / "source", people(2), "nik", "name", "district_code")
    with pytest.raises(Refuse) as refusal:
        read(source, tmp_path / "out")
    assert refusal.value.code == "list.columns_missing"
    assert "Nomor KTA" in str(refusal.value.params["columns"])


def test_our_own_report_comes_back_as_a_correction(tmp_path: Path) -> None:
    row = people(1)[0]
    headings = ["baris", "kolom", "nilai", "alasan", "perbaikan", "row_ref", *list(row)[1:]]
    cells = ["7", "name", "'-", "x", "y", "rabc", *list(row.values())[1:]]
    source = tmp_path / "source"
    source.write_text("\n".join(";".join(line) for line in (headings, cells)) + "\n")
    report = read(source, tmp_path / "out")
    assert report.corrects
    assert accepted_frame(tmp_path / "out" / "accepted.csv")["row_ref"].to_list() == ["rabc"]
    assert list(report.headings) == list(row)[1:]


def test_the_list_as_a_whole_is_judged_on_sound_rows_only(tmp_path: Path) -> None:
    rows = people(6)
    rows[0]["name"] = "1"
    rows[1]["kta_number"] = rows[0]["kta_number"]
    rows[3]["kta_number"] = rows[2]["kta_number"]
    rows[5]["nik"] = rows[4]["nik"]
    report = read(write_rows(tmp_path / "source", rows), tmp_path / "out")
    found = codes_by_line(tmp_path / "out")
    assert found == {
        2: {"name.shape"},
        3: set(),
        4: set(),
        5: {"kta.repeated"},
        6: {"nik.repeated"},
        7: {"nik.repeated"},
    }
    assert report.repeated == 1


def test_scope_and_preset_travel_with_the_rules(tmp_path: Path) -> None:
    rows = people(2, district_code="32.01.01", regency_code="32.01", village="")
    rows[1]["address"] = ""
    source = write_rows(tmp_path / "source", rows)
    read(source, tmp_path / "out", rules=small_rules(scope=("32.73",)))
    assert codes_by_line(tmp_path / "out") == {
        2: {"region.scope"},
        3: {"region.scope", "address.missing"},
    }


@pytest.mark.parametrize(
    "line",
    [
        {"line": 2, "row_ref": "", "errors": 0, "first_line": 0, "cells": []},
        {"line": -1, "row_ref": "", "errors": 1, "first_line": 0, "cells": []},
        {"line": 2, "row_ref": "", "errors": 1, "first_line": 0, "cells": ["x" * 3_000]},
        {"line": 2, "row_ref": "", "errors": 1, "first_line": 0, "cells": [7]},
        {"line": True, "row_ref": "", "errors": 1, "first_line": 0, "cells": []},
        [],
    ],
)
def test_the_trusted_side_believes_nothing(tmp_path: Path, line: object) -> None:
    (tmp_path / "rejected.jsonl").write_text(json.dumps(line) + "\n")
    with pytest.raises(Malformed):
        list(rejected_rows(tmp_path / "rejected.jsonl"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (",3273015305870001,", ",327301530587000,"),
        (",P,", ",X,"),
        ("1987-05-13", "1987-02-30"),
        ("ANGGOTA CONTOH", "A" * 201),
        ("ANGGOTA CONTOH", "ANGGOTA\x1fCONTOH"),
        ("ANGGOTA CONTOH", '"ANGGOTA\nCONTOH"'),
        ("ANGGOTA CONTOH", "ANGGOTA\x00CONTOH"),
        ("ANGGOTA CONTOH", "ANGGOTA,CONTOH"),
        ("ANGGOTA CONTOH", '"ANGGOTA CONTOH'),
        ("ANGGOTA CONTOH", "ANGGOTA\udcffCONTOH"),
        ("1987-05-13", "1987-5-13"),
        (",0\n", ",-1\n"),
        (",0\n", ",4294967296\n"),
        (",0\n", ",0"),
        ("2,,", "x,,"),
    ],
)
def test_an_accepted_row_that_is_none(tmp_path: Path, before: str, after: str) -> None:
    read(write_rows(tmp_path / "source", people(1)), tmp_path / "out")
    path = tmp_path / "out" / "accepted.csv"
    text = path.read_text().replace('""', "")
    assert before in text
    path.write_text(text.replace(before, after), errors="surrogateescape")
    with pytest.raises(Malformed):
        accepted_frame(path)


def test_a_report_whose_counts_do_not_add_up() -> None:
    with pytest.raises(Malformed):
        Report.from_json(
            {
                "outcome": "read", "report": False, "sent": 3, "accepted": 1, "rejected": 1,
                "warned": 0, "repeated": 0, "headings": [], "fields": {}, "counts": {},
            }
        )  # fmt: skip


def test_every_fault_has_its_own_bit_and_words_in_both_languages() -> None:
    bits = [fault.bit for fault in BY_CODE.values()]
    assert len(bits) == len(set(bits))
    for fault in BY_CODE.values():
        words = (fault.message_id, fault.message_en, fault.repair_id, fault.repair_en)
        assert all(sentence[-1] in ".!)" for sentence in words), fault.code
        assert len(set(words)) == 4
