"""What a reading transaction sees while others write, on both databases."""

from __future__ import annotations

from sqlalchemy import func, select

from portal.models import Account
from tests.world import build_world
from verification.db import Sessions
from verification.models import Office


def test_a_reading_transaction_sees_one_state(sessions: Sessions) -> None:
    """A thing that moves from one table to another is never in neither."""
    with sessions.read() as reading:
        assert reading.scalar(select(func.count()).select_from(Account)) == 0
        with sessions.begin() as writing:
            build_world(writing)
        assert reading.scalar(select(func.count()).select_from(Office)) == 0
    with sessions.read() as reading:
        assert reading.scalar(select(func.count()).select_from(Office))
