"""Empty lists to fill in: CSV and XLSX, with the headings the reader is sure of.

The workbook's cells are text from the start, which is what keeps a NIK whole, and its columns say
what they take: a list of a kabupaten/kota offers that one's kecamatan, a national one all there are.

Next station: filled in by a party, read by `verification.rosters.reader`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import xlsxwriter

from verification.rosters.columns import COLUMNS, Column
from verification.rosters.rules import EIGHT_FIELDS

ROWS = 20_000
CHOICES = {
    "sex": ["L", "P"],
    "marital_status": ["BELUM KAWIN", "KAWIN", "CERAI HIDUP", "CERAI MATI"],
}
FORMS = {
    "province_code": ("32", "two digits, 32"),
    "regency_code": ("32.73", "32.73"),
    "district_code": ("32.73.01", "32.73.01"),
    "village": ("32.73.01.1001 atau nama desa", "32.73.01.1001 or the village's name"),
    "kta_number": ("seperti tertulis di kartu", "as it stands on the card"),
    "card_party": ("nama partai pada kartu", "the party's name on the card"),
    "nik": ("16 angka", "16 digits"),
    "name": ("seperti di KTP-el", "as on the KTP-el"),
    "sex": ("L atau P", "L or P"),
    "birth_place": ("seperti di KTP-el", "as on the KTP-el"),
    "birth_date": ("13-05-1987", "13-05-1987"),
    "marital_status": ("belum kawin, kawin, cerai hidup, cerai mati", "the same four words"),
    "occupation": ("seperti di KTP-el", "as on the KTP-el"),
    "address": ("seperti di KTP-el", "as on the KTP-el"),
}
FILLED_IN: tuple[Column, ...] = tuple(column for column in COLUMNS if column.name != "row_ref")


LEVELS = {"province_code": "province", "regency_code": "regency", "district_code": "district"}
LEVEL_WORDS = {"province": "provinsi", "regency": "kabupaten/kota", "district": "kecamatan"}
CODES = "Kode wilayah"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A region that a list may name. `level`: province, regency, district."""

    code: str
    name: str
    level: str


def template_csv() -> bytes:
    """The heading row alone, UTF-8 with BOM, because spreadsheets guess cp1252 without one."""
    return _csv([[column.title_id for column in FILLED_IN]])


def codes_csv(places: Sequence[Place]) -> bytes:
    """The codes of a list's regions, which a CSV template has no second sheet for."""
    return _csv([["Kode", "Wilayah", "Tingkat"], *(_cells(place) for place in places)])


def template_xlsx(
    places: Sequence[Place] = (), required: Collection[str] = EIGHT_FIELDS.fields
) -> bytes:
    """A workbook: a sheet to fill in, one that explains, and the codes of `places` to choose from.

    `required`: the fields of the matching preset in force.
    """
    ordered = sorted(places, key=lambda place: (list(LEVEL_WORDS).index(place.level), place.code))
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        text = book.add_format({"num_format": "@"})
        bold = book.add_format({"num_format": "@", "bold": True, "bottom": 1})
        sheet = book.add_worksheet("Anggota")
        sheet.freeze_panes(1, 0)
        for number, column in enumerate(FILLED_IN):
            sheet.set_column(number, number, 20, text)
            sheet.write_string(0, number, column.title_id, bold)
            choice = _choice(column, ordered)
            if choice:
                sheet.data_validation(1, number, ROWS, number, choice)
        _explain(book, required)
        if ordered:
            _write(book, CODES, [("Kode", "Wilayah", "Tingkat"), *map(_cells, ordered)], text)
    return out.getvalue()


def _choice(column: Column, places: Sequence[Place]) -> dict[str, Any] | None:
    """What a column's cells take, as the workbook checks it."""
    name = column.title_id
    if column.name in CHOICES:
        words = CHOICES[column.name]
        message = f"Isi salah satu: {', '.join(words)}"
        return {"validate": "list", "source": words, "error_title": name, "error_message": message}
    if column.name == "nik":
        return {
            "validate": "length",
            "criteria": "==",
            "value": 16,
            "error_title": name,
            "error_message": "NIK tepat 16 angka, sebagai teks.",
        }
    at = [row for row, place in enumerate(places, 2) if place.level == LEVELS.get(column.name)]
    if not at:
        return None
    return {
        "validate": "list",
        "source": f"='{CODES}'!$A${at[0]}:$A${at[-1]}",
        "error_title": name,
        "error_message": f"Pilih salah satu kode dari lembar {CODES}.",
    }


def _explain(book: xlsxwriter.Workbook, required: Collection[str]) -> None:
    rows = [("Kolom", "Wajib", "Bentuk", "Column", "Form")]
    for column in FILLED_IN:
        needed = column.needed or column.name in required
        form_id, form_en = FORMS[column.name]
        rows.append((column.title_id, "ya" if needed else "", form_id, column.title_en, form_en))
    _write(book, "Petunjuk", rows, None)


def _write(book: xlsxwriter.Workbook, title: str, rows: Sequence[Sequence[str]], form: Any) -> None:
    """A sheet of text whose first row is its heading."""
    sheet = book.add_worksheet(title)
    bold = book.add_format({"bold": True})
    sheet.set_column(0, len(rows[0]) - 1, 32, form)
    for number, row in enumerate(rows):
        for place, cell in enumerate(row):
            sheet.write_string(number, place, cell, bold if number == 0 else form)


def _cells(place: Place) -> tuple[str, str, str]:
    return place.code, place.name, LEVEL_WORDS[place.level]


def _csv(rows: Iterable[Sequence[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()
