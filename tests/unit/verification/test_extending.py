"""A deadline that moves: what may be prescribed, by whom, what it does, and which window holds after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tests.at_once import at_once
from tests.builders import ADMINISTRATOR, SECOND, build_arrival, build_party
from tests.unit.verification.desk import again
from tests.world import HOUR, NOON, World, build_window, build_world
from verification import extending, intake, journal, schedule, windows
from verification.canonical import instant
from verification.db import Sessions
from verification.errors import (
    DomainError,
    LegalBasisMissing,
    NotAllowed,
    Stale,
    WindowNotSound,
    WindowPast,
    WindowShortened,
    WindowUnchanged,
)
from verification.extending import NewTimes
from verification.journal_kinds import Kind
from verification.models import JournalEntry, Participation, Window
from verification.openings import Openings
from verification.states import Role

MINUTE = timedelta(minutes=1)
CLOSE = NOON + HOUR
BASIS = "Keputusan KPU 1/2029 (uji)"


@dataclass
class Ground:
    """A stage that closes in an hour with ten minutes of grace, and two parties."""

    world: World
    a: Participation
    b: Participation

    def times(self, *, of: Participation | None = None, **changes: Any) -> NewTimes:
        usual = NewTimes(
            stage=self.world.stages[0], participation=of, closes_at=CLOSE + HOUR,
            grace_seconds=600, legal_basis=BASIS,
        )  # fmt: skip
        return replace(usual, **changes)

    def move(self, session: Session, *, now: datetime = NOON, **changes: Any) -> Window:
        seen = windows.revision(session, self.world.stages[0])
        times = self.times(**changes)
        return extending.move(
            session, times, seen=seen, actor=ADMINISTRATOR, role=Role.ADMINISTRATOR, now=now
        )


@pytest.fixture
def ground(sessions: Sessions) -> Ground:
    with sessions.begin() as session:
        world = build_world(session)
        session.execute(delete(Window).where(Window.stage_id == world.stages[0].id))
        build_window(session, world.stages[0], opens=NOON - HOUR, closes=CLOSE, grace=600)
        return Ground(
            world, build_party(session, world), build_party(session, world, "Partai Contoh B")
        )


def facts(session: Session, chain_id: int, kind: Kind) -> list[dict[str, Any]]:
    rows = session.scalars(
        select(JournalEntry)
        .where(JournalEntry.chain_id == chain_id, JournalEntry.kind == kind.value)
        .order_by(JournalEntry.number)
    )
    return [journal.facts_of(row) for row in rows]


def test_everybodys_window_is_extended_and_every_party_it_holds_for_reads_of_it(
    sessions: Sessions, ground: Ground
) -> None:
    with sessions.begin() as session:
        ground.move(session, of=ground.b, closes_at=CLOSE + 2 * HOUR)
    with sessions.begin() as session:
        made = ground.move(session)
    assert (made.version, made.opens_at, made.made_by, made.made_at) == (
        2, NOON - HOUR, ADMINISTRATOR, NOON,
    )  # fmt: skip
    with sessions.read() as session:
        stage = ground.world.stages[0]
        assert schedule.window_for(session, stage, ground.a).closes_at == CLOSE + HOUR
        assert schedule.window_for(session, stage, ground.b).closes_at == CLOSE + 2 * HOUR
        (of_a,) = facts(session, ground.a.chain_id, Kind.WINDOW_MOVED)
        (of_b,) = facts(session, ground.b.chain_id, Kind.WINDOW_MOVED)
        system = journal.system_chain(session)
        for_b, for_all = facts(session, system.id, Kind.WINDOW_CHANGED)
        [entry] = journal.entries(session, again(session, ground.a).chain)
    assert of_a == {
        "stage": "pendaftaran", "version": 2, "own": False, "in_time": 0, "grace_seconds": 600,
        "opens_at": instant(NOON - HOUR), "closes_at": instant(CLOSE + HOUR),
        "was_closes_at": instant(CLOSE), "was_grace_seconds": 600,
    }  # fmt: skip
    assert (of_b["own"], of_b["version"]) == (True, 1)
    assert (for_b["party"], for_b["parties"]) == (ground.b.public_id, 1)
    assert (for_all["party"], for_all["parties"]) == (None, 1)
    assert entry.note == BASIS


def test_a_partys_own_journal_names_no_rival(sessions: Sessions, ground: Ground) -> None:
    with sessions.begin() as session:
        ground.move(session, of=ground.a)
        before = session.scalars(
            select(JournalEntry.id).where(JournalEntry.chain_id == ground.b.chain_id)
        ).all()
        assert before == []
        [own] = facts(session, ground.a.chain_id, Kind.WINDOW_MOVED)
    assert ground.b.public_id not in str(own)


@pytest.mark.parametrize(
    ("changes", "now", "refusal"),
    [
        ({"legal_basis": "  "}, NOON, LegalBasisMissing),
        ({"legal_basis": "x" * 201}, NOON, LegalBasisMissing),
        ({"closes_at": NOON - 2 * HOUR}, NOON, WindowNotSound),
        ({"closes_at": NOON + timedelta(days=400)}, NOON, WindowNotSound),
        ({"grace_seconds": -1}, NOON, WindowNotSound),
        ({"grace_seconds": 86_401}, NOON, WindowNotSound),
        ({"closes_at": CLOSE + MINUTE}, CLOSE + HOUR, WindowPast),
        ({"closes_at": CLOSE - MINUTE}, NOON, WindowShortened),
        ({"closes_at": CLOSE, "grace_seconds": 599}, NOON, WindowShortened),
        ({"opens_at": NOON}, NOON, WindowShortened),
        ({"closes_at": CLOSE, "legal_basis": "uji"}, NOON, WindowUnchanged),
    ],
)
@pytest.mark.parametrize("alone", [False, True])
def test_what_may_not_be_prescribed_is_refused_and_nothing_is_written(
    sessions: Sessions,
    ground: Ground,
    changes: dict[str, Any],
    now: datetime,
    refusal: type[DomainError],
    alone: bool,
) -> None:
    with sessions.begin() as session:
        with pytest.raises(refusal):
            ground.move(session, now=now, of=ground.a if alone else None, **changes)
        assert windows.revision(session, ground.world.stages[0]) == 1


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMINISTRATOR}))
def test_nobody_but_an_administrator_moves_one(
    sessions: Sessions, ground: Ground, role: Role
) -> None:
    with sessions.begin() as session, pytest.raises(NotAllowed):
        extending.move(session, ground.times(), seen=1, actor=SECOND, role=role, now=NOON)


def test_what_has_not_opened_may_move_either_way(sessions: Sessions, ground: Ground) -> None:
    early = NOON - 2 * HOUR
    with sessions.begin() as session:
        ground.move(session, now=early, closes_at=NOON, opens_at=NOON - 30 * MINUTE)
        held = schedule.window_for(session, ground.world.stages[0], ground.a)
    assert (held.opens_at, held.closes_at) == (NOON - 30 * MINUTE, NOON)


def test_a_close_that_has_passed_is_opened_anew_for_one_party_alone(
    sessions: Sessions, ground: Ground
) -> None:
    later = CLOSE + 48 * HOUR
    with sessions.begin() as session:
        ground.move(session, now=later, of=ground.a, closes_at=later + 240 * HOUR)
        assert schedule.open_for_upload(session, ground.a, later)
        assert not schedule.open_for_upload(session, ground.b, later)


def test_a_decision_on_what_is_no_longer_so_is_stale(sessions: Sessions, ground: Ground) -> None:
    with sessions.begin() as session:
        ground.move(session, of=ground.b)
    with sessions.begin() as session, pytest.raises(Stale):
        extending.move(
            session, ground.times(closes_at=CLOSE + 5 * HOUR), seen=1, actor=ADMINISTRATOR,
            role=Role.ADMINISTRATOR, now=NOON,
        )  # fmt: skip


def test_the_same_sent_twice_is_one_version(sessions: Sessions, ground: Ground) -> None:
    made = []
    for _ in range(2):
        with sessions.begin() as session:
            made.append(
                extending.move(
                    session, ground.times(), seen=1, actor=ADMINISTRATOR, role=Role.ADMINISTRATOR,
                    now=NOON,
                ).id
            )  # fmt: skip
    assert made[0] == made[1]


@pytest.mark.parametrize("alone", [False, True])
def test_of_two_administrators_at_once_exactly_one_wins(
    sessions: Sessions, ground: Ground, alone: bool
) -> None:
    def by(actor: str, hours: int) -> Callable[[], object]:
        def work() -> object:
            with sessions.begin() as session:
                times = ground.times(closes_at=CLOSE + hours * HOUR, of=ground.a if alone else None)
                return extending.move(
                    session, times, seen=1, actor=actor, role=Role.ADMINISTRATOR, now=NOON
                )

        return work

    results = at_once(*(by(f"account:{n:032x}", n + 1) for n in range(4)))
    made = [each for each in results if isinstance(each, Window)]
    assert len(made) == 1
    assert sum(isinstance(each, Stale) for each in results) == 3
    with sessions.read() as session:
        assert windows.revision(session, ground.world.stages[0]) == 2
        held = schedule.window_for(session, ground.world.stages[0], ground.a)
        assert held.closes_at == made[0].closes_at
        assert len(facts(session, ground.a.chain_id, Kind.WINDOW_MOVED)) == 1


def test_the_database_itself_lets_no_number_stand_twice(sessions: Sessions, ground: Ground) -> None:
    with pytest.raises(IntegrityError), sessions.begin() as session:
        build_window(session, ground.world.stages[0], opens=NOON, closes=CLOSE, version=1)


def test_what_the_preview_says_is_what_is_done(sessions: Sessions, ground: Ground) -> None:
    with sessions.begin() as session:
        ground.move(session, of=ground.b, closes_at=CLOSE + 2 * HOUR)
    with sessions.read() as session:
        effect = extending.effect_of(session, ground.times(), NOON)
        assert effect.was is not None
        assert (effect.was.closes_at, effect.closes_at) == (CLOSE, CLOSE + HOUR)
        assert [party.id for party in effect.touched] == [ground.a.id]
        assert [(party.id, own.closes_at) for party, own in effect.own] == [
            (ground.b.id, CLOSE + 2 * HOUR)
        ]


def test_running_over_the_old_close_is_in_time_and_what_was_late_between_is_told(
    sessions: Sessions, ground: Ground
) -> None:
    """Begun before the close: one ends after the grace, then the close moves, then another ends."""
    between, after = CLOSE + 20 * MINUTE, CLOSE + 40 * MINUTE
    late, running = (
        replace(build_arrival(ground.a, "ad-art", "ID", now=at), created_at=CLOSE - MINUTE)
        for at in (between, after)
    )
    with sessions.begin() as session:
        intake.receive(session, late, between)
    with sessions.begin() as session:
        ground.move(session, now=CLOSE + 30 * MINUTE)
    with sessions.begin() as session:
        intake.receive(session, running, after)
    with sessions.read() as session:
        received = facts(session, ground.a.chain_id, Kind.FILE_RECEIVED)
        [moved] = facts(session, ground.a.chain_id, Kind.WINDOW_MOVED)
        [of_b] = facts(session, ground.b.chain_id, Kind.WINDOW_MOVED)
    assert [each["late"] for each in received] == [True, False]
    assert (moved["in_time"], of_b["in_time"]) == (1, 0)


def test_a_party_is_told_while_the_later_close_is_ahead(sessions: Sessions, ground: Ground) -> None:
    stage = ground.world.stages[0]
    with sessions.begin() as session:
        assert windows.extension_of(session, stage, ground.a, NOON) is None
        ground.move(session)
        ground.move(session, of=ground.b, closes_at=CLOSE + 3 * HOUR)
    with sessions.read() as session:
        told = windows.extension_of(session, stage, ground.a, NOON)
        own = windows.extension_of(session, stage, ground.b, NOON)
        assert told is not None
        assert (told.was.closes_at, told.window.closes_at) == (CLOSE, CLOSE + HOUR)
        assert own is not None
        assert (own.was.closes_at, own.window.closes_at) == (CLOSE + HOUR, CLOSE + 3 * HOUR)
        assert windows.extension_of(session, stage, ground.a, CLOSE + HOUR) is None


# Minutes that pass before, whose, how much later (or earlier) than the first close, grace.
MOVES = st.lists(
    st.tuples(
        st.integers(0, 40), st.sampled_from([None, "a", "b"]), st.integers(-90, 300),
        st.integers(0, 1200),
    ),
    max_size=8,
)  # fmt: skip


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(moves=MOVES)
def test_whatever_is_asked_the_window_that_holds_is_the_models(
    sessions: Sessions, ground: Ground, moves: list[tuple[int, str | None, int, int]]
) -> None:
    """Own before general, the newest of each; what has opened never loses a second."""
    parties = {None: None, "a": ground.a, "b": ground.b}
    model: dict[str | None, tuple[datetime, int]] = {None: (CLOSE, 600)}
    now = NOON
    with sessions.begin() as session:
        for number, (passed, who, minutes, grace) in enumerate(moves):
            now += passed * MINUTE
            closes, held = CLOSE + minutes * MINUTE, model.get(who, model[None])
            later = closes >= held[0] and ends(closes, grace) >= ends(*held)
            try:
                ground.move(
                    session, now=now, of=parties[who], closes_at=closes, grace_seconds=grace,
                    legal_basis=f"Keputusan {number}",
                )  # fmt: skip
            except (WindowPast, WindowShortened):
                assert not (later and closes > now)
            else:
                assert later
                assert closes > now
                model[who] = (closes, grace)
            openings = Openings(session, ground.world.election.id, [ground.a.id, ground.b.id])
            for letter, party in (("a", ground.a), ("b", ground.b)):
                expected = model.get(letter, model[None])
                window = schedule.window_for(session, ground.world.stages[0], party)
                assert (window.closes_at, window.grace_seconds) == expected
                assert openings.holds(party.id, now) == (now < expected[0])
        session.rollback()


def ends(closes: datetime, grace: int) -> datetime:
    return closes + timedelta(seconds=grace)
