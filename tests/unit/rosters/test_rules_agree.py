"""Each rule's predicate and its polars expression say the same, above all at its edges."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rosters import VALID_ROW, small_rules
from verification.rosters.columns import FIELDS
from verification.rosters.rules import RULES, Rule, RuleSet, judge, judge_frame
from verification.rosters.rules.ruleset import FOUR_FIELDS

JUNK = st.text(
    alphabet=st.one_of(
        st.sampled_from("0123456789.,-/ '`ELPelp+\n\t\x00"),
        st.sampled_from("٣ı ſéß\u00a0\u200b\ufffd\U0001f600"),
        st.characters(codec="utf-8"),
    ),
    max_size=24,
)
RULESETS = (
    small_rules(),
    small_rules(scope=("32.73",), required=FOUR_FIELDS.fields),
    small_rules(scope=("32", "11.01"), party_names=(), cutoff=date(2024, 2, 29)),
    small_rules(barred_occupations=(), no_longer_in_office=()),
)


def masks(rows: list[dict[str, str]], rules: RuleSet, catalogue: tuple[Rule, ...]) -> list[int]:
    frame = pl.DataFrame(rows, schema=dict.fromkeys(FIELDS, pl.String), orient="row")
    return judge_frame(frame.lazy(), rules, catalogue).collect()["mask"].to_list()


@st.composite
def rows(draw: st.DrawFn) -> dict[str, str]:
    """A valid row with near-miss values of a few rules, and sometimes junk, laid over it."""
    row = dict(VALID_ROW)
    for rule in draw(st.lists(st.sampled_from(RULES), max_size=4)):
        row |= draw(st.sampled_from(rule.near_miss))
    for field in draw(st.lists(st.sampled_from(FIELDS), max_size=2)):
        row[field] = draw(JUNK)
    return row


@settings(max_examples=150)
@given(batch=st.lists(rows(), min_size=1, max_size=30), rules=st.sampled_from(RULESETS))
def test_predicate_and_expression_agree(batch: list[dict[str, str]], rules: RuleSet) -> None:
    assert masks(batch, rules, RULES) == [judge(row, rules) for row in batch]


@pytest.mark.parametrize("rules", RULESETS)
def test_every_pair_of_near_misses_agrees(rules: RuleSet) -> None:
    edges = [VALID_ROW | dict(miss) for rule in RULES for miss in rule.near_miss]
    pairs = [
        VALID_ROW | dict(one) | dict(other)
        for rule in RULES
        for need in rule.needs
        for one in rule.near_miss
        for other in next(r for r in RULES if r.code == need).near_miss
    ]
    batch = edges + pairs
    assert masks(batch, rules, RULES) == [judge(row, rules) for row in batch]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_near_misses_lie_on_both_sides(rule: Rule) -> None:
    """Otherwise they would prove nothing about the edge."""
    found = {
        bool(judge(VALID_ROW | dict(miss), rules) & rule.flag)
        for rules in RULESETS
        for miss in rule.near_miss
    }
    assert found == {True, False}


def test_the_valid_row_breaks_nothing() -> None:
    assert [judge(VALID_ROW, rules) for rules in RULESETS] == [0] * len(RULESETS)
