"""A command that ends with whoever started it, even when that is killed with -9; SIGTERM then.

Set in the child's own program and not between fork and exec: the starter has threads.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from portal.offspring import PR_SET_PDEATHSIG

# Whatever the environment of the command says of paths is the command's own.
BEGIN = (
    "import sys; sys.path.insert(0, sys.argv[1]); from tests.tethered import become; "
    "become(int(sys.argv[2]), sys.argv[3:])"
)
ROOT = Path(__file__).resolve().parent.parent


# The kernel ties a child to the thread that began it: one that lasts as long as this process begins all.
_starter = ThreadPoolExecutor(1, thread_name_prefix="starter")


def tethered(*words: str, **how: Any) -> subprocess.Popen[bytes]:
    """Begin a command that ends when this process has gone, as `subprocess.Popen` with these words.

    May be called in any thread.
    """
    tied = [sys.executable, "-I", "-S", "-c", BEGIN, str(ROOT), str(os.getpid()), *words]
    return _starter.submit(partial(subprocess.Popen, tied, **how)).result()


def become(parent: int, words: list[str]) -> None:
    """Become the command, tied to `parent`."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == parent:  # else it died before the line above
        os.execvp(words[0], words)
