"""An installation in a temporary folder and `sipol` to work on it with."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from portal.cli import main
from portal.cli.init import initialise
from portal.config import Config
from verification.db import Sessions, make_engine


@dataclass(frozen=True)
class Installation:
    """A home and its database; call it with the words after `sipol`."""

    home: Path
    sessions: Sessions

    def __call__(self, *arguments: str, given: str | None = None) -> Result:
        return CliRunner().invoke(main, arguments, input=given, catch_exceptions=False)


@pytest.fixture(scope="session")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with SQLite after `sipol init`, to copy from."""
    home = tmp_path_factory.mktemp("installation") / "var"
    initialise(Config(home=home, database_url=f"sqlite:///{home / 'sipol.db'}"))
    return home


@pytest.fixture
def sipol(
    initialised: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Installation]:
    """An installation that has been initialised, on SQLite."""
    home = shutil.copytree(initialised, tmp_path / "var")
    monkeypatch.setenv("SIPOL_HOME", str(home))
    engine = make_engine(f"sqlite:///{home / 'sipol.db'}")
    yield Installation(home=home, sessions=Sessions(engine))
    engine.dispose()
