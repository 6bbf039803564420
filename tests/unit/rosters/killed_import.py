"""An import that kills its own process with SIGKILL after so many of its transactions.

Arguments: database URL, source, file id, workplace, number of beats to live.
"""

from __future__ import annotations

import os
import signal
import sys
from itertools import count
from pathlib import Path

from tests.unit.rosters.stand import KEYS
from tests.world import NOON
from verification.db import Sessions, make_engine
from verification.rosters.work import import_file
from verification.sandbox.launcher import Bubblewrap

url, source, file_id, workplace, beats = sys.argv[1:]
beaten = count()


def beat() -> None:
    """One more transaction is over."""
    if next(beaten) == int(beats):
        os.kill(os.getpid(), signal.SIGKILL)


import_file(
    Sessions(make_engine(url)),
    KEYS,
    Bubblewrap(),
    Path(source),
    file_id,
    workplace=Path(workplace),
    now=lambda: NOON,
    beat=beat,
)
