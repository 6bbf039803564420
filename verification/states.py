"""The state machines, as tables one can print: `python -m verification.states`.

A row says: from this state, this action, by one of these roles, leads there. What is not in the
table cannot happen; the database repeats the states as CHECK constraints.
"""

from __future__ import annotations

from enum import StrEnum

from verification.errors import NotAllowed


class Role(StrEnum):
    """Who acts. Party: coordinator, operator. KPU: verifier, supervisor, administrator."""

    COORDINATOR = "coordinator"
    OPERATOR = "operator"
    VERIFIER = "verifier"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"
    OBSERVER = "observer"
    SYSTEM = "system"


class FileState(StrEnum):
    """Of a file that has arrived whole: Tersimpan, Pemeriksaan sistem, Lolos, Ditolak sistem."""

    RECEIVED = "received"
    CHECKING = "checking"
    PASSED = "passed"
    REJECTED = "rejected"


class ListStage(StrEnum):
    """Of a list's version: Tersimpan, Dibaca, Diperiksa sistem, Disimpan, Dicari ganda.

    WAITING for the party's word whether it may replace the list in force; DISCARDED by that word.
    """

    STORED = "stored"
    READING = "reading"
    CHECKED = "checked"
    SAVING = "saving"
    COMPARING = "comparing"
    WAITING = "waiting"
    DONE = "done"
    DISCARDED = "discarded"
    FAILED = "failed"

    @property
    def is_whole(self) -> bool:
        """All its rows are there, and none comes any more."""
        return self in (ListStage.WAITING, ListStage.DONE, ListStage.DISCARDED)

    @property
    def is_over(self) -> bool:
        """The worker has nothing left to do for it."""
        return self.is_whole or self is ListStage.FAILED


class SubmissionState(StrEnum):
    """Of a locked dossier: its items are still being made, or all stand in the queue."""

    LOCKED = "locked"
    QUEUED = "queued"


class ItemState(StrEnum):
    """Of a review item."""

    PENDING = "pending"
    QUEUED = "queued"
    CLAIMED = "claimed"
    FLAGGED = "flagged"
    DECIDED = "decided"
    PUBLISHED = "published"


class Action(StrEnum):
    """What can happen to a review item."""

    READY = "ready"
    CLAIM = "claim"
    RELEASE = "release"
    SKIP = "skip"
    FLAG = "flag"
    RETURN = "return"
    EXPIRE = "expire"
    REVOKE = "revoke"
    ASSIGN = "assign"
    DECIDE = "decide"
    UNDO = "undo"
    PUBLISH = "publish"


class Outcome(StrEnum):
    """KPU's own words: memenuhi syarat, belum memenuhi syarat, tidak memenuhi syarat."""

    MS = "MS"
    BMS = "BMS"
    TMS = "TMS"


class DuplicateKind(StrEnum):
    """Of two rows: same NIK and name; same NIK, other name; other NIK, a person like this one."""

    IDENTICAL = "identical"
    OTHER_NAME = "other_name"
    SIMILAR = "similar"


class DuplicateState(StrEnum):
    """Of a pair: nothing is settled; the person is summoned; settled; no longer in the lists."""

    OPEN = "open"
    SUMMONED = "summoned"
    SETTLED = "settled"
    LAPSED = "lapsed"


class Resolution(StrEnum):
    """How a pair was settled: by the one party's statement, by the person's choice, by his absence
    after a summons, or because these are two people.
    """

    STATEMENT = "statement"
    CHOICE = "choice"
    ABSENT = "absent"
    DISTINCT = "distinct"


_DESK = frozenset({Role.VERIFIER, Role.SUPERVISOR})
_CHIEFS = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})
_SYSTEM = frozenset({Role.SYSTEM})

TRANSITIONS: dict[tuple[ItemState, Action], tuple[ItemState, frozenset[Role]]] = {
    (ItemState.PENDING, Action.READY): (ItemState.QUEUED, _SYSTEM),
    (ItemState.QUEUED, Action.CLAIM): (ItemState.CLAIMED, _DESK),
    (ItemState.QUEUED, Action.ASSIGN): (ItemState.CLAIMED, _CHIEFS),
    (ItemState.CLAIMED, Action.ASSIGN): (ItemState.CLAIMED, _CHIEFS),
    (ItemState.CLAIMED, Action.RELEASE): (ItemState.QUEUED, _DESK),
    (ItemState.CLAIMED, Action.SKIP): (ItemState.QUEUED, _DESK),
    (ItemState.CLAIMED, Action.EXPIRE): (ItemState.QUEUED, _SYSTEM),
    (ItemState.CLAIMED, Action.REVOKE): (ItemState.QUEUED, _CHIEFS),
    (ItemState.CLAIMED, Action.FLAG): (ItemState.FLAGGED, frozenset({Role.VERIFIER})),
    (ItemState.FLAGGED, Action.CLAIM): (ItemState.CLAIMED, frozenset({Role.SUPERVISOR})),
    (ItemState.FLAGGED, Action.RETURN): (ItemState.QUEUED, frozenset({Role.SUPERVISOR})),
    (ItemState.CLAIMED, Action.DECIDE): (ItemState.DECIDED, _DESK),
    (ItemState.DECIDED, Action.UNDO): (ItemState.CLAIMED, _DESK),
    (ItemState.DECIDED, Action.PUBLISH): (ItemState.PUBLISHED, _CHIEFS),
}


def after(state: ItemState, action: Action, role: Role) -> ItemState:
    """The state that follows, or `NotAllowed`."""
    target, allowed = TRANSITIONS.get((state, action), (None, frozenset()))
    if target is None or role not in allowed:
        raise NotAllowed(f"{action} on an item that is {state}, by {role}")
    return target


def table() -> str:
    """The machine of a review item, a line a transition."""
    rows = [
        f"{state:<10} {action:<8} → {target:<10} {', '.join(sorted(roles))}"
        for (state, action), (target, roles) in TRANSITIONS.items()
    ]
    return "\n".join(rows)


if __name__ == "__main__":
    print(table())  # noqa: T201
