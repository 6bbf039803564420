"""How far a worker's jobs stand behind pages and uploads, where cores are few.

Every job a little: a person does not wait for a machine. Those that take minutes, a list, a folder of
scans, a comparison of all parties, a long way: there a moment more is nothing. Not the last place of
all: on a machine that is full for hours the short ones must still be done, because receipts are among
them, and a job that holds the one writer of SQLite must get on.

Next station: `verification/handlers.py` says which jobs those are.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

from verification.worker import Handler, Task

SOON = 5
LATER = 15
"""Above the niceness the worker was started with."""


def begin_soon() -> None:
    """This process and what it starts, from now on."""
    os.nice(SOON)


def later(handler: Handler) -> Handler:
    """The same job with what it starts, further behind.

    In a thread of its own, which ends with it: niceness is a thread's on Linux (nice(2), "C
    library/kernel differences"), and nobody but root can take it back.
    """

    def behind(task: Task) -> None:
        with ThreadPoolExecutor(1, "later", initializer=_fall_behind) as thread:
            thread.submit(handler, task).result()

    return behind


def _fall_behind() -> None:
    os.nice(LATER - SOON)
