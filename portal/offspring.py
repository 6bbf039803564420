"""A child process that does not outlive its parent and starts with a clean signal mask.

Next station: `portal/supervise.py` starts every part of the tree this way.
"""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(number: signal.Signals) -> Callable[[], None]:
    """What a child does between fork and exec: `number` will be sent to it when we are gone.

    The caller must be the main thread, and must be the one that lives on: the kernel counts the
    death of the forking thread. Linux only.
    """
    parent = os.getpid()

    def between_fork_and_exec() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it died before the line above
            os.kill(os.getpid(), signal.SIGKILL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())

    return between_fork_and_exec


def adopt_orphans() -> None:
    """From now on grandchildren whose parent dies become our children, so that none gets lost."""
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
