"""What only the whole list shows: a card number for two people, a NIK twice, a row sent twice.

Repeated NIK are a warning, never an error: the same person counts once (ganda identik), and the
party decides which row stays. Only rows without another error take part, so that a broken row
cannot push out a good one.

Each finding exists twice, as a frame's columns and as plain Python over rows; tests compare them.

Next station: `verification.rosters.rules.catalogue`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import polars as pl

from verification.rosters.blocks import twice
from verification.rosters.rules.base import Fault, Severity

KTA_REPEATED = Fault(
    code="kta.repeated",
    bit=21,
    severity=Severity.ERROR,
    fields=("kta_number",),
    message_id="Nomor KTA ini sudah dipakai anggota lain di daftar ini (baris {first_line}).",
    message_en="Another member of this list already has this card number (line {first_line}).",
    repair_id="Periksa kedua kartu; satu nomor hanya untuk satu orang.",
    repair_en="Check both cards; a number belongs to one person only.",
)

ROW_REF_REPEATED = Fault(
    code="row_ref.repeated",
    bit=22,
    severity=Severity.ERROR,
    fields=("row_ref",),
    message_id="row_ref ini sudah dipakai baris lain di berkas ini (baris {first_line}).",
    message_en="Another row of this file has the same row_ref (line {first_line}).",
    repair_id="Hapus salah satu baris, atau kosongkan row_ref pada baris yang baru.",
    repair_en="Delete one of the rows, or empty row_ref in the row that is new.",
)

NIK_REPEATED = Fault(
    code="nik.repeated",
    bit=7,
    severity=Severity.WARNING,
    fields=("nik",),
    message_id="NIK ini ada di lebih dari satu baris (ganda identik); orangnya dihitung sekali.",
    message_en="This NIK is in more than one row; the person counts once.",
    repair_id="Sisakan satu baris untuk tiap orang.",
    repair_en="Keep one row for each person.",
)

NIK_OTHER_NAME = Fault(
    code="nik.other_name",
    bit=8,
    severity=Severity.FLAG,
    fields=("nik", "name"),
    message_id="NIK ini ada di baris lain dengan nama lain; keduanya dihitung sebagai satu orang.",
    message_en="Another row has this NIK with another name; both count as one person.",
    repair_id="Bandingkan kedua baris dengan KTP-el; perbaiki NIK yang keliru.",
    repair_en="Compare both rows with the KTP-el; correct the NIK that is wrong.",
)

PERSON_REPEATED = Fault(
    code="person.repeated",
    bit=9,
    severity=Severity.FLAG,
    fields=("name", "birth_date"),
    message_id="Mungkin orang yang sama dengan baris lain: nama serupa, tanggal lahir dan kab/kota "
    "sama, NIK berbeda (potensi ganda).",
    message_en="This may be the person of another row: a like name, the same birth date and "
    "kab/kota, another NIK.",
    repair_id="Bandingkan kedua baris dengan KTP-el; sisakan satu bila orangnya sama.",
    repair_en="Compare both rows with the KTP-el; keep one if it is the same person.",
)

FAULTS = (KTA_REPEATED, ROW_REF_REPEATED, NIK_REPEATED, NIK_OTHER_NAME, PERSON_REPEATED)
# What a stored list is looked through for once more, whole (`verification.duplicates.within`).
REPEATS = NIK_REPEATED.flag | NIK_OTHER_NAME.flag | PERSON_REPEATED.flag


def judge_list(rows: pl.DataFrame) -> pl.DataFrame:
    """`line, errors, warnings, first_line` of the rows with something to say.

    `rows`: columns line, row_ref, kta_number, nik of the rows without an error so far, sorted by
    line. `first_line`: where the card number or row_ref stands for the first time, else 0.
    """
    again = rows.filter(
        twice(rows["kta_number"])
        | twice(rows["nik"])
        | (twice(rows["row_ref"]) & (rows["row_ref"] != ""))
    )
    marked = again.select(
        "line",
        "nik",
        kta_first=pl.col("line").first().over("kta_number"),
        kta_taken=pl.col("nik") != pl.col("nik").first().over("kta_number"),
        ref_first=pl.col("line").first().over("row_ref"),
        ref_taken=(pl.col("row_ref") != "")
        & (pl.col("line") != pl.col("line").first().over("row_ref")),
    )
    judged = marked.select(
        "line",
        "nik",
        errors=pl.col("kta_taken").cast(pl.Int64) * KTA_REPEATED.flag
        + pl.col("ref_taken").cast(pl.Int64) * ROW_REF_REPEATED.flag,
        first_line=pl.when("kta_taken")
        .then("kta_first")
        .when("ref_taken")
        .then("ref_first")
        .otherwise(0),
    )
    kept = pl.col("errors") == 0
    return judged.select(
        "line",
        "errors",
        "first_line",
        warnings=(kept & (kept.sum().over("nik") > 1)).cast(pl.Int64) * NIK_REPEATED.flag,
    )


def judge_rows(rows: Iterable[Mapping[str, str]]) -> list[tuple[int, int]]:
    """The same for plain rows: (errors, warnings) of each, in order."""
    cards: dict[str, str] = {}
    refs: set[str] = set()
    listed = list(rows)
    errors: list[int] = []
    for row in listed:
        mask = 0
        if cards.setdefault(row["kta_number"], row["nik"]) != row["nik"]:
            mask |= KTA_REPEATED.flag
        if row["row_ref"] and row["row_ref"] in refs:
            mask |= ROW_REF_REPEATED.flag
        refs.add(row["row_ref"])
        errors.append(mask)
    count = Counter(row["nik"] for row, mask in zip(listed, errors, strict=True) if not mask)
    return [
        (mask, NIK_REPEATED.flag if not mask and count[row["nik"]] > 1 else 0)
        for row, mask in zip(listed, errors, strict=True)
    ]
