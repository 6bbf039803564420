"""A long job falls behind, with what it starts; the worker itself stays where it is."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from tests.world import NOON
from verification.niceness import LATER, SOON, later
from verification.worker import Stopping, Task


def niceness() -> int:
    """Of this thread; on Linux `0` is the caller's own."""
    return os.getpriority(os.PRIO_PROCESS, 0)


def test_a_long_job_and_its_children_are_behind_and_the_worker_is_not() -> None:
    before = niceness()
    seen: list[int] = []

    def long(_task: Task) -> None:
        ask = [sys.executable, "-c", "import os; print(os.getpriority(os.PRIO_PROCESS, 0))"]
        child = subprocess.run(ask, check=True, capture_output=True).stdout
        seen.extend([niceness(), int(child)])

    later(long)(Task("about", lambda: NOON, threading.Event()))
    assert seen == [min(19, before + LATER - SOON)] * 2
    assert niceness() == before


def test_what_a_long_job_raises_reaches_the_worker() -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopping):
        later(Task.checkpoint)(Task("about", lambda: NOON, stop))
