"""What every test may ask for: an empty migrated database on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from portal.database import migrate
from tests.postgres import Cluster, PostgresMissing
from verification.db import Sessions, make_engine

# `SIPOL_TEST_PARTIAL=1` is the only way in which a missing part may pass as a skip.
PARTIAL = os.environ.get("SIPOL_TEST_PARTIAL") == "1"

# The settings of whoever runs the tests must not reach what is tested.
for _name in [name for name in os.environ if name.startswith("SIPOL_")]:
    if not _name.startswith("SIPOL_TEST_"):
        del os.environ[_name]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy from."""
    path = tmp_path_factory.mktemp("template") / "sipol.db"
    engine = make_engine(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """The PostgreSQL server of this test run, started when the first test asks for it."""
    try:
        cluster = Cluster()
    except PostgresMissing as error:
        if PARTIAL:
            pytest.skip(str(error))
        raise
    with cluster:
        yield cluster


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """An empty migrated SQLite database."""
    path = tmp_path / "sipol.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgresql_url(postgres_cluster: Cluster) -> Iterator[str]:
    """An empty migrated PostgreSQL database."""
    with postgres_cluster.database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty migrated database, once on each of the two."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on `database_url`, disposed of before the database goes."""
    engine = make_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(engine: Engine) -> Sessions:
    """Sessions on `database_url`."""
    return Sessions(engine)
