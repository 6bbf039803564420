"""Cells on their way out to a spreadsheet and back: formula-safe, and undone on return.

A cell that begins with `= + - @`, their full-width forms, tab, CR, LF or NUL is a formula or a command
to some spreadsheet program; an apostrophe in front makes it text (OWASP ASVS 5.0, 1.2.10). The
importer takes exactly that apostrophe away again, so a value survives the round.

Next station: `verification.rosters.normalise`, which begins by undoing the prefix.
"""

from __future__ import annotations

import re

RISKY = r"[=+\-@\uff1d\uff0b\uff0d\uff20\t\r\n\x00]"
PREFIXED = rf"\A'('*{RISKY})"
_GUARDED = re.compile(rf"\A'*{RISKY}")
_PREFIXED = re.compile(PREFIXED)


def safe(text: str) -> str:
    """The cell with an apostrophe in front where a spreadsheet would run it."""
    return "'" + text if _GUARDED.match(text) else text


def undo(text: str) -> str:
    """What `safe` was given: one apostrophe less where one was added."""
    return text[1:] if _PREFIXED.match(text) else text
