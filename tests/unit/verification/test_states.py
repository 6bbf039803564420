"""Every state × action × role, through the services and against the database's own constraints."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tests.builders import LEASE, SECOND, SUPERVISOR, VERIFIER
from tests.unit.verification.desk import Desk, again, build_desk
from tests.world import HOUR, NOON
from verification import decisions, publication, queue
from verification.db import Sessions, make_engine
from verification.errors import NotAllowed
from verification.models import Decision, Item
from verification.states import TRANSITIONS, Action, ItemState, Role, after

Act = Callable[[Session, Item, Role], object]


def _decide(session: Session, item: Item, role: Role) -> object:
    return decisions.decide(
        session, item, outcome="MS", reason=None, note=None, actor=VERIFIER, role=role, now=NOON
    )


def _publish(session: Session, item: Item, role: Role) -> object:
    # Publication takes all that is decided: this item is the only one of its office.
    if item.state != ItemState.DECIDED:
        raise NotAllowed("publication passes over what is not decided")
    return publication.publish(
        session, item.office, item.round, actor=SUPERVISOR, role=role, now=NOON
    )


def _expire(session: Session, item: Item, role: Role) -> object:
    if role is not Role.SYSTEM:
        raise NotAllowed("the timer's own")
    if not queue.expire(session, NOON + HOUR):
        raise NotAllowed("nothing has run out")
    return None


ACTS: dict[Action, Act] = {
    Action.CLAIM: lambda s, i, r: queue.claim_item(s, i, VERIFIER, r, NOON, LEASE),
    Action.RELEASE: lambda s, i, r: queue.release(s, i, actor=VERIFIER, role=r, now=NOON),
    Action.SKIP: lambda s, i, r: queue.skip(s, i, actor=VERIFIER, role=r, now=NOON),
    Action.FLAG: lambda s, i, r: queue.flag(s, i, actor=VERIFIER, role=r, now=NOON, note="-"),
    Action.RETURN: lambda s, i, r: queue.return_to_queue(s, i, actor=VERIFIER, role=r, now=NOON),
    Action.REVOKE: lambda s, i, r: queue.revoke(s, i, actor=SUPERVISOR, role=r, now=NOON),
    Action.ASSIGN: lambda s, i, r: queue.reassign(
        s, i, to_actor=SECOND, actor=SUPERVISOR, role=r, now=NOON, seconds=LEASE
    ),
    Action.DECIDE: _decide,
    Action.UNDO: lambda s, i, r: decisions.undo(
        s, i, actor=VERIFIER, role=r, now=NOON, seconds=LEASE
    ),
    Action.PUBLISH: _publish,
    Action.EXPIRE: _expire,
}

FIELDS: dict[ItemState, dict[str, object]] = {
    ItemState.CLAIMED: {"holder": VERIFIER, "lease_until": NOON + HOUR / 2},
    ItemState.DECIDED: {"outcome": "MS", "decided_by": VERIFIER, "decided_at": NOON},
    ItemState.PUBLISHED: {"outcome": "MS", "decided_by": VERIFIER, "decided_at": NOON},
}


@pytest.fixture(scope="module")
def desk_on_sqlite(sqlite_template, tmp_path_factory):  # type: ignore[no-untyped-def]
    path = tmp_path_factory.mktemp("states") / "sipol.db"
    path.write_bytes(sqlite_template.read_bytes())
    engine = make_engine(f"sqlite:///{path}")
    sessions = Sessions(engine)
    yield sessions, build_desk(sessions, 1)
    engine.dispose()


@pytest.mark.parametrize(("state", "action"), list(product(ItemState, ACTS)))
def test_services_allow_what_the_table_allows(
    desk_on_sqlite: tuple[Sessions, Desk], state: ItemState, action: Action
) -> None:
    sessions, desk = desk_on_sqlite
    allowed = set()
    for role in Role:
        with sessions.begin() as session:
            item = again(session, desk.items[0])
            _put(session, item, state)
            held = item.state == ItemState.CLAIMED and action is Action.CLAIM
            try:
                ACTS[action](session, item, role)
            except NotAllowed:
                pass
            else:
                session.refresh(item)
                target, _ = TRANSITIONS.get((state, action), (item.state, None))
                assert item.state == target
                allowed.add(role)
            if held:
                # Claiming what one holds already is holding on, not a transition.
                allowed.clear()
            session.rollback()
    assert allowed == set(TRANSITIONS.get((state, action), (None, frozenset()))[1])


@pytest.mark.parametrize(("state", "action", "role"), list(product(ItemState, Action, Role)))
def test_the_table_alone(state: ItemState, action: Action, role: Role) -> None:
    target, roles = TRANSITIONS.get((state, action), (None, frozenset()))
    if role in roles:
        assert after(state, action, role) == target
    else:
        with pytest.raises(NotAllowed):
            after(state, action, role)


def test_every_state_can_be_left_or_is_the_end() -> None:
    left = {state for state, _ in TRANSITIONS}
    assert set(ItemState) - left == {ItemState.PUBLISHED}


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "claimed"},
        {"state": "queued", "holder": VERIFIER, "lease_until": NOON},
        {"state": "decided"},
        {"state": "published", "outcome": "MS"},
        {"state": "queued", "outcome": "MS", "decided_by": VERIFIER},
        {"state": "asleep"},
        {"state": "decided", "outcome": "YA", "decided_by": VERIFIER},
    ],
)
def test_the_database_refuses_the_impossible(sessions: Sessions, wrong: dict[str, object]) -> None:
    row = _spare_row(sessions)
    with pytest.raises(IntegrityError), sessions.begin() as session:
        session.execute(insert(Item).values(**row | wrong))


def test_the_same_row_without_the_fault_is_taken(sessions: Sessions) -> None:
    row = _spare_row(sessions)
    with sessions.begin() as session:
        session.execute(insert(Item).values(**row))


def _spare_row(sessions: Sessions) -> dict[str, object]:
    """The columns of a queued item that is no longer there."""
    item = build_desk(sessions, 1).items[0]
    with sessions.begin() as session:
        session.delete(again(session, item))
    return {
        column.name: getattr(item, column.name)
        for column in Item.__table__.columns
        if column.name != "id"
    }


def _put(session: Session, item: Item, state: ItemState) -> None:
    blank = dict.fromkeys(
        ("holder", "lease_until", "outcome", "reason", "decided_by", "decided_at")
    )
    for name, value in (blank | FIELDS.get(state, {}) | {"state": state.value}).items():
        setattr(item, name, value)
    if state in (ItemState.DECIDED, ItemState.PUBLISHED):
        session.add(Decision(item_id=item.id, outcome="MS", actor=VERIFIER, decided_at=NOON))
    session.flush()
