"""The product's own way of a list, as the worker goes it, in a process of its own to be measured.

Arguments: database URL, source, public id of the received file, folder. Prints the outcome as JSON.
With a submission's public id as fifth it compares that dossier with all before it instead.

Next station: `verification.rosters.work`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

# As in a worker (`portal/cli/worker.py`).
os.environ.setdefault("POLARS_MAX_THREADS", "1")

from portal.bench.rosters.stand import KEYS
from portal.clock import system_clock
from verification.db import Sessions, make_engine
from verification.duplicates.comparing import Comparer
from verification.duplicates.keys import KeyCache
from verification.rosters.work import import_file
from verification.sandbox.launcher import Bubblewrap


def main(words: Sequence[str]) -> int:
    """0 when the list is stored."""
    url, source, file_id, folder = words[:4]
    engine = make_engine(url, pool_size=2)
    sessions = Sessions(engine)
    if len(words) > 4:
        cache = KeyCache(Path(folder) / "keys", KEYS)
        found = Comparer(sessions, KEYS, cache, now=system_clock).submitted(words[4])
        sys.stdout.write(json.dumps({"pairs": found}) + "\n")
        return 0
    done = import_file(
        sessions, KEYS, Bubblewrap(), Path(source), file_id,
        workplace=Path(folder), now=system_clock,
    )  # fmt: skip
    engine.dispose()
    if done is None:
        return 1
    sys.stdout.write(json.dumps(asdict(done)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
