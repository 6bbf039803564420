"""What a rule is: a code, a severity, a predicate, the same predicate for polars, and its words.

A rule lives once. Forms and schemas call `predicate` on one row, bulk files use `expression` on a
frame, and a property test proves them equal on each rule's own near-miss values, which is why
`near_miss` may not be empty. Both look at a normalised row (`verification.rosters.normalise`):
every field present, missing ones as "".

Patterns are written once too, and are anchored here: `\\d` would take Arabic digits and `$` a
trailing newline, so no rule writes either.

Next station: `verification.rosters.rules.catalogue`, which runs them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from verification.rosters.rules.ruleset import RuleSet

Row = Mapping[str, str]
Predicate = Callable[[Row, RuleSet], bool]
Expression = Callable[[RuleSet], pl.Expr]

# A member keeps its warnings in a 32-bit column, so theirs are the low bits.
WARNING_BITS = range(16)
ERROR_BITS = range(16, 63)


class Severity(StrEnum):
    """ERROR: the row is not stored. WARNING: it is, and the party is told. FLAG: the verifier too."""

    ERROR = "error"
    WARNING = "warning"
    FLAG = "flag"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that can be wrong with a row, with the words for it in both languages.

    `fields`: the first is where the repair belongs; none for a row whose columns cannot be told.
    Words may name `{placeholders}` of the rule set, never a cell's value: values stand beside.
    """

    code: str
    bit: int
    severity: Severity
    fields: tuple[str, ...]
    message_id: str
    message_en: str
    repair_id: str
    repair_en: str

    def __post_init__(self) -> None:
        allowed = ERROR_BITS if self.severity is Severity.ERROR else WARNING_BITS
        if self.bit not in allowed:
            raise ValueError(f"{self.code}: bit {self.bit} is not one of a {self.severity}")

    @property
    def flag(self) -> int:
        """The fault's bit as a number."""
        return 1 << self.bit


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Fault):
    """A fault that one row shows by itself.

    `predicate` and `expression` are true where the row breaks the rule. `needs`: codes of rules
    that must hold before this one can be judged; where one is broken, this one is neither kept nor
    broken but unknown (no age without a readable date). `expression` is evaluated on every row and
    must therefore bear anything; `predicate` only where `needs` hold.
    `near_miss`: values just inside and just outside the rule, as overrides of a valid row.
    """

    needs: tuple[str, ...] = ()
    predicate: Predicate
    expression: Expression
    near_miss: tuple[Row, ...]

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        if not self.near_miss:
            raise ValueError(f"{self.code}: a rule without near-miss values is not proven")


class Shape:
    """One pattern body for both engines, always anchored at both ends of the text."""

    __slots__ = ("_polars", "_python")

    def __init__(self, body: str) -> None:
        self._python = re.compile(rf"\A(?:{body})\Z")
        self._polars = rf"\A(?:{body})\z"

    def fits(self, text: str) -> bool:
        """Whether the whole text has this shape."""
        return self._python.match(text) is not None

    def fit(self, column: str | pl.Expr) -> pl.Expr:
        """The same for a column."""
        expr = pl.col(column) if isinstance(column, str) else column
        return expr.str.contains(self._polars)
