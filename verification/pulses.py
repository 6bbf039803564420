"""A worker's sign of life: a file it touches, and holds a lock on for as long as it lives.

The kernel gives the lock back when the process is gone, however it went: a lock that can be taken
proves a death, and nothing is guessed from a time. The file carries the worker's name, which tells the
boot of its machine: of a worker on another machine a lock proves nothing here.

Next station: `verification.worker` touches it, and puts back what the departed held.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

SUFFIX = ".pulse"
SWEPT_SECONDS = 3600.0
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class Pulse:
    """The sign of life of one worker. `name` is its own in the whole installation."""

    def __init__(self, directory: Path, name: str, descriptor: int) -> None:
        self.name = name
        self._directory = directory
        self._descriptor = descriptor

    def beat(self) -> None:
        """Alive now."""
        # By descriptor: a touch by name could make a file that nobody has locked.
        os.utime(self._descriptor)

    @contextmanager
    def departed(self) -> Iterator[list[str]]:
        """The names of workers that are dead for certain; forgotten when the block ends well."""
        graves: dict[Path, int] = {}
        try:
            for path in self._directory.glob(f"*{SUFFIX}"):
                if _of_this_boot(path.stem) and (descriptor := _taken(path)) is not None:
                    graves[path] = descriptor
            yield [path.stem for path in graves]
            for path in graves:
                path.unlink(missing_ok=True)
        finally:
            for descriptor in graves.values():
                os.close(descriptor)


@contextmanager
def pulse_in(directory: Path) -> Iterator[Pulse]:
    """A pulse of this process as long as the block lasts; those of an earlier boot are swept."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    _sweep(directory)
    name = worker_name()
    path = directory / f"{name}{SUFFIX}"
    # Locked before it has the name under which others look.
    unborn = directory / f"{name}.new"
    descriptor = os.open(unborn, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        unborn.rename(path)
        yield Pulse(directory, name, descriptor)
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def last_beats(directory: Path) -> dict[str, datetime]:
    """When each worker whose pulse lies in `directory` was last alive, by name."""
    beats = {}
    for path in sorted(directory.glob(f"*{SUFFIX}")):
        with suppress(FileNotFoundError):
            beats[path.stem] = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return beats


def worker_name() -> str:
    """A name nobody else ever has: the machine, its boot, this process, and chance."""
    # Numbers of processes come again, in a container always the same.
    return f"{os.uname().nodename[:24]}:{_boot()}:{os.getpid()}:{secrets.token_hex(4)}"


def _of_this_boot(name: str) -> bool:
    return name.split(":")[1:2] == [_boot()]


def _boot() -> str:
    return _BOOT.read_text()[:8]


def _taken(path: Path) -> int | None:
    """The locked file of a worker that is dead; None when it lives, or its file is gone."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _sweep(directory: Path) -> None:
    for path in (*directory.glob(f"*{SUFFIX}"), *directory.glob("*.new")):
        with suppress(FileNotFoundError):
            if not _of_this_boot(path.stem) and time.time() - path.stat().st_mtime > SWEPT_SECONDS:
                path.unlink()
