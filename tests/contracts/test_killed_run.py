"""The stands of these tests end with the run that started them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.patience import PATIENCE
from tests.stack import running_on
from tests.tethered import ROOT, tethered


def test_a_test_run_that_is_killed_takes_its_stands_along(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.contracts.killed_run", tmp_path], cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True,
    ) as run:  # fmt: skip
        assert run.stdout is not None
        home = Path(run.stdout.readline().strip())
        started = running_on(home) + running_on(tmp_path)
        run.kill()
    deadline = time.monotonic() + PATIENCE
    while left := running_on(home) + running_on(tmp_path):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
    shutil.rmtree(home)
    for words in ("nginx: master", "tests.contracts.tus_app", "tests.tus_app"):
        assert any(words in each for each in started), started


def test_what_a_thread_has_begun_outlives_the_thread() -> None:
    begun: list[subprocess.Popen[bytes]] = []

    def begin() -> None:
        words = (sys.executable, "-c", "print(flush=True); input()")
        begun.append(tethered(*words, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        assert begun[0].stdout is not None
        begun[0].stdout.readline()  # it is tied by now

    thread = threading.Thread(target=begin)
    thread.start()
    thread.join()
    begun[0].communicate(b"\n", timeout=PATIENCE)
    assert begun[0].returncode == 0
