"""Both kinds of walls, with the hostile tasks behind them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.sandbox import hostile
from verification.sandbox.launcher import OUR_CODE, Bubblewrap, Sandbox, Unwalled
from verification.sandbox.limits import MIB, Limits
from verification.sandbox.outcome import Outcome
from verification.sandbox.tasks import TASKS

CODE = (OUR_CODE, Path(__file__).resolve().parents[2])
Run = Callable[..., Outcome]


@pytest.fixture(scope="session")
def walled() -> Bubblewrap:
    return Bubblewrap(tasks={**TASKS, **hostile.TASKS}, code=CODE)


@pytest.fixture(scope="session")
def unwalled() -> Unwalled:
    return Unwalled(tasks={**TASKS, **hostile.TASKS}, code=CODE)


@pytest.fixture(params=["walled", "unwalled"])
def either(request: pytest.FixtureRequest) -> Sandbox:
    sandbox: Sandbox = request.getfixturevalue(request.param)
    return sandbox


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_text("isi berkas")
    return path


@pytest.fixture
def small() -> Limits:
    return Limits(memory=256 * MIB, cpu=5, wall=20.0)
