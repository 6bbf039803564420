"""How the portal is, and how it was: changes of state are noted when somebody looks.

The notes are lines of JSON in the log directory, written only when something changed, so that they
need no database: the page answers also when that is what failed.

Next station: `/status`.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

NOTES = "status.jsonl"
KEPT = timedelta(days=14)
READ_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """From `at` on these parts failed; none: all was well."""

    at: datetime
    failing: tuple[str, ...]


def history(folder: Path, now: datetime) -> list[Change]:
    """What was noted in the last 14 days, newest first."""
    return [change for change in reversed(_read(folder / NOTES)) if now - change.at < KEPT]


def note(folder: Path, failing: tuple[str, ...], now: datetime) -> None:
    """Note the state when it differs from the last one; a disk that refuses is no reason to fail."""
    path = folder / NOTES
    known = _read(path)
    if known and known[-1].failing == failing:
        return
    line = json.dumps({"at": now.isoformat(), "failing": list(failing)}) + "\n"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)
    except OSError:
        return


def _read(path: Path) -> list[Change]:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - READ_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        try:
            row = json.loads(line)
            change = Change(at=datetime.fromisoformat(row["at"]), failing=tuple(row["failing"]))
        except (ValueError, KeyError, TypeError):
            continue  # the first line may be cut, and another process may be writing the last
        found.append(change)
    return found
