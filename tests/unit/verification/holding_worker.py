"""A worker in its own process that takes a job and never ends it: URL, directory of pulses, kind."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from verification.db import Sessions, make_engine
from verification.pulses import pulse_in
from verification.worker import Task, Worker

url, directory, kind = sys.argv[1:]


def hold(_task: Task) -> None:
    """Say that the job is taken, and wait for the kill."""
    sys.stdout.write("taken\n")
    sys.stdout.flush()
    threading.Event().wait()


with pulse_in(Path(directory)) as pulse:
    sessions = Sessions(make_engine(url))
    Worker(sessions, {kind: hold}, name=pulse.name, pulse=pulse).step(threading.Event())
