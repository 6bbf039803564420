"""Both kinds of walls, with the hostile tasks behind them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.sandbox import hostile
from verification.sandbox.launcher import (
    OUR_CODE,
    Bubblewrap,
    Sandbox,
    SandboxUnavailable,
    Unwalled,
)
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
    return Limits(memory=256 * MIB, cpu=5, wall=60.0)


@pytest.fixture
def out_of_time(either: Sandbox, source: Path) -> Callable[[], Outcome]:
    """Let a child sleep until its time is up; on a machine too slow to start one, more time."""

    def run() -> Outcome:
        for wall in (0.5, 5.0):
            with contextlib.suppress(SandboxUnavailable):
                return either.run("sleep", source=source, arguments={}, limits=Limits(wall=wall))
        return either.run("sleep", source=source, arguments={}, limits=Limits(wall=60.0))

    return run
