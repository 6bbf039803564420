"""An office at work, made once and copied for each test: five members wait before 32.73."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.builders import build_items
from tests.portal_stand import Prepared, Stand, prepare
from verification.models import Member

NIK = "3273015305870001"


def fill(stand: Stand) -> None:
    """Party `a`'s members, and items of them."""
    keys = stand.services.field_keys
    with stand.sessions.begin() as session:
        build_items(session, stand.world, stand.party(session, "a"), 5)
        for member in session.scalars(select(Member)):
            member.nik, member.key_id = keys.encipher(NIK), keys.current_id


@pytest.fixture(scope="session")
def prepared(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Filled once for all tests of a run."""
    return prepare(sqlite_template, tmp_path_factory.mktemp("kantor"), fill)


@pytest.fixture
def stand(prepared: Prepared, tmp_path: Path) -> Iterator[Stand]:
    """A copy of it for one test."""
    with prepared.opened(tmp_path) as stand:
        yield stand
