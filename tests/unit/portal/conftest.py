"""The portal on SQLite; a test that depends on the database asks for both (`stand_on_each`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.portal_stand import Browser, Prepared, Stand, build_stand, prepare
from verification.db import Sessions


@pytest.fixture(scope="session")
def prepared(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepare(sqlite_template, tmp_path_factory.mktemp("populated"))


@pytest.fixture
def stand(prepared: Prepared, tmp_path: Path) -> Iterator[Stand]:
    """The portal on SQLite."""
    with prepared.opened(tmp_path) as stand:
        yield stand


@pytest.fixture
def stand_to_extend(prepared: Prepared, tmp_path: Path) -> Iterator[Stand]:
    """The portal on SQLite with an application of its own, which may be given further addresses."""
    with prepared.opened(tmp_path, own_app=True) as stand:
        yield stand


@pytest.fixture
def stand_on_each(sessions: Sessions, prepared: Prepared, tmp_path: Path) -> Stand:
    """The portal on SQLite and on PostgreSQL."""
    return build_stand(sessions, prepared.copy_home(tmp_path))


@pytest.fixture
def party(stand: Stand) -> Browser:
    """The coordinator of party A."""
    return stand.browser("koordinator.a")
