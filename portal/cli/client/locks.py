"""One upload, one process: a lock on a file that the system drops when its holder dies.

Next station: `portal.cli.client.state`, which locks the state of an upload while it goes on.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

if sys.platform == "win32":
    import msvcrt

    def _take(file: IO[bytes]) -> None:
        # Windows locks bytes, not files: the first one, which need not exist.
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

    def _drop(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _take(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _drop(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_UN)


__all__ = ["Busy", "locked"]


class Busy(Exception):
    """Another process holds the lock."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock on `path` (made if missing). Raises Busy at once when it is taken."""
    with path.open("ab") as file:
        try:
            _take(file)
        except OSError:
            raise Busy from None
        try:
            yield
        finally:
            _drop(file)
