"""The portal on SQLite; a test that depends on the database asks for both (`stand_on_each`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.portal_stand import Stand, build_stand
from verification.db import Sessions, make_engine


@pytest.fixture
def stand(sqlite_url: str, tmp_path: Path) -> Iterator[Stand]:
    """The portal on an empty SQLite database."""
    engine = make_engine(sqlite_url)
    yield build_stand(Sessions(engine), tmp_path / "home")
    engine.dispose()


@pytest.fixture
def stand_on_each(sessions: Sessions, tmp_path: Path) -> Stand:
    """The portal on SQLite and on PostgreSQL."""
    return build_stand(sessions, tmp_path / "home")
