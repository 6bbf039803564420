"""The fixtures themselves: each test gets its own empty database, migrated."""

from __future__ import annotations

import pytest
from sqlalchemy import inspect, text

from verification.db import Sessions
from verification.models import Party


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_starts_with_an_empty_database(sessions: Sessions, turn: int) -> None:
    with sessions.begin() as session:
        session.execute(text("CREATE TABLE left_behind (id INTEGER)"))
        names = inspect(session.connection()).get_table_names()
    assert {"election", "item", "account", "left_behind"} <= set(names)


@pytest.mark.parametrize("turn", [1, 2])
def test_no_test_finds_rows_or_keys_of_another(sessions: Sessions, turn: int) -> None:
    with sessions.begin() as session:
        party = Party(name="Partai Uji A", abbreviation="a")
        session.add(party)
        session.flush()
        assert (party.id, session.query(Party).count()) == (1, 1)
