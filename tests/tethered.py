"""A command that ends with whoever started it, even when that is killed with -9; SIGTERM then.

Set in the child's own program and not between fork and exec: the starter has threads.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path

from portal.offspring import PR_SET_PDEATHSIG

# Whatever the environment of the command says of paths is the command's own.
BEGIN = (
    "import sys; sys.path.insert(0, sys.argv[1]); from tests.tethered import become; "
    "become(int(sys.argv[2]), sys.argv[3:])"
)
ROOT = Path(__file__).resolve().parent.parent


def tethered(*words: str) -> list[str]:
    """The command that does so when this process has gone; its main thread must be the starter."""
    return [sys.executable, "-I", "-S", "-c", BEGIN, str(ROOT), str(os.getpid()), *words]


def become(parent: int, words: list[str]) -> None:
    """Become the command, tied to `parent`."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == parent:  # else it died before the line above
        os.execvp(words[0], words)
