"""What may become of a disputed member: the table, and that nothing else happens."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verification.disputes.states import (
    CHIEFS,
    NOT_COUNTED,
    OPEN,
    PROVEN,
    TRANSITIONS,
    DisputeAction,
    DisputeState,
    after,
    possible,
    table,
)
from verification.errors import NotAllowed
from verification.states import Role

Actions = list[DisputeAction]


def run(actions: Actions) -> tuple[DisputeState, Actions]:
    """Where a history ends, and what of it happened."""
    state, done = DisputeState.FILED, []
    for action in actions:
        try:
            state = after(state, action, Role.SUPERVISOR)
        except NotAllowed:
            continue
        done.append(action)
    return state, done


@given(st.lists(st.sampled_from(DisputeAction)))
def test_nobody_is_suspended_before_an_office_has_seen_him(actions: Actions) -> None:
    state, done = run(actions)
    if state is DisputeState.SUSPENDED:
        assert DisputeAction.IDENTIFY in done
    # The one other way out of the counts: the party's own list no longer has him.
    if state in NOT_COUNTED:
        assert {DisputeAction.IDENTIFY, DisputeAction.STRIKE} & set(done)


@given(st.lists(st.sampled_from(DisputeAction)))
def test_every_history_ends_or_waits_for_somebody(actions: Actions) -> None:
    state, done = run(actions)
    assert len(done) <= 3
    assert (state in OPEN) <= bool(possible(state))
    for action in DisputeAction:
        if action in possible(state):
            assert after(state, action, Role.ADMINISTRATOR) in DisputeState
        else:
            with pytest.raises(NotAllowed):
                after(state, action, Role.ADMINISTRATOR)


@given(st.lists(st.sampled_from(DisputeAction)))
def test_the_party_is_named_only_to_who_is_known_or_gone_from_it(actions: Actions) -> None:
    state, done = run(actions)
    if state in PROVEN:
        assert {DisputeAction.IDENTIFY, DisputeAction.STRIKE} & set(done)


@pytest.mark.parametrize("role", sorted(set(Role) - CHIEFS))
def test_only_chiefs_write_anything_down(role: Role) -> None:
    for state, action in product(DisputeState, DisputeAction):
        with pytest.raises(NotAllowed):
            after(state, action, role)


def test_every_state_is_reached_and_the_table_prints_all() -> None:
    assert {DisputeState.FILED, *TRANSITIONS.values()} == set(DisputeState)
    assert {action for _, action in TRANSITIONS} == set(DisputeAction)
    assert len(table().splitlines()) == len(TRANSITIONS)
