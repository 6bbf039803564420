"""Where a member lives: codes that exist, fit into each other and lie in the list's scope.

Mistyped region codes silently hid a party's rows in 2022 (domain brief 5.1, no. 4), so every code
is an error the party hears of. Codes are read as `32`, `32.73`, `32.73.01`, with or without dots.

Next station: `verification.rosters.rules.catalogue`.
"""

from __future__ import annotations

import polars as pl

from verification.rosters.rules.base import Row, Rule, Severity, Shape
from verification.rosters.rules.ruleset import NATION, RuleSet

VILLAGE_LIMIT = 120
_STARTS_AS_CODE = Shape("[0-9](?s:.)*")


def _in_scope(row: Row, rules: RuleSet) -> bool:
    dotted = row["district_code"] + "."
    return any(code == NATION or dotted.startswith(f"{code}.") for code in rules.scope)


def _in_scope_expr(rules: RuleSet) -> pl.Expr:
    if NATION in rules.scope:
        return pl.lit(value=True)
    dotted = pl.col("district_code") + "."
    return pl.any_horizontal(dotted.str.starts_with(f"{code}.") for code in rules.scope)


def _parent_differs(row: Row, _rules: RuleSet) -> bool:
    district = row["district_code"]
    return (row["province_code"] not in ("", district[:2])) or (
        row["regency_code"] not in ("", district[:5])
    )


def _parent_differs_expr(_rules: RuleSet) -> pl.Expr:
    district, province, regency = (
        pl.col("district_code"),
        pl.col("province_code"),
        pl.col("regency_code"),
    )
    return ((province != "") & (province != district.str.head(2))) | (
        (regency != "") & (regency != district.str.head(5))
    )


def _village_differs(row: Row, _rules: RuleSet) -> bool:
    village = row["village"]
    if len(village) > VILLAGE_LIMIT:
        return True
    if not _STARTS_AS_CODE.fits(village):
        return False
    return len(village) != 13 or village[:9] != row["district_code"] + "."


def _village_differs_expr(_rules: RuleSet) -> pl.Expr:
    village = pl.col("village")
    wrong_code = (village.str.len_chars() != 13) | (
        village.str.head(9) != pl.col("district_code") + "."
    )
    return (village.str.len_chars() > VILLAGE_LIMIT) | (_STARTS_AS_CODE.fit(village) & wrong_code)


PROVINCE_UNKNOWN = Rule(
    code="province.unknown",
    bit=31,
    severity=Severity.ERROR,
    fields=("province_code",),
    predicate=lambda row, rules: (
        row["province_code"] != "" and row["province_code"] not in rules.regions.provinces
    ),
    expression=lambda rules: (
        (pl.col("province_code") != "")
        & ~pl.col("province_code").is_in(sorted(rules.regions.provinces))
    ),
    near_miss=(
        {"province_code": "99"},
        {"province_code": ""},
        {"province_code": "3"},
        {"province_code": "32.73"},
        {"province_code": "JAWA BARAT"},
        {"province_code": " "},
    ),
    message_id="Kode provinsi tidak ada di daftar wilayah.",
    message_en="The province code is not in the region table.",
    repair_id="Tulis kode dua angka, misalnya 32, sesuai daftar wilayah.",
    repair_en="Write the two-digit code, for example 32, as in the region table.",
)

REGENCY_UNKNOWN = Rule(
    code="regency.unknown",
    bit=32,
    severity=Severity.ERROR,
    fields=("regency_code",),
    predicate=lambda row, rules: (
        row["regency_code"] != "" and row["regency_code"] not in rules.regions.regencies
    ),
    expression=lambda rules: (
        (pl.col("regency_code") != "")
        & ~pl.col("regency_code").is_in(sorted(rules.regions.regencies))
    ),
    near_miss=(
        {"regency_code": "32.99"},
        {"regency_code": ""},
        {"regency_code": "32.7"},
        {"regency_code": "32.73.01"},
        {"regency_code": "99.73"},
    ),
    message_id="Kode kabupaten/kota tidak ada di daftar wilayah.",
    message_en="The regency code is not in the region table.",
    repair_id="Tulis kode seperti 32.73. Bila berakhir nol (32.10), jadikan kolomnya teks agar "
    "nolnya tidak hilang.",
    repair_en="Write a code like 32.73. If it ends in zero (32.10), format the column as text so "
    "that the zero is kept.",
)

DISTRICT_MISSING = Rule(
    code="district.missing",
    bit=33,
    severity=Severity.ERROR,
    fields=("district_code",),
    predicate=lambda row, _rules: row["district_code"] == "",
    expression=lambda _rules: pl.col("district_code") == "",
    near_miss=({"district_code": ""}, {"district_code": "0"}, {"district_code": "-"}),
    message_id="Kode kecamatan kosong.",
    message_en="The district code is empty.",
    repair_id="Isi kode kecamatan tempat tinggal, misalnya 32.73.01.",
    repair_en="Fill in the district of residence, for example 32.73.01.",
)

DISTRICT_UNKNOWN = Rule(
    code="district.unknown",
    bit=34,
    severity=Severity.ERROR,
    fields=("district_code",),
    needs=("district.missing",),
    predicate=lambda row, rules: row["district_code"] not in rules.regions.districts,
    expression=lambda rules: ~pl.col("district_code").is_in(sorted(rules.regions.districts)),
    near_miss=(
        {"district_code": "32.73.99"},
        {"district_code": "32.73.02"},
        {"district_code": "32.73.1"},
        {"district_code": "32.73"},
        {"district_code": "32.73.011"},
        {"district_code": "327301"},
        {"district_code": "٣٢.٧٣.٠١"},
    ),
    message_id="Kode kecamatan tidak ada di daftar wilayah.",
    message_en="The district code is not in the region table.",
    repair_id="Periksa kode pada daftar wilayah; pakai kode kecamatan yang berlaku sekarang.",
    repair_en="Check the code in the region table; use the district code valid today.",
)

REGION_HIERARCHY = Rule(
    code="region.hierarchy",
    bit=35,
    severity=Severity.ERROR,
    fields=("district_code", "regency_code", "province_code"),
    needs=("district.unknown", "regency.unknown", "province.unknown"),
    predicate=_parent_differs,
    expression=_parent_differs_expr,
    near_miss=(
        {"province_code": "11"},
        {"regency_code": "32.01"},
        {"regency_code": "11.01"},
        {"province_code": "11", "regency_code": "11.01"},
        {"province_code": "", "regency_code": ""},
        {"province_code": "", "regency_code": "11.01"},
    ),
    message_id="Kecamatan ini tidak berada di kabupaten/kota atau provinsi yang tertulis.",
    message_en="This district is not in the regency or province given.",
    repair_id="Samakan ketiga kode wilayah: 32, 32.73, 32.73.01.",
    repair_en="Make the three codes agree: 32, 32.73, 32.73.01.",
)

REGION_SCOPE = Rule(
    code="region.scope",
    bit=36,
    severity=Severity.ERROR,
    fields=("district_code",),
    needs=("district.unknown",),
    predicate=lambda row, rules: not _in_scope(row, rules),
    expression=lambda rules: ~_in_scope_expr(rules),
    near_miss=(
        {"province_code": "11", "regency_code": "11.01", "district_code": "11.01.01"},
        {"province_code": "32", "regency_code": "32.01", "district_code": "32.01.01"},
        {"province_code": "32", "regency_code": "32.73", "district_code": "32.73.02"},
    ),
    message_id="Wilayah baris ini di luar wilayah daftar yang diunggah ({scope}).",
    message_en="This row's region lies outside the region this list is for ({scope}).",
    repair_id="Unggah baris ini pada daftar wilayahnya, atau betulkan kodenya.",
    repair_en="Upload this row with the list of its own region, or correct the code.",
)

VILLAGE_DIFFERS = Rule(
    code="village.differs",
    bit=37,
    severity=Severity.ERROR,
    fields=("village", "district_code"),
    needs=("district.unknown",),
    predicate=_village_differs,
    expression=_village_differs_expr,
    near_miss=(
        {"village": "32.73.01.1001"},
        {"village": "32.73.02.1001"},
        {"village": "32.73.01.100"},
        {"village": "32.73.0111001"},
        {"village": "1001"},
        {"village": "DESA CONTOH 2"},
        {"village": "D" * VILLAGE_LIMIT},
        {"village": "D" * (VILLAGE_LIMIT + 1)},
        {"village": ""},
    ),
    message_id="Kode desa/kelurahan tidak berada di kecamatan yang tertulis.",
    message_en="The village code is not in the district given.",
    repair_id="Tulis kode sepuluh angka (32.73.01.1001), nama desa saja, atau kosongkan.",
    repair_en="Write the ten-digit code (32.73.01.1001), only the village's name, or leave it empty.",
)

RULES = (
    PROVINCE_UNKNOWN,
    REGENCY_UNKNOWN,
    DISTRICT_MISSING,
    DISTRICT_UNKNOWN,
    REGION_HIERARCHY,
    REGION_SCOPE,
    VILLAGE_DIFFERS,
)
