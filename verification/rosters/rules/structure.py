"""Faults of a row whose cells cannot be told apart, found before any rule can look at it.

Line numbers are those of the file, the heading's line included, so that they agree with what a
spreadsheet or an editor shows.

Next station: `verification.rosters.rules.catalogue`.
"""

from __future__ import annotations

from verification.rosters.rules.base import Fault, Severity

ROW_SHORT = Fault(
    code="row.short",
    bit=16,
    severity=Severity.ERROR,
    fields=(),
    message_id="Baris ini berisi lebih sedikit kolom daripada judulnya.",
    message_en="This row has fewer columns than the heading.",
    repair_id="Lengkapi kolom yang kurang; sel kosong pun perlu pemisahnya.",
    repair_en="Add the missing columns; even an empty cell needs its separator.",
)

ROW_LONG = Fault(
    code="row.long",
    bit=17,
    severity=Severity.ERROR,
    fields=(),
    message_id="Baris ini berisi lebih banyak kolom daripada judulnya.",
    message_en="This row has more columns than the heading.",
    repair_id="Biasanya ada pemisah di dalam isi sel, misalnya koma pada alamat: apit isi itu "
    "dengan tanda kutip ganda, atau hapus pemisahnya.",
    repair_en="Usually a separator stands inside a cell, such as a comma in an address: put that "
    "cell in double quotes, or remove the separator.",
)

ROW_UNCLOSED = Fault(
    code="row.unclosed",
    bit=18,
    severity=Severity.ERROR,
    fields=(),
    message_id="Tanda kutip ganda pada baris ini dibuka tetapi tidak ditutup.",
    message_en="A double quote opened in this row is never closed.",
    repair_id="Tutup tanda kutipnya, atau hapus bila bukan bagian isi.",
    repair_en="Close the quote, or remove it if it is no part of the value.",
)

ROW_UNDECODABLE = Fault(
    code="row.undecodable",
    bit=19,
    severity=Severity.ERROR,
    fields=(),
    message_id="Baris ini memuat huruf yang tidak terbaca (pengodean berkas rusak).",
    message_en="This row holds characters that cannot be read (broken encoding).",
    repair_id="Ketik ulang huruf yang rusak dan simpan berkas sebagai CSV UTF-8.",
    repair_en="Retype the broken characters and save the file as CSV UTF-8.",
)

NIK_NUMERIC = Fault(
    code="nik.numeric",
    bit=20,
    severity=Severity.ERROR,
    fields=("nik",),
    message_id="NIK pada sel ini tersimpan sebagai bilangan; angka terakhirnya mungkin sudah "
    "berubah menjadi 0.",
    message_en="The NIK in this cell is stored as a number; its last digit may have become 0.",
    repair_id="Jadikan selnya teks, lalu isi kembali 16 angka NIK dari sumber asli.",
    repair_en="Format the cell as text, then enter the 16 digits again from the source.",
)

FAULTS = (ROW_SHORT, ROW_LONG, ROW_UNCLOSED, ROW_UNDECODABLE, NIK_NUMERIC)
