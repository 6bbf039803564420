"""The task that tries the walls from inside, for start-up checks and tests: nothing may give way.

Next station: ``verification/sandbox/launcher.py: Sandbox.verify`` reads what gave way.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path

from verification.sandbox.job import JSON, Job


def probe(job: Job) -> JSON:
    """The names of the walls that gave way, sorted. ``arguments["hidden"]``: paths not to be seen.

    The file itself must be readable: an OSError here means a broken sandbox.
    """
    job.source.read_bytes()
    hidden = job.arguments["hidden"]
    assert isinstance(hidden, list)
    attempts: dict[str, Callable[[], object]] = {
        "network": _connect,
        "fork": _fork,
        "exec": _exec,
        "source": lambda: job.source.open("ab").close(),
        "write": lambda: Path("/beside").write_bytes(b"x"),
        "hidden": lambda: _see_any(hidden),
        "root": lambda: None if 0 in (os.getuid(), os.geteuid()) else _refused(),
    }
    return [name for name, attempt in sorted(attempts.items()) if _works(attempt)]


def _works(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except OSError:
        return False
    return True


def _refused() -> None:
    raise PermissionError


def _connect() -> None:
    with socket.socket() as line:
        line.connect(("127.0.0.1", 9))


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _exec() -> None:
    """Through libc, with a program that cannot exist: ENOENT would mean that exec is permitted."""
    libc = ctypes.CDLL(None, use_errno=True)
    nothing = (ctypes.c_char_p * 1)(None)
    libc.execve(b"/nonexistent", nothing, nothing)
    if ctypes.get_errno() == errno.EPERM:
        raise PermissionError


def _see_any(hidden: list[JSON]) -> None:
    if not any(Path(str(path)).exists() for path in hidden):
        raise FileNotFoundError
