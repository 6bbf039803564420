"""Templates the reader is sure of, words for every code, headings matched tolerantly."""

from __future__ import annotations

import ast
import io
import string
from pathlib import Path

import openpyxl
import pytest

from tests.rosters import VALID_ROW, run_child, small_rules
from verification.rosters import columns
from verification.rosters.columns import FIELDS, match_columns
from verification.rosters.reason_texts import LIST_REASONS
from verification.rosters.rules import BY_CODE, EIGHT_FIELDS, FOUR_FIELDS, Preset, judge
from verification.rosters.templates import (
    FILLED_IN,
    Place,
    codes_csv,
    template_csv,
    template_xlsx,
)
from verification.rosters.texts import (
    placeholders_of,
    problems_of_errors,
    problems_of_warnings,
)

PLACES = [
    Place(code="32.73.01", name="Kecamatan Contoh", level="district"),
    Place(code="32", name="Provinsi Contoh", level="province"),
    Place(code="32.73", name="Kota Contoh", level="regency"),
    Place(code="32.73.02", name="Kecamatan Lain", level="district"),
]
ROSTERS = Path(columns.__file__).parent


def test_a_filled_in_csv_template_is_read(tmp_path: Path) -> None:
    row = ",".join(VALID_ROW[column.name] for column in FILLED_IN)
    (tmp_path / "source").write_bytes(template_csv() + row.encode() + b"\r\n")
    assert run_child(tmp_path / "source", tmp_path / "out")["accepted"] == 1


def test_a_filled_in_workbook_template_is_read(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(io.BytesIO(template_xlsx(PLACES)))
    sheet = book["Anggota"]
    # Columns of one format are stored as one range under its first letter.
    as_text = sheet.column_dimensions["A"]
    assert (as_text.number_format, as_text.max) == ("@", len(FILLED_IN))
    for number, column in enumerate(FILLED_IN, 1):
        sheet.cell(2, number, VALID_ROW[column.name])
    book.save(tmp_path / "source")
    assert run_child(tmp_path / "source", tmp_path / "out")["accepted"] == 1


@pytest.mark.parametrize(("preset", "asked"), [(EIGHT_FIELDS, "ya"), (FOUR_FIELDS, None)])
def test_a_workbook_template_says_what_the_preset_asks_for(
    preset: Preset, asked: str | None
) -> None:
    book = openpyxl.load_workbook(io.BytesIO(template_xlsx((), preset.fields)))
    told = {row[0].value: row[1].value or None for row in book["Petunjuk"].iter_rows(min_row=2)}
    assert (told["NIK"], told["Alamat"]) == ("ya", asked)


def test_a_workbook_template_offers_the_codes_of_its_regions() -> None:
    book = openpyxl.load_workbook(io.BytesIO(template_xlsx(PLACES)))
    codes = [row[0].value for row in book["Kode wilayah"].iter_rows(min_row=2)]
    assert codes == ["32", "32.73", "32.73.01", "32.73.02"]
    offered = {
        str(each.sqref).split(":")[0]: each.formula1
        for each in book["Anggota"].data_validations.dataValidation
        if each.type == "list"
    }
    assert offered["A2"] == "'Kode wilayah'!$A$2:$A$2"
    assert offered["C2"] == "'Kode wilayah'!$A$4:$A$5"
    assert codes_csv(PLACES).decode("utf-8-sig").splitlines()[1:3] == [
        "32.73.01,Kecamatan Contoh,kecamatan", "32,Provinsi Contoh,provinsi",
    ]  # fmt: skip


def test_every_refusal_of_a_file_has_words() -> None:
    written = {
        node.value
        for path in ROSTERS.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.startswith("list.")
        and " " not in node.value
    }
    assert written == set(LIST_REASONS)


def test_words_name_only_what_a_rule_set_or_the_list_can_fill() -> None:
    known = {*small_rules().placeholders(), "first_line"}
    assert set().union(*(placeholders_of(fault) for fault in BY_CODE.values())) <= known
    for texts in LIST_REASONS.values():
        names = {
            frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name)
            for text in (texts.id_message, texts.en_message)
        }
        assert len(names) == 1


def test_a_stored_error_is_said_in_both_languages() -> None:
    stored = [
        {"code": "region.scope", "column": "Kode Kec", "params": {"scope": "32.73"}},
        {"code": "gone.by_now", "column": "", "params": {}},
    ]
    (indonesian,) = problems_of_errors(stored, "id")
    (english,) = problems_of_errors(stored, "en_GB")
    assert indonesian.column == "Kode Kec"
    assert indonesian.message.endswith("daftar yang diunggah (32.73).")
    assert "(32.73)" in english.message


def test_a_members_warnings_are_said() -> None:
    rules = small_rules()
    mask = judge(VALID_ROW | {"birth_date": "2010-01-01", "marital_status": "BELUM KAWIN"}, rules)
    said = problems_of_warnings(mask, "id", rules.placeholders())
    assert [problem.code for problem in said] == ["nik.birth_differs", "age.under"]
    assert "17 tahun pada 14-08-2022" in said[1].message


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("No. KTA", "kta_number"),
        ("NOMOR  KTA*", "kta_number"),
        ("N.I.K", None),
        ("No_KTP-el", "nik"),
        ("Tgl. Lahir (dd/mm/yyyy)", None),
        ("TANGGAL LAHIR", "birth_date"),
        ("Jns_Kelamin", "sex"),
        ("L/P", "sex"),
        ("Kode Kab./Kota", "regency_code"),
        ("Status Perkawinan (B/S/P)", "marital_status"),
        ("Keterangan", None),
    ],
)
def test_headings_people_write(heading: str, field: str | None) -> None:
    found = match_columns([heading], [[]], frozenset()).matches[0]
    assert (found.field if found.sure else None) == field


def test_a_heading_near_a_known_one_is_asked_about_not_taken() -> None:
    found = match_columns(["Tgl. Lahir (dd/mm/yyyy)", "Keterangan"], [["1-2-1990"], []], ())
    assert [(match.field, match.sure) for match in found.matches] == [
        ("birth_date", False),
        (None, True),
    ]
    assert found.matches[0].samples == ("1-2-1990",)


def test_two_equal_headings_are_asked_about() -> None:
    found = match_columns(["NIK", "NIK", "Nama"], [["1"], ["2"], ["A"]], ())
    assert found.indices == {"nik": 0, "name": 2}
    assert [match.sure for match in found.matches] == [False, True, True]


@pytest.mark.parametrize(
    ("headings", "samples", "taken"),
    [
        (("Kecamatan", "Kode Kecamatan"), (["ANDIR"], ["32.73.01"]), 1),
        (("Kecamatan", "Kode Kec."), (["ANDIR"], ["32.73.01"]), 1),
        (("Kode Kec.", "Kecamatan"), (["32.73.01"], ["ANDIR"]), 0),
        (("Kode Wilayah", "Kode Kecamatan"), (["32.73.01"], ["32.73.01"]), 1),
        (("No KTP", "NIK"), (["3273015305870001"], [""]), 0),
        (("No Identitas", "NIK"), (["1"], ["3273015305870001"]), 1),
    ],
)
def test_of_several_columns_for_a_field_the_one_that_holds_it_is_taken(
    headings: tuple[str, ...], samples: tuple[list[str], ...], taken: int
) -> None:
    found = match_columns(headings, samples, ())
    assert list(found.indices.values()) == [taken]
    assert all(match.sure for match in found.matches)


def test_synonyms_lead_to_one_field_each() -> None:
    everything = [synonym for column in columns.COLUMNS for synonym in column.synonyms]
    assert len(everything) == len(set(everything))
    assert len(FIELDS) == len(set(FIELDS))
