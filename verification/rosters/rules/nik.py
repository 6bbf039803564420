"""The NIK: 16 digits = region of first registration, DDMMYY (women DD+40), serial (domain brief 3.2).

Impossible values are errors. What only disagrees with the record is a warning: a NIK never follows
a move and is never reissued when a birth date is corrected, so an error would refuse real people.

Next station: `verification.rosters.rules.catalogue`.
"""

from __future__ import annotations

import polars as pl

from verification.rosters.rules.base import Row, Rule, Severity, Shape
from verification.rosters.rules.ruleset import RuleSet

_SIXTEEN = Shape("[0-9]{16}")
_SCIENTIFIC = Shape(r"[0-9](?:[.,][0-9]*)?[eE]\+?[0-9]{1,3}")
_LOST_DIGITS = Shape(r"[0-9]{10,15}|[0-9]{10,16}[.,]0+")
_ALL_MONTHS = "(?:0[1-9]|1[0-2])"
_DAY_28 = "(?:0[1-9]|1[0-9]|2[0-8]|4[1-9]|5[0-9]|6[0-8])"
_DAY_30 = "(?:29|30|69|70)"
_DAY_31 = "(?:31|71)"
_LEAP = "(?:[02468][048]|[13579][26])"
_REAL_DATE = Shape(
    "[0-9]{6}(?:"
    f"{_DAY_28}{_ALL_MONTHS}[0-9]{{2}}"
    f"|{_DAY_30}(?:0[13-9]|1[0-2])[0-9]{{2}}"
    f"|{_DAY_31}(?:0[13578]|1[02])[0-9]{{2}}"
    f"|(?:29|69)02{_LEAP}"
    ")[0-9]{4}"
)


def _region_known(row: Row, rules: RuleSet) -> bool:
    return row["nik"][:6] in rules.regions.nik_starts


def _born_otherwise(row: Row, _rules: RuleSet) -> bool:
    nik, birth = row["nik"], row["birth_date"]
    day = int(nik[6:8]) % 40
    return day != int(birth[8:10]) or nik[8:12] != birth[5:7] + birth[2:4]


def _born_otherwise_expr(_rules: RuleSet) -> pl.Expr:
    nik, birth = pl.col("nik"), pl.col("birth_date")
    day = nik.str.slice(6, 2).cast(pl.Int32, strict=False) % 40
    recorded = birth.str.slice(8, 2).cast(pl.Int32, strict=False)
    month_year = birth.str.slice(5, 2) + birth.str.slice(2, 2)
    return (day != recorded) | (nik.str.slice(8, 4) != month_year)


NIK_MISSING = Rule(
    code="nik.missing",
    bit=38,
    severity=Severity.ERROR,
    fields=("nik",),
    predicate=lambda row, _rules: row["nik"] == "",
    expression=lambda _rules: pl.col("nik") == "",
    near_miss=({"nik": ""}, {"nik": "0"}, {"nik": "-"}),
    message_id="NIK kosong.",
    message_en="The NIK is empty.",
    repair_id="Isi 16 angka NIK sesuai KTP-el atau KK.",
    repair_en="Fill in the 16 digits as on the KTP-el or family card.",
)

NIK_SCIENTIFIC = Rule(
    code="nik.scientific",
    bit=39,
    severity=Severity.ERROR,
    fields=("nik",),
    predicate=lambda row, _rules: _SCIENTIFIC.fits(row["nik"]),
    expression=lambda _rules: _SCIENTIFIC.fit("nik"),
    near_miss=(
        {"nik": "3,27101E+15"},
        {"nik": "3.27101E+15"},
        {"nik": "3.27E15"},
        {"nik": "3,27101e+15"},
        {"nik": "3E+15"},
        {"nik": "3,27101E-15"},
        {"nik": "32,7101E+15"},
        {"nik": "3,27101E+15\n"},
        {"nik": "٣,27101E+15"},
    ),
    message_id="NIK rusak oleh program lembar kerja (ditulis sebagai bilangan berpangkat).",
    message_en="The NIK was damaged by a spreadsheet (written in scientific notation).",
    repair_id="Angka aslinya tidak dapat dipulihkan dari sel ini. Jadikan kolom NIK teks, lalu isi "
    "kembali 16 angkanya dari sumber asli.",
    repair_en="The digits cannot be recovered from this cell. Format the NIK column as text and "
    "enter the 16 digits again from the source.",
)

NIK_LOST_DIGITS = Rule(
    code="nik.lost_digits",
    bit=40,
    severity=Severity.ERROR,
    fields=("nik",),
    predicate=lambda row, _rules: _LOST_DIGITS.fits(row["nik"]),
    expression=lambda _rules: _LOST_DIGITS.fit("nik"),
    near_miss=(
        {"nik": "327301530587001"},
        {"nik": "3273015305"},
        {"nik": "327301530"},
        {"nik": "3273015305870001.0"},
        {"nik": "3273015305870001,00"},
        {"nik": "3273015305870001."},
        {"nik": "3273015305870001.5"},
        {"nik": "32730153058700012"},
    ),
    message_id="NIK kehilangan angka: kurang dari 16 angka, atau dianggap bilangan.",
    message_en="The NIK has lost digits: fewer than 16, or it was taken for a number.",
    repair_id="Isi lengkap 16 angka sesuai KTP-el; kolomnya harus berformat teks.",
    repair_en="Enter all 16 digits as on the KTP-el; the column must be formatted as text.",
)

NIK_SHAPE = Rule(
    code="nik.shape",
    bit=41,
    severity=Severity.ERROR,
    fields=("nik",),
    needs=("nik.missing", "nik.scientific", "nik.lost_digits"),
    predicate=lambda row, _rules: not _SIXTEEN.fits(row["nik"]),
    expression=lambda _rules: ~_SIXTEEN.fit("nik"),
    near_miss=(
        {"nik": "3273015305870002"},
        {"nik": "32730153058700011"},
        {"nik": "327301530"},
        {"nik": "327301530587000O"},
        {"nik": "3273015305870001x"},
        {"nik": "٣٢٧٣٠١٥٣٠٥٨٧٠٠٠١"},
        {"nik": "3273015305870001\n"},
        {"nik": "32.7301530587001"},
    ),
    message_id="NIK bukan 16 angka.",
    message_en="The NIK is not 16 digits.",
    repair_id="Isi tepat 16 angka, tanpa huruf dan tanda baca.",
    repair_en="Enter exactly 16 digits, no letters or punctuation.",
)

NIK_DATE = Rule(
    code="nik.date",
    bit=42,
    severity=Severity.ERROR,
    fields=("nik",),
    needs=("nik.shape",),
    predicate=lambda row, _rules: not _REAL_DATE.fits(row["nik"]),
    expression=lambda _rules: ~_REAL_DATE.fit("nik"),
    near_miss=(
        {"nik": "3273010005870001"},
        {"nik": "3273013105870001"},
        {"nik": "3273013205870001"},
        {"nik": "3273014005870001"},
        {"nik": "3273014105870001"},
        {"nik": "3273017105870001"},
        {"nik": "3273017205870001"},
        {"nik": "3273017104870001"},
        {"nik": "3273017004870001"},
        {"nik": "3273013104870001"},
        {"nik": "3273012902870001"},
        {"nik": "3273012902880001"},
        {"nik": "3273016902000001"},
        {"nik": "3273013002880001"},
        {"nik": "3273011300870001"},
        {"nik": "3273011313870001"},
    ),
    message_id="Tanggal lahir di dalam NIK (angka ke-7 sampai ke-12) tidak mungkin.",
    message_en="The birth date inside the NIK (digits 7 to 12) is impossible.",
    repair_id="Cocokkan NIK dengan KTP-el; biasanya ada angka tertukar.",
    repair_en="Compare the NIK with the KTP-el; usually two digits are swapped.",
)

NIK_SERIAL = Rule(
    code="nik.serial",
    bit=43,
    severity=Severity.ERROR,
    fields=("nik",),
    needs=("nik.shape",),
    predicate=lambda row, _rules: row["nik"].endswith("0000"),
    expression=lambda _rules: pl.col("nik").str.ends_with("0000"),
    near_miss=(
        {"nik": "3273015305870000"},
        {"nik": "3273015305870010"},
        {"nik": "3273015305871000"},
    ),
    message_id="Nomor urut NIK 0000 tidak pernah diterbitkan.",
    message_en="The NIK's serial 0000 is never issued.",
    repair_id="Isi empat angka terakhir sesuai KTP-el.",
    repair_en="Enter the last four digits as on the KTP-el.",
)

NIK_REGION_UNKNOWN = Rule(
    code="nik.region_unknown",
    bit=0,
    severity=Severity.WARNING,
    fields=("nik",),
    needs=("nik.shape",),
    predicate=lambda row, rules: not _region_known(row, rules),
    expression=lambda rules: ~pl.col("nik").str.head(6).is_in(sorted(rules.regions.nik_starts)),
    near_miss=(
        {"nik": "3273995305870001"},
        {"nik": "3273025305870001"},
        {"nik": "1199015305870001"},
        {"nik": "0000005305870001"},
    ),
    message_id="Enam angka pertama NIK bukan kode wilayah yang kami kenal; mungkin wilayah lama.",
    message_en="The NIK's first six digits are no region we know; it may be a dissolved one.",
    repair_id="Tidak perlu diubah bila sama dengan KTP-el.",
    repair_en="Leave it if it is the same on the KTP-el.",
)

NIK_REGION_ELSEWHERE = Rule(
    code="nik.region_elsewhere",
    bit=1,
    severity=Severity.WARNING,
    fields=("nik", "district_code"),
    needs=("nik.shape", "nik.region_unknown", "district.unknown"),
    predicate=lambda row, _rules: (
        row["nik"][:2] + "." + row["nik"][2:4] != row["district_code"][:5]
    ),
    expression=lambda _rules: (
        pl.col("nik").str.head(2) + "." + pl.col("nik").str.slice(2, 2)
        != pl.col("district_code").str.head(5)
    ),
    near_miss=(
        {"nik": "3201015305870001"},
        {"nik": "1101015305870001"},
        {"nik": "3273025305870001"},
    ),
    message_id="NIK diterbitkan di kabupaten/kota lain; wajar bila anggota pernah pindah.",
    message_en="The NIK was issued in another regency; normal for members who have moved.",
    repair_id="Tidak perlu diubah bila sama dengan KTP-el.",
    repair_en="Leave it if it is the same on the KTP-el.",
)

NIK_BIRTH_DIFFERS = Rule(
    code="nik.birth_differs",
    bit=2,
    severity=Severity.WARNING,
    fields=("nik", "birth_date"),
    needs=("nik.date", "birth_date.unreadable"),
    predicate=_born_otherwise,
    expression=_born_otherwise_expr,
    near_miss=(
        {"nik": "3273015405870001"},
        {"nik": "3273015306870001"},
        {"nik": "3273015305880001"},
        {"nik": "3273011305870001"},
        {"nik": "3273011305870001", "sex": "L"},
        {"birth_date": "1887-05-13"},
        {"nik": "3273017105870001", "birth_date": "1987-05-31"},
    ),
    message_id="Tanggal lahir di dalam NIK berbeda dari kolom tanggal lahir.",
    message_en="The birth date inside the NIK differs from the birth date column.",
    repair_id="Cocokkan keduanya dengan KTP-el; biarkan bila memang begitu di KTP-el.",
    repair_en="Compare both with the KTP-el; leave them if the KTP-el says so.",
)

NIK_SEX_DIFFERS = Rule(
    code="nik.sex_differs",
    bit=3,
    severity=Severity.WARNING,
    fields=("nik", "sex"),
    needs=("nik.date", "sex.unknown"),
    predicate=lambda row, _rules: (row["nik"][6:8] > "40") != (row["sex"] == "P"),
    expression=lambda _rules: (pl.col("nik").str.slice(6, 2) > "40") != (pl.col("sex") == "P"),
    near_miss=(
        {"sex": "L"},
        {"nik": "3273011305870001"},
        {"nik": "3273013105870001", "sex": "L"},
        {"nik": "3273014105870001", "sex": "L"},
        {"nik": "3273014105870001", "sex": "P"},
    ),
    message_id="Jenis kelamin menurut NIK berbeda dari kolom jenis kelamin.",
    message_en="The sex encoded in the NIK differs from the sex column.",
    repair_id="Cocokkan keduanya dengan KTP-el; biarkan bila memang begitu di KTP-el.",
    repair_en="Compare both with the KTP-el; leave them if the KTP-el says so.",
)

RULES = (
    NIK_MISSING,
    NIK_SCIENTIFIC,
    NIK_LOST_DIGITS,
    NIK_SHAPE,
    NIK_DATE,
    NIK_SERIAL,
    NIK_REGION_UNKNOWN,
    NIK_REGION_ELSEWHERE,
    NIK_BIRTH_DIFFERS,
    NIK_SEX_DIFFERS,
)
