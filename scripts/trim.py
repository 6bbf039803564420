"""Keep of a style sheet only the rules that a page of ours could match.

A page of the public must weigh less than 25 KB; two thirds of that would be rules for components that
no page has. A rule stays when every `govuk-` class of its selector stands in a template, a script or a
view; a class put together there (`govuk-tag--{{ tone }}`) keeps all that begin like it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

CLASS = re.compile(r"govuk-\w[\w-]*")
SELECTED = re.compile(r"\.(govuk-(?:[\w-]|\\.)*)")
NEGATED = re.compile(r":not\([^()]*\)")
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
NESTING = ("@media", "@supports")


@dataclass(frozen=True, slots=True)
class Used:
    """Class names found in our pages: whole ones, and beginnings of ones put together."""

    whole: frozenset[str]
    beginnings: tuple[str, ...]

    @classmethod
    def in_files(cls, paths: Iterable[Path]) -> Used:
        found = {name for path in paths for name in CLASS.findall(path.read_text("utf-8"))}
        ends = {name for name in found if name.endswith("-")}
        return cls(frozenset(found - ends), tuple(sorted(ends)))

    def could_match(self, selector: str) -> bool:
        names = SELECTED.findall(NEGATED.sub("", selector))
        return all(
            name in self.whole or any(name.startswith(begin) for begin in self.beginnings)
            for name in (re.sub(r"\\.", "", name) for name in names)
        )


def trimmed(text: str, used: Used) -> str:
    """The style sheet without rules that match nothing of ours; order and at-rules stay."""
    kept = []
    for prelude, block in statements(COMMENT.sub("", text)):
        if block is None:
            kept.append(f"{prelude};")
        elif prelude.startswith(NESTING):
            inner = trimmed(block, used)
            if inner:
                kept.append(f"{prelude}{{{inner}}}")
        elif prelude.startswith("@"):
            kept.append(f"{prelude}{{{block}}}")
        else:
            selectors = [one for one in split(prelude) if used.could_match(one)]
            if selectors:
                kept.append(f"{','.join(selectors)}{{{block}}}")
    return "".join(kept)


def statements(text: str) -> Iterator[tuple[str, str | None]]:
    """(prelude, block) of each rule at this level; the block of `@import …;` is None."""
    start = position = 0
    while position < len(text):
        if text[position] == ";":
            yield text[start:position].strip(), None
            start = position = position + 1
        elif text[position] == "{":
            end = closing(text, position)
            yield text[start:position].strip(), text[position + 1 : end]
            start = position = end + 1
        else:
            position += 1


def closing(text: str, opening: int) -> int:
    """Where the brace that opens at `opening` closes. Raises ValueError when it does not."""
    depth = 0
    for found in re.compile(r"[{}]").finditer(text, opening):
        depth += 1 if found[0] == "{" else -1
        if depth == 0:
            return found.start()
    raise ValueError("a style sheet with an open brace")


def split(prelude: str) -> list[str]:
    """Selectors of a list; commas inside parentheses do not separate."""
    return re.split(r",(?![^()]*\))", prelude)
