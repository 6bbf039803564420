"""A ZIP archive with several lists is one list; each row says which it came from."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from tests.rosters import DISTRICTS, people, run_child, write_rows
from verification.checks.reasons import describe
from verification.rosters.accepted import accepted_frame
from verification.rosters.handover import Report, rejected_rows
from verification.rosters.synthetic import synthetic_list, write_csv, write_xlsx
from verification.sandbox.job import Refuse


def pack(path: Path, **content: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name.replace("__", "."), data)
    return path


def test_lists_of_both_kinds_and_any_order_of_columns(tmp_path: Path) -> None:
    members = synthetic_list(120, seed=4, districts=DISTRICTS, bad=0.1, warned=0)
    book = write_xlsx(tmp_path / "a.xlsx", members).read_bytes()
    other = synthetic_list(80, seed=5, districts=DISTRICTS, bad=0.1, warned=0, card="P02")
    text = write_csv(tmp_path / "b", other, separator=";", encoding="utf-16").read_bytes()
    source = pack(tmp_path / "all.zip", daftar__xlsx=book, lain__csv=text, catatan__md=b"# hi")
    report = Report.from_json(run_child(source, tmp_path / "out"))
    bad = len(members.bad()) + len(other.bad())
    assert (report.sent, report.rejected) == (200, bad)
    assert report.headings[0] == "Asal berkas"
    origins = {row.cells[0] for row in rejected_rows(tmp_path / "out" / "rejected.jsonl")}
    expected = {f"1 daftar.xlsx: {line}" for line in members.bad()}
    expected |= {f"2 lain.csv: {line}" for line in other.bad()}
    assert origins == expected
    lines = accepted_frame(tmp_path / "out" / "accepted.csv")["line"]
    assert lines.is_sorted()
    assert lines.n_unique() == 200 - bad


def test_a_row_with_too_many_cells_says_where_it_is(tmp_path: Path) -> None:
    first = write_rows(tmp_path / "a", people(3)).read_bytes()
    second = write_rows(tmp_path / "b", people(4)[3:]).read_bytes() + b"1,2\n"
    run_child(pack(tmp_path / "all.zip", a__csv=first, b__csv=second), tmp_path / "out")
    (broken,) = rejected_rows(tmp_path / "out" / "rejected.jsonl")
    assert broken.cells[0] == "2 b.csv: 3"


def test_the_same_card_in_two_of_its_lists_is_found(tmp_path: Path) -> None:
    first = write_rows(tmp_path / "a", people(2)).read_bytes()
    again = write_rows(tmp_path / "b", people(1, nik="3273015305871234")).read_bytes()
    source = pack(tmp_path / "all.zip", a__csv=first, b__csv=again)
    report = Report.from_json(run_child(source, tmp_path / "out"))
    assert json.dumps(report.counts) == '{"kta.repeated": 1}'


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({"foto__jpg": b"x"}, "list.zip_empty"),
        ({"a__csv": b"  \n"}, "list.empty"),
        ({"a__csv": b"%PDF-1.7"}, "list.other_type"),
        ({"a__csv": b"NIK,Nama\n1,A\n", "b__csv": b"NIK,Alamat\n1,A\n"}, "list.zip_differs"),
        ({"a__xlsx": b"PK\x03\x04 no workbook"}, "list.unreadable_zip"),
        ({"a__csv": b"NIK,Nama\n" + b" " * 5_000_000}, "list.zip_bomb"),
    ],
    ids=["nothing", "blank", "other type", "other headings", "damaged", "bomb"],
)
def test_what_no_archive_of_lists_holds(
    tmp_path: Path, content: dict[str, bytes], code: str
) -> None:
    with pytest.raises(Refuse) as refusal:
        run_child(pack(tmp_path / "all.zip", **content), tmp_path / "out")
    assert refusal.value.code == code


def test_a_list_that_cannot_be_read_is_named_by_its_number(tmp_path: Path) -> None:
    source = pack(tmp_path / "all.zip", a__csv=b"NIK,Nama\n1,A\n", b__csv=b"apa,saja\n1,2\n")
    with pytest.raises(Refuse) as refusal:
        run_child(source, tmp_path / "out")
    said = describe(refusal.value.code, refusal.value.params, "id").message
    assert said == (
        "Daftar ke-2 dalam arsip ini: Baris judul kolom tidak ditemukan pada dua puluh baris "
        "pertama."
    )


def test_numbers_in_a_workbook_of_the_archive_are_known(tmp_path: Path) -> None:
    members = synthetic_list(60, seed=4, districts=DISTRICTS, bad=0, warned=0)
    book = write_xlsx(tmp_path / "a.xlsx", members, numbers=True).read_bytes()
    with pytest.raises(Refuse) as refusal:
        run_child(pack(tmp_path / "all.zip", a__xlsx=book), tmp_path / "out")
    assert refusal.value.code == "list.nik_numeric"
