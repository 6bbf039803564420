"""Every reason of the system checks in words: what happened, and what repairs it.

The words are data (``reason_texts``), the same on pages, in the API and in the terminal. Sentences
hold ``{names}`` filled from a finding's parameters; a number is written the reader's way, a kind of
file by its name in his language.

Next station: the upload's state on the page, ``GET uploads/{id}``, ``sipol upload``.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass

from verification.checks.reason_texts import OF_PART, REASONS, UNKNOWN, WORDS, Texts
from verification.rosters.reason_texts import LIST_REASONS
from verification.sandbox.job import Parameter

__all__ = ["ALL_REASONS", "Described", "describe"]

ALL_REASONS: Mapping[str, Texts] = {**REASONS, **LIST_REASONS}

_MISSING = "…"
# The number of the list in an archive that a reason is about.
PART = "part"


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """One finding for people. ``repair`` is what to do now, in the imperative."""

    message: str
    repair: str


def is_english(locale: str) -> bool:
    """``en`` or anything beginning with it is English, everything else Indonesian."""
    return locale.lower().startswith("en")


def describe(
    code: str,
    params: Mapping[str, Parameter],
    locale: str,
) -> Described:
    """``locale``: as in `is_english`.

    Never fails: an unknown code gets a general sentence, a missing parameter «…».
    """
    english = is_english(locale)
    texts = ALL_REASONS.get(code, UNKNOWN)
    message, repair = (
        (texts.en_message, texts.en_repair) if english else (texts.id_message, texts.id_repair)
    )
    values = {name: _said(value, english=english) for name, value in params.items()}
    if PART in params:
        message = f"{OF_PART[1 if english else 0]} {message}"
    return Described(message=_filled(message, values), repair=_filled(repair, values))


def _filled(template: str, values: Mapping[str, str]) -> str:
    """Plain names only: no attribute or index of a value is ever looked up."""
    return "".join(
        before + (values.get(name, _MISSING) if name is not None else "")
        for before, name, _, _ in string.Formatter().parse(template)
    )


def _said(value: Parameter, *, english: bool) -> str:
    if isinstance(value, bool):
        word = WORDS["yes" if value else "no"]
        return word[1] if english else word[0]
    if isinstance(value, int | float):
        grouped = f"{value:,}"
        return grouped if english else grouped.translate(str.maketrans(",.", ".,"))
    named = [WORDS.get(part, (part, part))[1 if english else 0] for part in value.split(",")]
    if len(named) == 1:
        return named[0]
    last = " or " if english else " atau "
    return ", ".join(named[:-1]) + last + named[-1]
