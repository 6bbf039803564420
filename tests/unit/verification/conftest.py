"""An election on each database, and a party in it; a test that needs more has its own."""

from __future__ import annotations

import pytest

from tests.builders import build_party
from tests.world import World, build_world
from verification.db import Sessions
from verification.models import Participation


@pytest.fixture
def world(sessions: Sessions) -> World:
    with sessions.begin() as session:
        return build_world(session)


@pytest.fixture
def party(sessions: Sessions, world: World) -> Participation:
    with sessions.begin() as session:
        return build_party(session, world)
