"""However a run ends, no process of it is left."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from tests.unit.sandbox.conftest import CODE
from verification.sandbox.outcome import Outcome

WORKER = """
import sys
from contextlib import suppress
from pathlib import Path
from tests.unit.sandbox import hostile
from verification.sandbox import launcher
from verification.sandbox.limits import Limits
kind, source, output, *code = sys.argv[1:]
sandbox = getattr(launcher, kind)(tasks=hostile.TASKS, code=[Path(path) for path in code])
sandbox.run("settle", source=Path(source), output=Path(output), arguments={}, limits=Limits(wall=300.0))
"""


def descendants(pid: int) -> set[int]:
    found: set[int] = set()
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        # A thread that has just ended has none.
        with suppress(FileNotFoundError, ProcessLookupError):
            for child in map(int, children.read_text().split()):
                found |= {child} | descendants(child)
    return found


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def wait_until(condition, seconds: float = PATIENCE) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("kind", ["Bubblewrap", "Unwalled"])
def test_a_worker_killed_in_mid_check_leaves_nothing(source: Path, tmp_path: Path, kind: str):
    output = tmp_path / "out"
    output.mkdir()
    words = [sys.executable, "-c", WORKER, kind, str(source), str(output), *map(str, CODE)]
    worker = subprocess.Popen(words, cwd=CODE[0].parent, env={"PYTHONPATH": str(CODE[0].parent)})
    try:
        assert wait_until((output / "settled").exists)
        started = descendants(worker.pid)
        assert started
    finally:
        worker.kill()
        worker.wait()

    assert wait_until(lambda: not any(map(is_alive, started)))


def test_a_run_out_of_time_leaves_nothing(out_of_time: Callable[[], Outcome]):
    before = descendants(own_pid())

    out_of_time()

    assert wait_until(lambda: descendants(own_pid()) <= before)


def own_pid() -> int:
    return int(Path("/proc/self").readlink().name)
