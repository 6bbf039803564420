"""What may follow for a pair, by the rules alone: statement, summons, choice, absence, two people.

Next station: `verification.duplicates.clearing` does it; the desk offers it.
"""

from __future__ import annotations

from enum import StrEnum

from verification.models import Duplicate, Item
from verification.states import DuplicateKind, DuplicateState


class Step(StrEnum):
    """What a verifier can do with a pair."""

    STATEMENT = "statement"
    KEEP = "keep"
    SUMMON = "summon"
    CHOICE = "choice"
    ABSENT = "absent"
    DISTINCT = "distinct"
    REOPEN = "reopen"


def next_steps(pair: Duplicate) -> tuple[Step, ...]:
    """What the rules allow now.

    One statement keeps the member where it was given; two lead to a summons, and a summons to the
    person's choice or absence. Rows with the same NIK and name are one person, whatever is said.
    """
    if pair.state == DuplicateState.SETTLED:
        return (Step.REOPEN,)
    steps: list[Step] = []
    if not pair.internal and pair.state == DuplicateState.SUMMONED:
        steps += [Step.CHOICE, Step.ABSENT]
    elif not pair.internal:
        steps.append(Step.STATEMENT)
        if pair.left_statement and pair.right_statement:
            steps.append(Step.SUMMON)
        elif pair.left_statement or pair.right_statement:
            steps.append(Step.KEEP)
    if pair.kind != DuplicateKind.IDENTICAL:
        steps.append(Step.DISTINCT)
    return tuple(steps)


def ends(pair: Duplicate) -> list[tuple[int, str]]:
    """Both sides by participation and subject key."""
    return [
        (pair.left_participation_id, pair.left_key),
        (pair.right_participation_id, pair.right_key),
    ]


def is_left(pair: Duplicate, item: Item) -> bool:
    """Whether an item's member is the pair's left side."""
    return ends(pair)[0] == (item.participation_id, item.subject.key)
