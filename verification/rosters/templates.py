"""Empty lists to fill in: CSV and XLSX, with the headings the reader is sure of.

The workbook's cells are text from the start, which is what keeps a NIK whole, and its columns say
what they take.

Next station: filled in by a party, read by `verification.rosters.reader`.
"""

from __future__ import annotations

import csv
import io

import xlsxwriter

from verification.rosters.columns import COLUMNS, Column
from verification.rosters.rules import RuleSet

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


def template_csv() -> bytes:
    """The heading row alone, UTF-8 with BOM, because spreadsheets guess cp1252 without one."""
    out = io.StringIO(newline="")
    csv.writer(out).writerow([column.title_id for column in FILLED_IN])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def template_xlsx(rules: RuleSet | None = None) -> bytes:
    """A workbook with a sheet to fill in and one that explains. `rules`: which cells are required."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        text = book.add_format({"num_format": "@"})
        bold = book.add_format({"num_format": "@", "bold": True, "bottom": 1})
        sheet = book.add_worksheet("Anggota")
        sheet.freeze_panes(1, 0)
        for number, column in enumerate(FILLED_IN):
            sheet.set_column(number, number, 20, text)
            sheet.write_string(0, number, column.title_id, bold)
            if column.name in CHOICES:
                sheet.data_validation(
                    1,
                    number,
                    ROWS,
                    number,
                    {
                        "validate": "list",
                        "source": CHOICES[column.name],
                        "error_title": column.title_id,
                        "error_message": f"Isi salah satu: {', '.join(CHOICES[column.name])}",
                    },
                )
            elif column.name == "nik":
                sheet.data_validation(
                    1,
                    number,
                    ROWS,
                    number,
                    {
                        "validate": "length",
                        "criteria": "==",
                        "value": 16,
                        "error_title": "NIK",
                        "error_message": "NIK tepat 16 angka, sebagai teks.",
                    },
                )
        _explain(book, rules)
    return out.getvalue()


def _explain(book: xlsxwriter.Workbook, rules: RuleSet | None) -> None:
    required = rules.required if rules else frozenset()
    sheet = book.add_worksheet("Petunjuk")
    bold = book.add_format({"bold": True})
    sheet.set_column(0, 4, 32)
    for number, title in enumerate(("Kolom", "Wajib", "Bentuk", "Column", "Form")):
        sheet.write_string(0, number, title, bold)
    for number, column in enumerate(FILLED_IN, 1):
        needed = column.needed or column.name in required
        form_id, form_en = FORMS[column.name]
        cells = (column.title_id, "ya" if needed else "", form_id, column.title_en, form_en)
        for place, cell in enumerate(cells):
            sheet.write_string(number, place, cell)
