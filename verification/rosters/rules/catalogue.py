"""All rules in their order: judge a row, judge a frame, explain a mask.

One bit a rule: the mask of a row already knows why it is refused, so explaining costs a look-up
and a garbage file hardly more than a clean one (`perf-members`: a second validator for bad rows
cost 35 times as much).

Next station: `verification.rosters.reading`, which runs them over a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import polars as pl

from verification.rosters.rules import card, listwide, nik, person, region, structure
from verification.rosters.rules.base import Fault, Row, Rule, Severity
from verification.rosters.rules.ruleset import RuleSet

RULES: tuple[Rule, ...] = (*region.RULES, *card.RULES, *nik.RULES, *person.RULES)
FAULTS: tuple[Fault, ...] = (*structure.FAULTS, *RULES, *listwide.FAULTS)
BY_CODE = {fault.code: fault for fault in FAULTS}


def closure(rules: Iterable[Rule]) -> dict[str, frozenset[str]]:
    """For each rule every rule that must hold before it can be judged, those of those included."""
    listed = {rule.code: rule for rule in rules}
    found: dict[str, frozenset[str]] = {}

    def needs_of(code: str) -> frozenset[str]:
        if code not in found:
            direct = listed[code].needs
            found[code] = frozenset(direct).union(*(needs_of(need) for need in direct))
        return found[code]

    for code in listed:
        needs_of(code)
    return found


NEEDS = closure(RULES)
ERROR_MASK = sum(fault.flag for fault in FAULTS if fault.severity is Severity.ERROR)
WARNING_MASK = sum(fault.flag for fault in FAULTS if fault.severity is not Severity.ERROR)


def judge(row: Row, rules: RuleSet, catalogue: tuple[Rule, ...] = RULES) -> int:
    """The mask of one normalised row. What a form or a schema calls."""
    broken: set[str] = set()
    unknown: set[str] = set()
    pending = {rule.code: rule for rule in catalogue}

    def settle(rule: Rule) -> None:
        del pending[rule.code]
        for need in rule.needs:
            if need in pending:
                settle(pending[need])
        if any(need in broken or need in unknown for need in rule.needs):
            unknown.add(rule.code)
        elif rule.predicate(row, rules):
            broken.add(rule.code)

    while pending:
        settle(next(iter(pending.values())))
    return sum(rule.flag for rule in catalogue if rule.code in broken)


def judge_frame(
    frame: pl.LazyFrame, rules: RuleSet, catalogue: tuple[Rule, ...] = RULES
) -> pl.LazyFrame:
    """The frame with a column `mask` (Int64), the same numbers as `judge`.

    `frame`: normalised fields as text, never null.
    """
    needs = NEEDS if catalogue is RULES else closure(catalogue)
    raw = frame.with_columns(
        rule.expression(rules).fill_null(value=False).alias(f"!{rule.code}") for rule in catalogue
    )
    bits = (
        (
            pl.col(f"!{rule.code}")
            & ~pl.any_horizontal(pl.lit(value=False), *(f"!{need}" for need in needs[rule.code]))
            if needs[rule.code]
            else pl.col(f"!{rule.code}")
        ).cast(pl.Int64)
        * rule.flag
        for rule in catalogue
    )
    return raw.with_columns(mask=pl.sum_horizontal(bits)).drop(
        f"!{rule.code}" for rule in catalogue
    )


def faults_in(mask: int) -> Iterator[Fault]:
    """The faults of a mask, in the catalogue's order. Unknown bits are passed over."""
    return (fault for fault in FAULTS if mask & fault.flag)
