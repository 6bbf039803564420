"""A party with a list to import, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders import build_party
from tests.unit.rosters.stand import Stand
from tests.world import build_world
from verification.db import Sessions


@pytest.fixture
def stand(sessions: Sessions, tmp_path: Path) -> Stand:
    with sessions.begin() as session:
        participation = build_party(session, build_world(session))
        return Stand(sessions=sessions, folder=tmp_path, participation_id=participation.id)
