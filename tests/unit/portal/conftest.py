"""The portal on SQLite; a test that depends on the database asks for both (`stand_on_each`)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.portal_stand import Populace, Stand, build_stand, populate
from verification.db import Sessions, make_engine


@pytest.fixture(scope="session")
def populated(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Populace]:
    """A SQLite file with world, parties and people, to copy from."""
    path = tmp_path_factory.mktemp("populated") / "sipol.db"
    shutil.copyfile(sqlite_template, path)
    engine = make_engine(f"sqlite:///{path}")
    populace = populate(Sessions(engine))
    # Closing the last connection brings the write-ahead log into the file that is copied.
    engine.dispose()
    return path, populace


@pytest.fixture
def stand(populated: tuple[Path, Populace], tmp_path: Path) -> Iterator[Stand]:
    """The portal on SQLite."""
    template, populace = populated
    path = tmp_path / "sipol.db"
    shutil.copyfile(template, path)
    engine = make_engine(f"sqlite:///{path}")
    yield build_stand(Sessions(engine), tmp_path / "home", populace)
    engine.dispose()


@pytest.fixture
def stand_on_each(sessions: Sessions, tmp_path: Path) -> Stand:
    """The portal on SQLite and on PostgreSQL."""
    return build_stand(sessions, tmp_path / "home")
