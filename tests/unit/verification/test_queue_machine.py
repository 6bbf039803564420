"""Any sequence of moves by anybody: the queue does what a plain model of it does."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from tests.builders import LEASE, SECOND, SUPERVISOR, VERIFIER
from tests.unit.verification.desk import Desk, again, build_desk, judge
from tests.world import NOON
from verification import decisions, publication, queue
from verification.db import Sessions, make_engine
from verification.errors import DomainError, NothingToClaim
from verification.models import Decision, Item, JournalEntry
from verification.states import ItemState, Outcome, Role

ITEMS = 3
ROLES = {VERIFIER: Role.VERIFIER, SECOND: Role.VERIFIER, SUPERVISOR: Role.SUPERVISOR}
actors = st.sampled_from(list(ROLES))
numbers = st.integers(0, ITEMS - 1)


class Modelled:
    """An item as the model sees it."""

    def __init__(self, place: int) -> None:
        self.state = ItemState.QUEUED
        self.place = place
        self.holder: str | None = None
        self.until = NOON
        self.decider: str | None = None


class QueueMachine(RuleBasedStateMachine):
    template: Path

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        shutil.copyfile(self.template, self.folder / "sipol.db")
        self.engine = make_engine(f"sqlite:///{self.folder / 'sipol.db'}")
        self.sessions = Sessions(self.engine)
        self.desk: Desk = build_desk(self.sessions, ITEMS)
        self.items = [Modelled(place) for place in range(ITEMS)]
        self.now = NOON
        self.last = ITEMS
        self.moves = 0

    def teardown(self) -> None:
        if hasattr(self, "engine"):
            self.engine.dispose()
            shutil.rmtree(self.folder)

    def holds(self, item: Modelled, actor: str) -> bool:
        held = item.state is ItemState.CLAIMED and item.holder == actor
        return held and self.now < item.until

    def free(self, item: Modelled, state: ItemState = ItemState.QUEUED) -> None:
        item.state, item.holder = state, None

    def hold(self, item: Modelled, actor: str) -> None:
        item.state, item.holder = ItemState.CLAIMED, actor
        item.until = self.now + timedelta(seconds=LEASE)

    @rule(seconds=st.sampled_from([1, 60, 600, 1000]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(actor=actors)
    def claim_next(self, actor: str) -> None:
        mine = [item for item in self.items if self.holds(item, actor)]
        waiting = [item for item in self.items if item.state is ItemState.QUEUED]
        expected = min(mine, key=lambda i: (i.until, self.items.index(i)), default=None)
        expected = expected or min(waiting, key=lambda i: i.place, default=None)
        try:
            with self.sessions.begin() as session:
                taken = queue.claim_next(
                    session, again(session, self.desk.office), actor, ROLES[actor], self.now, LEASE
                )
        except NothingToClaim:
            assert expected is None
            return
        assert expected is self.items[[item.id for item in self.desk.items].index(taken.id)]
        assert expected is not None
        if expected not in mine:
            self.hold(expected, actor)

    @rule(actor=actors, number=numbers)
    def release(self, actor: str, number: int) -> None:
        if self.does(number, self.holds(self.items[number], actor), queue.release, actor):
            self.free(self.items[number])

    @rule(actor=actors, number=numbers)
    def skip(self, actor: str, number: int) -> None:
        self.now += timedelta(seconds=1)
        if self.does(number, self.holds(self.items[number], actor), queue.skip, actor):
            self.free(self.items[number])
            self.last += 1
            self.items[number].place = self.last

    @rule(actor=actors, number=numbers)
    def flag(self, actor: str, number: int) -> None:
        may = self.holds(self.items[number], actor) and ROLES[actor] is Role.VERIFIER
        if self.does(number, may, queue.flag, actor, note="-"):
            self.free(self.items[number], ItemState.FLAGGED)

    @rule(number=numbers)
    def put_back(self, number: int) -> None:
        may = self.items[number].state is ItemState.FLAGGED
        if self.does(number, may, queue.return_to_queue, SUPERVISOR):
            self.free(self.items[number])

    @rule(number=numbers)
    def revoke(self, number: int) -> None:
        may = self.items[number].state is ItemState.CLAIMED
        if self.does(number, may, queue.revoke, SUPERVISOR):
            self.free(self.items[number])

    @rule(actor=actors, to=actors, number=numbers)
    def assign(self, actor: str, to: str, number: int) -> None:
        item = self.items[number]
        may = item.state in (ItemState.QUEUED, ItemState.CLAIMED)
        may = may and ROLES[actor] is Role.SUPERVISOR
        with self.tried(may), self.sessions.begin() as session:
            queue.reassign(
                session, again(session, self.desk.items[number]), to_actor=to,
                actor=actor, role=ROLES[actor], now=self.now, seconds=LEASE,
            )  # fmt: skip
        if may:
            self.hold(item, to)

    @rule(actor=actors, number=numbers, outcome=st.sampled_from(list(Outcome)))
    def decide(self, actor: str, number: int, outcome: Outcome) -> None:
        item = self.items[number]
        may = self.holds(item, actor)
        with self.tried(may), self.sessions.begin() as session:
            judge(
                session, self.desk.items[number], outcome,
                actor=actor, role=ROLES[actor], now=self.now,
            )  # fmt: skip
        if may:
            self.free(item, ItemState.DECIDED)
            item.decider = actor
            self.moves += 1

    @rule(actor=actors, number=numbers)
    def undo(self, actor: str, number: int) -> None:
        item = self.items[number]
        own = item.decider == actor or ROLES[actor] is Role.SUPERVISOR
        may = item.state is ItemState.DECIDED and own
        with self.tried(may), self.sessions.begin() as session:
            decisions.undo(
                session, again(session, self.desk.items[number]),
                actor=actor, role=ROLES[actor], now=self.now, seconds=LEASE,
            )  # fmt: skip
        if may:
            self.hold(item, actor)
            item.decider = None
            self.moves += 1

    @rule()
    def expire(self) -> None:
        late = [
            item
            for item in self.items
            if item.state is ItemState.CLAIMED and item.until <= self.now
        ]
        with self.sessions.begin() as session:
            assert queue.expire(session, self.now) == len(late)
        for item in late:
            self.free(item)

    @rule(actor=actors)
    def sign_out(self, actor: str) -> None:
        held = [i for i in self.items if i.state is ItemState.CLAIMED and i.holder == actor]
        with self.sessions.begin() as session:
            assert queue.release_all(session, actor, self.now) == len(held)
        for item in held:
            self.free(item)

    @rule()
    def publish(self) -> None:
        done = (ItemState.DECIDED, ItemState.PUBLISHED)
        ready = all(item.state in done for item in self.items)
        news = any(item.state is ItemState.DECIDED for item in self.items)
        with self.tried(ready and news), self.sessions.begin() as session:
            publication.publish(
                session, again(session, self.desk.office), again(session, self.desk.world.round),
                actor=SUPERVISOR, role=Role.SUPERVISOR, now=self.now,
            )  # fmt: skip
        if ready and news:
            for item in self.items:
                item.state = ItemState.PUBLISHED

    def does(self, number: int, may: bool, act, actor: str, **more: str) -> bool:  # type: ignore[no-untyped-def]
        with self.tried(may), self.sessions.begin() as session:
            act(
                session, again(session, self.desk.items[number]),
                actor=actor, role=ROLES[actor], now=self.now, **more,
            )  # fmt: skip
        return may

    def tried(self, may: bool):  # type: ignore[no-untyped-def]
        return nullcontext() if may else pytest.raises(DomainError)

    @invariant()
    def the_rows_are_as_the_model(self) -> None:
        if not hasattr(self, "sessions"):
            return
        with self.sessions.read() as session:
            rows = list(session.scalars(select(Item).order_by(Item.id)))
            decided = len(list(session.scalars(select(Decision.id))))
            chain = self.desk.office.chain_id
            entries = list(
                session.scalars(
                    select(JournalEntry)
                    .where(JournalEntry.chain_id == chain)
                    .order_by(JournalEntry.number)
                )
            )
        assert [row.state for row in rows] == [item.state for item in self.items]
        assert [row.holder for row in rows] == [item.holder for item in self.items]
        assert [row.decided_by for row in rows] == [item.decider for item in self.items]
        assert decided == self.moves
        assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))


def test_the_queue_does_what_its_model_does(sqlite_template: Path) -> None:
    QueueMachine.template = sqlite_template
    run_state_machine_as_test(
        QueueMachine,
        settings=settings(
            max_examples=20,
            stateful_step_count=25,
            suppress_health_check=list(HealthCheck),
        ),
    )
