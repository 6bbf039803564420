"""A command that ends with whoever started it: `python tethered.py PARENT WORDS…`, SIGTERM then.

Set here and not between fork and exec: the starter has threads.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

from portal.offspring import PR_SET_PDEATHSIG


def tethered(*words: str) -> list[str]:
    """The command that does so when this process has gone; its main thread must be the starter."""
    return [sys.executable, __file__, str(os.getpid()), *words]


def main(parent: int, words: list[str]) -> None:
    """Become the command, tied to `parent`."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == parent:  # else it died before the line above
        os.execvp(words[0], words)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
