"""What the client remembers of an upload: a fingerprint and a public id, no file name and no key.

The address of an upload is a capability and is never written down; it is asked for again from the
API. A copied state directory gives nobody anything.

Next station: `portal.cli.client.transfer`, which goes on from what is remembered.
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from portal.cli.client.locks import locked

__all__ = [
    "Remembered",
    "StateStore",
    "config_directory",
    "fingerprint",
    "hash_file",
    "state_directory",
]

VERSION = 1
KEPT_SECONDS = 90 * 24 * 3600
READ_SIZE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """`upload`: the public id, empty while the one request of a small file has not been answered.

    `batch`: of the run that began it.
    """

    upload: str
    batch: str = ""


class StateStore:
    """One small file per upload below `directory`, beside its lock."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def hold(self, key: str) -> Iterator[None]:
        """Keep other processes off this upload. Raises portal.cli.client.locks.Busy."""
        with locked(self.directory / f"{key}.lock"):
            yield

    def load(self, key: str) -> Remembered | None:
        """What is known; a damaged file is as good as none."""
        try:
            value = json.loads(self._path(key).read_text("utf-8"))
            if value["v"] == VERSION and isinstance(value["upload"], str):
                return Remembered(upload=value["upload"], batch=str(value.get("batch", "")))
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return None

    def save(self, key: str, remembered: Remembered) -> None:
        """Written aside and put in place, so that a power cut leaves the old or the new."""
        draft = self._path(key).with_suffix(".new")
        with draft.open("w", encoding="utf-8") as file:
            value = {"v": VERSION, "fingerprint": key, **asdict(remembered)}
            json.dump(value, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path(key))

    def forget(self, key: str) -> None:
        """The upload is gone at the server."""
        self._path(key).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Drop what nobody has touched for 90 days; uploads expire long before."""
        oldest = time.time() - KEPT_SECONDS
        for path in self.directory.glob("*.json"):
            try:
                if path.stat().st_mtime < oldest:
                    path.unlink()
            except OSError:
                continue

    def _path(self, key: str) -> Path:
        return self.directory / f"{key}.json"


def hash_file(file: IO[bytes], told: Callable[[int], None] = lambda _done: None) -> tuple[int, str]:
    """Size in bytes and SHA-256 (hex) of a whole open file; `told` hears the bytes read so far."""
    digest, size = hashlib.sha256(), 0
    file.seek(0)
    while block := file.read(READ_SIZE):
        digest.update(block)
        size += len(block)
        told(size)
    return size, digest.hexdigest()


def fingerprint(server: str, sha256: str, claim: Mapping[str, str]) -> str:
    """The name of an upload on this machine: the same content for another purpose is another one."""
    parts = json.dumps([server, sha256, sorted(claim.items())], ensure_ascii=True)
    return hashlib.sha256(parts.encode("ascii")).hexdigest()


def state_directory(environ: Mapping[str, str]) -> Path:
    """Where uploads are remembered: `SIPOL_STATE`, else the system's place for such things."""
    if chosen := environ.get("SIPOL_STATE"):
        return Path(chosen)
    return _base(environ, "LOCALAPPDATA", "XDG_STATE_HOME", ".local/state") / "sipol"


def config_directory(environ: Mapping[str, str]) -> Path:
    """Where `receipt-keys.json` is looked for on a laptop."""
    return _base(environ, "APPDATA", "XDG_CONFIG_HOME", ".config") / "sipol"


def _base(environ: Mapping[str, str], windows: str, xdg: str, fallback: str) -> Path:
    if sys.platform == "win32":
        return Path(environ.get(windows) or Path.home() / "AppData" / "Local")
    else:  # noqa: RET505  mypy takes the rest of a function for unreachable otherwise
        chosen = environ.get(xdg, "")
        # XDG base directory specification: a relative path is to be ignored.
        return Path(chosen) if chosen.startswith("/") else Path.home() / fallback
