"""Windows: a party's own before everybody's, the highest version, begun before the close counts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from tests.builders import build_party
from tests.world import HOUR, NOON, World, build_window, build_world
from verification import schedule
from verification.db import Sessions
from verification.errors import NotFound, WindowClosed
from verification.models import Participation, Window

MINUTE = timedelta(minutes=1)


def plain(session: Session) -> tuple[World, Participation]:
    world = build_world(session)
    session.execute(delete(Window))
    return world, build_party(session, world)


def test_the_highest_version_of_the_own_window_holds(sessions: Sessions) -> None:
    with sessions.begin() as session:
        world, party = plain(session)
        stage = world.stages[0]
        build_window(session, stage, opens=NOON, closes=NOON + HOUR, version=9)
        assert schedule.window_for(session, stage, party).version == 9
        for version in (1, 2):
            build_window(
                session, stage, opens=NOON, closes=NOON + version * HOUR,
                version=version, participation=party,
            )  # fmt: skip
        assert schedule.window_for(session, stage, party).closes_at == NOON + 2 * HOUR
        assert schedule.window_for(session, stage, None).version == 9


def test_a_stage_without_window_is_closed(sessions: Sessions) -> None:
    with sessions.begin() as session:
        world, party = plain(session)
        with pytest.raises(WindowClosed):
            schedule.window_for(session, world.stages[0], party)
        assert not schedule.open_for_upload(session, party, NOON)


@pytest.mark.parametrize(
    ("started", "now", "open_"),
    [
        (None, -1, False),
        (None, 0, True),
        (None, 59, True),
        (None, 60, False),
        (59, 60, True),
        (59, 70, True),
        (59, 71, False),
        (60, 61, False),
        (-1, 5, False),
    ],
)
def test_begun_before_the_close_counts_within_the_grace(
    sessions: Sessions, started: int | None, now: int, open_: bool
) -> None:
    with sessions.begin() as session:
        world, party = plain(session)
        build_window(session, world.stages[0], opens=NOON, closes=NOON + HOUR, grace=600)
        begun = None if started is None else NOON + started * MINUTE
        found = schedule.open_for_upload(session, party, NOON + now * MINUTE, started_at=begun)
    assert found is open_


def test_what_closes_next_is_the_first_open_window(sessions: Sessions) -> None:
    with sessions.begin() as session:
        world, party = plain(session)
        build_window(session, world.stages[0], opens=NOON, closes=NOON + 3 * HOUR)
        build_window(session, world.stages[1], opens=NOON, closes=NOON + 2 * HOUR)
        closing = schedule.what_closes_next(session, world.election, NOON)
        assert closing is not None
        assert closing.stage.id == world.stages[1].id
        build_window(session, world.stages[0], opens=NOON, closes=NOON + HOUR, participation=party)
        own = schedule.what_closes_next(session, world.election, NOON, party)
        assert own is not None
        assert own.closes_at == NOON + HOUR
        assert schedule.what_closes_next(session, world.election, NOON + 9 * HOUR) is None


def test_the_current_round_is_the_newest_opened(sessions: Sessions) -> None:
    with sessions.begin() as session:
        world, _ = plain(session)
        assert schedule.current_round(session, world.election).number == 1
        following = schedule.next_round(session, world.election)
        assert following is not None
        following.opened_at = NOON
        session.flush()
        assert schedule.current_round(session, world.election).number == 2
        assert schedule.next_round(session, world.election) is None
        for round_ in schedule.rounds(session, world.election):
            round_.opened_at = None
        session.flush()
        with pytest.raises(NotFound):
            schedule.current_round(session, world.election)
