"""A member list's problems in words: of the whole file by code, of a row through its rules.

File codes join those of the system checks (`verification.checks.reasons`), because a refused list is
a refused file; a row's words stand with its rule. Words never quote a cell.

Next station: `verification.rosters.rejected`, the pages and downloads.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from verification.checks.reasons import is_english
from verification.rosters.rules import BY_CODE, faults_in
from verification.rosters.rules.base import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with a row, said to people. `column` is the file's own heading."""

    code: str
    severity: str
    column: str
    message: str
    repair: str


def problem(
    fault: Fault, locale: str, *, column: str = "", params: Mapping[str, Any] | None = None
) -> Problem:
    """The words of one fault. `locale` as in `verification.checks.reasons.is_english`."""
    english = is_english(locale)
    values = params or {}
    return Problem(
        code=fault.code,
        severity=fault.severity.value,
        column=column,
        message=_filled(fault.message_en if english else fault.message_id, values),
        repair=_filled(fault.repair_en if english else fault.repair_id, values),
    )


def problems_of_errors(errors: Iterable[Mapping[str, Any]], locale: str) -> tuple[Problem, ...]:
    """The words for a rejected row's stored errors; codes that are no longer known stay out."""
    return tuple(
        problem(
            BY_CODE[error["code"]],
            locale,
            column=error.get("column", ""),
            params=error.get("params"),
        )
        for error in errors
        if error.get("code") in BY_CODE
    )


def problems_of_warnings(
    warnings: int, locale: str, params: Mapping[str, Any] | None = None
) -> tuple[Problem, ...]:
    """The words for a member's warnings and flags. `params`: `RuleSet.placeholders()`."""
    return tuple(problem(fault, locale, params=params) for fault in faults_in(warnings))


def placeholders_of(fault: Fault) -> frozenset[str]:
    """The `{names}` in a fault's words."""
    return _names_in(fault.message_id + fault.repair_id + fault.message_en + fault.repair_en)


@cache
def _names_in(words: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in string.Formatter().parse(words) if name)


def _filled(template: str, values: Mapping[str, Any]) -> str:
    return "".join(
        before + (str(values.get(name, "…")) if name else "")
        for before, name, _, _ in string.Formatter().parse(template)
    )
