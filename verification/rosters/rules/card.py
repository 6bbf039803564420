"""The membership card (KTA): a number is there, has a number's shape, and the card names this party.

That a number occurs once in the list is seen in `verification.rosters.rules.listwide`.

Next station: `verification.rosters.rules.catalogue`.
"""

from __future__ import annotations

import polars as pl

from verification.rosters.normalise import fold, fold_expr
from verification.rosters.rules.base import Row, Rule, Severity, Shape
from verification.rosters.rules.ruleset import RuleSet

_NUMBER = Shape("[0-9A-Za-z][0-9A-Za-z ./_-]{1,48}[0-9A-Za-z]")
_HAS_DIGIT = Shape("(?s:.)*[0-9](?s:.)*")


def _other_party(row: Row, rules: RuleSet) -> bool:
    named = fold(row["card_party"])
    return named != "" and named not in {fold(name) for name in rules.party_names}


def _other_party_expr(rules: RuleSet) -> pl.Expr:
    named = fold_expr(pl.col("card_party"))
    return (named != "") & ~named.is_in(sorted({fold(name) for name in rules.party_names}))


KTA_MISSING = Rule(
    code="kta.missing",
    bit=44,
    severity=Severity.ERROR,
    fields=("kta_number",),
    predicate=lambda row, _rules: row["kta_number"] == "",
    expression=lambda _rules: pl.col("kta_number") == "",
    near_miss=({"kta_number": ""}, {"kta_number": "-"}),
    message_id="Nomor KTA kosong.",
    message_en="The membership card number is empty.",
    repair_id="Isi nomor kartu tanda anggota seperti tertulis di kartu.",
    repair_en="Enter the number as it stands on the membership card.",
)

KTA_SHAPE = Rule(
    code="kta.shape",
    bit=45,
    severity=Severity.ERROR,
    fields=("kta_number",),
    needs=("kta.missing",),
    predicate=lambda row, _rules: (
        not (_NUMBER.fits(row["kta_number"]) and _HAS_DIGIT.fits(row["kta_number"]))
    ),
    expression=lambda _rules: ~(_NUMBER.fit("kta_number") & _HAS_DIGIT.fit("kta_number")),
    near_miss=(
        {"kta_number": "-"},
        {"kta_number": "P1"},
        {"kta_number": "P01"},
        {"kta_number": "TIDAK ADA"},
        {"kta_number": "1,23457E+11"},
        {"kta_number": "1.23457E+11"},
        {"kta_number": "0" * 50},
        {"kta_number": "0" * 51},
        {"kta_number": "P01-0001\n"},
        {"kta_number": "P01.2022/00-1 A_9"},
        {"kta_number": "P٠١"},
    ),
    message_id="Nomor KTA tidak terbaca sebagai nomor.",
    message_en="The membership card number does not read as a number.",
    repair_id="Tulis 3–50 huruf, angka, spasi atau tanda . / _ - dan sedikitnya satu angka.",
    repair_en="Write 3–50 letters, digits, spaces or . / _ - with at least one digit.",
)

CARD_PARTY_DIFFERS = Rule(
    code="card_party.differs",
    bit=4,
    severity=Severity.WARNING,
    fields=("card_party",),
    predicate=lambda row, rules: bool(rules.party_names) and _other_party(row, rules),
    expression=lambda rules: _other_party_expr(rules) if rules.party_names else pl.lit(value=False),
    near_miss=(
        {"card_party": "PARTAI CONTOH B"},
        {"card_party": "partai  contoh a"},
        {"card_party": "Partai-Contoh A."},
        {"card_party": "PARTAI CONTOH"},
        {"card_party": "..."},
        {"card_party": ""},
    ),
    message_id="Nama partai pada KTA berbeda dari nama partai ini.",
    message_en="The party named on the card is not this party.",
    repair_id="Periksa kartunya; biarkan bila itu nama lama atau singkatan partai ini.",
    repair_en="Check the card; leave it if it is an old name or abbreviation of this party.",
)

RULES = (KTA_MISSING, KTA_SHAPE, CARD_PARTY_DIFFERS)
