"""What may become of a disputed member, as a table one can print: `python -m verification.disputes.states`.

Anybody may know a NIK, so an objection by itself is only a flag: it suspends nobody, or a rival's
members could be struck by thousands of forms. From the moment at which the office has seen the person
with his KTP-el the member does not count, until the office has written down how it ended.
"""

from __future__ import annotations

from enum import StrEnum

from verification.errors import NotAllowed
from verification.states import Role


class DisputeState(StrEnum):
    """Filed; suspended (the person has shown who he is); not proven; struck by the party; a member
    after all; withdrawn by the person.
    """

    FILED = "filed"
    SUSPENDED = "suspended"
    UNPROVEN = "unproven"
    STRUCK = "struck"
    MEMBER = "member"
    WITHDRAWN = "withdrawn"


class DisputeAction(StrEnum):
    """What an office writes down, each with its minute."""

    IDENTIFY = "identify"
    NOT_IDENTIFIED = "not-identified"
    STRIKE = "strike"
    CONFIRM_MEMBER = "confirm-member"
    WITHDRAW = "withdraw"


# Waits for somebody: it has a day by which.
OPEN = (DisputeState.FILED, DisputeState.SUSPENDED)
# The member counts for nobody. A struck one leaves the counts with the party's next dossier.
NOT_COUNTED = (DisputeState.SUSPENDED, DisputeState.STRUCK)
# Who filed it is known to be the person, and may be told which party it is.
PROVEN = (DisputeState.SUSPENDED, DisputeState.STRUCK, DisputeState.MEMBER)
CHIEFS = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})

TRANSITIONS: dict[tuple[DisputeState, DisputeAction], DisputeState] = {
    (DisputeState.FILED, DisputeAction.IDENTIFY): DisputeState.SUSPENDED,
    (DisputeState.FILED, DisputeAction.NOT_IDENTIFIED): DisputeState.UNPROVEN,
    (DisputeState.FILED, DisputeAction.STRIKE): DisputeState.STRUCK,
    (DisputeState.FILED, DisputeAction.WITHDRAW): DisputeState.WITHDRAWN,
    # He came later than the day that was set.
    (DisputeState.UNPROVEN, DisputeAction.IDENTIFY): DisputeState.SUSPENDED,
    (DisputeState.SUSPENDED, DisputeAction.STRIKE): DisputeState.STRUCK,
    (DisputeState.SUSPENDED, DisputeAction.CONFIRM_MEMBER): DisputeState.MEMBER,
    (DisputeState.SUSPENDED, DisputeAction.WITHDRAW): DisputeState.WITHDRAWN,
}


def after(state: DisputeState, action: DisputeAction, role: Role) -> DisputeState:
    """The state that follows, or `NotAllowed`."""
    target = TRANSITIONS.get((state, action))
    if target is None or role not in CHIEFS:
        raise NotAllowed(f"{action} on a dispute that is {state}, by {role}")
    return target


def possible(state: DisputeState) -> tuple[DisputeAction, ...]:
    """What may be written down now, in the order of the table."""
    return tuple(action for before, action in TRANSITIONS if before is state)


def table() -> str:
    """The machine, a line a transition."""
    rows = [
        f"{state:<10} {action:<14} → {target}" for (state, action), target in TRANSITIONS.items()
    ]
    return "\n".join(rows)


if __name__ == "__main__":
    print(table())  # noqa: T201
