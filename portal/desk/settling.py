"""One step towards settling a duplicate, as page and API ask for it.

Next station: `verification.duplicates.clearing`, where the rules are.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from portal.desk.moves import Hand
from verification.duplicates import clearing
from verification.duplicates.steps import Step
from verification.errors import ClearingRefused
from verification.models import Item
from verification.states import Resolution

RESOLUTIONS = {
    Step.KEEP: Resolution.STATEMENT,
    Step.CHOICE: Resolution.CHOICE,
    Step.ABSENT: Resolution.ABSENT,
    Step.DISTINCT: Resolution.DISTINCT,
}


def take_step(
    session: Session,
    item: Item,
    duplicate: str,
    step: Step,
    hand: Hand,
    *,
    mine: bool | None,
    reference: str,
) -> None:
    """`mine`: of a statement, whose; of a choice, whether it fell on this item's party.

    Raises what `verification.duplicates.clearing` raises.
    """
    who: dict[str, Any] = {"actor": hand.who.actor, "role": hand.who.role, "now": hand.now}
    if step is Step.STATEMENT:
        if mine is None:
            raise ClearingRefused("a statement is one party's")
        clearing.record_statement(session, item, duplicate, mine=mine, reference=reference, **who)
    elif step is Step.SUMMON:
        clearing.summon(session, item, duplicate, reference=reference, **who)
    elif step is Step.REOPEN:
        clearing.reopen(session, item, duplicate, reference=reference, **who)
    else:
        clearing.settle(
            session, item, duplicate, resolution=RESOLUTIONS[step], mine=mine,
            reference=reference, **who,
        )  # fmt: skip
