"""Deliberate mistakes in the polars expressions: every one must be noticed by the near-miss values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import polars as pl
import pytest

from tests.rosters import VALID_ROW, small_rules
from verification.rosters.columns import FIELDS
from verification.rosters.normalise import fold_expr
from verification.rosters.rules import BY_CODE, RULES, Rule, RuleSet, judge, judge_frame
from verification.rosters.rules.ruleset import FOUR_FIELDS

Expression = Callable[[RuleSet], pl.Expr]
RULESETS = (small_rules(), small_rules(scope=("32.73",), required=FOUR_FIELDS.fields))


def col(name: str) -> pl.Expr:
    return pl.col(name)


def original(code: str, rules: RuleSet) -> pl.Expr:
    rule = BY_CODE[code]
    assert isinstance(rule, Rule)
    return rule.expression(rules)


MUTANTS: tuple[tuple[str, str, Expression], ...] = (
    ("province.unknown", "the empty cell refused", lambda r: ~col("province_code").is_in(
        sorted(r.regions.provinces))),
    ("regency.unknown", "only the province looked at", lambda r: ~col("regency_code").str.head(2)
        .is_in(sorted(r.regions.provinces)) & (col("regency_code") != "")),
    ("district.missing", "a dash taken for empty", lambda r: col("district_code").is_in(["", "-"])),
    ("district.unknown", "only the regency looked at", lambda r: ~col("district_code").str.head(5)
        .is_in(sorted(r.regions.regencies))),
    ("region.hierarchy", "the regency forgotten", lambda r: (col("province_code") != "")
        & (col("province_code") != col("district_code").str.head(2))),
    ("region.hierarchy", "the province forgotten", lambda r: (col("regency_code") != "")
        & (col("regency_code") != col("district_code").str.head(5))),
    ("region.scope", "province instead of regency", lambda r: ~pl.any_horizontal(
        col("district_code").str.starts_with(code[:2]) if code != "ID" else pl.lit(value=True)
        for code in r.scope)),
    ("village.differs", "the length forgotten", lambda r: col("village").str.contains(r"\A[0-9]")
        & (col("village").str.head(9) != col("district_code") + ".")),
    ("kta.missing", "never", lambda r: pl.lit(value=False)),
    ("kta.shape", "no digit needed", lambda r: ~col("kta_number").str.contains(
        r"\A[0-9A-Za-z][0-9A-Za-z ./_-]{1,48}[0-9A-Za-z]\z")),
    ("kta.shape", "a digit of any script", lambda r: ~col("kta_number").str.contains(
        r"\A[\pL\d][\pL\d ./_-]{1,48}[\pL\d]\z") | ~col("kta_number").str.contains(r"\d")),
    ("card_party.differs", "case matters", lambda r: (fold_expr(col("card_party")) != "")
        & ~col("card_party").is_in(list(r.party_names))),
    ("nik.missing", "blank taken for zero", lambda r: col("nik").is_in(["", "0"])),
    ("nik.scientific", "the comma forgotten", lambda r: col("nik").str.contains(
        r"\A[0-9](?:\.[0-9]*)?[eE]\+?[0-9]{1,3}\z")),
    ("nik.scientific", "digits of any script", lambda r: col("nik").str.contains(
        r"\A\d(?:[.,]\d*)?[eE]\+?\d{1,3}\z")),
    ("nik.scientific", "lower case e forgotten", lambda r: col("nik").str.contains(
        r"\A[0-9](?:[.,][0-9]*)?E\+?[0-9]{1,3}\z")),
    ("nik.lost_digits", "the decimal part forgotten", lambda r: col("nik").str.contains(
        r"\A[0-9]{10,15}\z")),
    ("nik.shape", "digits of any script", lambda r: ~col("nik").str.contains(r"\A\d{16}\z")),
    ("nik.shape", "a line end allowed", lambda r: ~col("nik").str.contains(r"\A[0-9]{16}\n?\z")),
    ("nik.shape", "not anchored", lambda r: ~col("nik").str.contains(r"[0-9]{16}")),
    ("nik.date", "women forgotten", lambda r: col("nik").str.slice(6, 2).cast(
        pl.Int32, strict=False) > 31),
    ("nik.date", "29 February every year", lambda r: original("nik.date", r)
        & ~col("nik").str.contains(r"\A[0-9]{6}[26]902")),
    ("nik.date", "no 29 February in 2000", lambda r: original("nik.date", r)
        | col("nik").str.contains(r"\A[0-9]{6}[26]90200")),
    ("nik.serial", "any zero at the end", lambda r: col("nik").str.ends_with("0")),
    ("nik.region_unknown", "dissolved districts known only to the year", lambda r:
        ~col("nik").str.head(4).is_in(sorted({c[:4] for c in r.regions.nik_starts}))),
    ("nik.region_elsewhere", "district instead of regency", lambda r: col("nik").str.head(6)
        != col("district_code").str.replace_all(".", "", literal=True)),
    ("nik.birth_differs", "the year forgotten", lambda r: original("nik.birth_differs", r)
        & (col("nik").str.slice(8, 2) != col("birth_date").str.slice(5, 2))),
    ("nik.birth_differs", "women's days not taken back", lambda r: col("nik").str.slice(6, 2)
        != col("birth_date").str.slice(8, 2)),
    ("nik.sex_differs", "40 counted as a woman's day 0", lambda r: (col("nik").str.slice(6, 2)
        > "41") != (col("sex") == "P")),
    ("name.missing", "trimmed twice", lambda r: col("name").is_in(["", "-"])),
    ("name.shape", "digits allowed", lambda r: original("name.shape", r)
        & ~col("name").str.contains("[0-9]")),
    ("name.shape", "a limit of bytes", lambda r: original("name.shape", r)
        | (col("name").str.len_bytes() > 199)),
    ("sex.unknown", "lower case allowed", lambda r: ~col("sex").is_in(["L", "P", "l", "p"])),
    ("birth_date.unreadable", "the century rule forgotten", lambda r:
        original("birth_date.unreadable", r) & (col("birth_date") != "1900-02-29")),
    ("birth_date.unreadable", "parsed, so a short month is enough", lambda r: ~col("birth_date")
        .str.contains(r"\A[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])\z")),
    ("birth_date.implausible", "the cut-off day itself refused", lambda r: (col("birth_date")
        < r.oldest_birth) | (col("birth_date") >= r.cutoff.isoformat())),
    ("birth_date.implausible", "no lower end", lambda r: col("birth_date") > r.cutoff.isoformat()),
    ("age.under", "the birthday itself too young", lambda r: (col("birth_date") >= r.adult_since)
        & ~col("marital_status").is_in(sorted(r.ever_married))),
    ("age.under", "marriage forgotten", lambda r: col("birth_date") > r.adult_since),
    ("age.under", "only the married, not the widowed", lambda r: (col("birth_date")
        > r.adult_since) & (col("marital_status") != "KAWIN")),
    ("age.under", "years only", lambda r: col("birth_date").str.head(4) > r.adult_since[:4]),
    ("marital.unknown", "trimmed", lambda r: original("marital.unknown", r)
        & (col("marital_status").str.strip_chars() != "KAWIN")),
    ("occupation.barred", "case matters", lambda r: col("occupation").str.contains(
        "TNI|POLRI|PEGAWAI NEGERI SIPIL|PNS|KEPALA DESA|ASN")
        & ~col("occupation").str.contains("PENSIUNAN|PURNAWIRAWAN")),
    ("occupation.barred", "parts of words", lambda r: original("occupation.barred", r)
        | fold_expr(col("occupation")).str.contains("TNI|ASN")),
    ("occupation.barred", "pensioners barred", lambda r: original("occupation.barred", r)
        | fold_expr(col("occupation")).str.contains(r"\bPNS\b")),
    ("sex.missing", "never", lambda r: pl.lit(value=False)),
    ("birth_date.missing", "a dash taken for empty", lambda r: col("birth_date").is_in(["", "-"])),
    ("birth_place.missing", "always required", lambda r: col("birth_place") == ""),
    ("marital.missing", "always required", lambda r: col("marital_status") == ""),
    ("occupation.missing", "a zero taken for empty", lambda r: col("occupation").is_in(["", "0"])
        if "occupation" in r.required else pl.lit(value=False)),
    ("occupation.too_long", "one too few", lambda r: col("occupation").str.len_chars() > 119),
    ("birth_place.too_long", "counted in bytes", lambda r: col("birth_place").str.len_bytes() > 120),
    ("address.too_long", "one too many", lambda r: col("address").str.len_chars() > 401),
    ("address.missing", "always required", lambda r: col("address") == ""),
)  # fmt: skip


def test_every_rule_has_a_mutant() -> None:
    assert {code for code, _, _ in MUTANTS} == {rule.code for rule in RULES}


def edges() -> list[dict[str, str]]:
    return [VALID_ROW | dict(miss) for rule in RULES for miss in rule.near_miss]


@pytest.mark.parametrize(
    ("code", "mistake", "expression"), MUTANTS, ids=[f"{m[0]}: {m[1]}" for m in MUTANTS]
)
def test_the_mutant_is_killed(code: str, mistake: str, expression: Expression) -> None:
    mutated = tuple(replace(r, expression=expression) if r.code == code else r for r in RULES)
    frame = pl.DataFrame(edges(), schema=dict.fromkeys(FIELDS, pl.String), orient="row").lazy()
    survives = all(
        judge_frame(frame, rules, mutated).collect()["mask"].to_list()
        == [judge(row, rules) for row in edges()]
        for rules in RULESETS
    )
    assert not survives, f"nobody notices: {mistake}"
