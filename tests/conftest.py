"""What every test may ask for: an empty migrated database on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine

from portal.database import migrate
from tests import needs, stack
from tests.engines import engine_on
from tests.postgres import Cluster
from tests.stack import Stack
from verification.db import Sessions, make_engine

# `SIPOL_TEST_PARTIAL=1` is the only way in which a missing part may pass as a skip.
PARTIAL = os.environ.get("SIPOL_TEST_PARTIAL") == "1"

# A machine that stalls makes an example slow, or the making of one, and neither is a failure.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# The settings of whoever runs the tests must not reach what is tested.
for _name in [name for name in os.environ if name.startswith("SIPOL_")]:
    if not _name.startswith("SIPOL_TEST_"):
        del os.environ[_name]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what was not asked for: soak tests, and in a partial run what cannot be run."""
    absent = needs.missing() if PARTIAL else frozenset()
    for item in items:
        if lacking := needs.lacking(item.nodeid, absent):
            reason = f"SIPOL_TEST_PARTIAL=1 and this machine lacks {', '.join(lacking)}"
            item.add_marker(pytest.mark.skip(reason=reason))
    if config.getoption("markexpr"):
        return
    soak = [item for item in items if item.get_closest_marker("soak")]
    config.hook.pytest_deselected(items=soak)
    items[:] = [item for item in items if item not in soak]


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
    with Cluster() as cluster:
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
    with postgres_cluster.empty_database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty migrated database, once on each of the two."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on `database_url`, its connections closed before the database goes."""
    with engine_on(database_url) as engine:
        yield engine


@pytest.fixture
def sessions(engine: Engine) -> Sessions:
    """Sessions on `database_url`."""
    return Sessions(engine)


class StartStack(Protocol):
    """Starts the whole product; it is stopped and looked over at the end of the test."""

    def __call__(
        self, database: str = "sqlite", *, line: bool = False, **settings: Any
    ) -> Stack: ...


@pytest.fixture(scope="session")
def seeded_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home after `sipol init` and `sipol demo`, on SQLite, to copy from."""
    home = tmp_path_factory.mktemp("seeded")
    stack.seed(home)
    return home


@pytest.fixture(scope="session")
def seeded_postgresql(
    tmp_path_factory: pytest.TempPathFactory, postgres_cluster: Cluster
) -> Iterator[tuple[Path, str]]:
    """The same on PostgreSQL: a home without a database, and the name of the database to copy."""
    home = tmp_path_factory.mktemp("seeded-postgresql")
    with postgres_cluster.database() as url:
        stack.seed(home, database_url=url)
        yield home, url.rpartition("/")[2]


@pytest.fixture
def start_stack(request: pytest.FixtureRequest) -> Iterator[StartStack]:
    """`start_stack("postgresql", line=True, upload_processes=1)`: see `tests.stack.Stack`."""
    with ExitStack() as running:

        def start(database: str = "sqlite", *, line: bool = False, **settings: Any) -> Stack:
            if database == "sqlite":
                home = request.getfixturevalue("seeded_home")
                return running.enter_context(Stack(home, line=line, **settings))
            home, template = request.getfixturevalue("seeded_postgresql")
            cluster = request.getfixturevalue("postgres_cluster")
            url = running.enter_context(cluster.database(template=template))
            return running.enter_context(Stack(home, database_url=url, line=line, **settings))

        yield start
