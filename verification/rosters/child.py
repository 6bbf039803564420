"""The task behind the walls, and how polars is to behave there.

Next station: `verification.rosters.reading`, the task itself.
"""

from __future__ import annotations

import os

# polars must not spill to disk: there is none in here, and people's rows have no business on one. It
# cannot see the machine's memory either and would take it for nothing. Our limits end a run that
# needs too much. It reads these once, when it is imported; the child's own environment is empty.
# A second thread waits by looking for work: a sixth more CPU, which the next list has then not got.
os.environ.setdefault("POLARS_MAX_THREADS", "1")
os.environ.setdefault("POLARS_OVERRIDE_TOTAL_MEMORY_MB", "1000000")

from verification.rosters.glance import look
from verification.rosters.reading import read  # after the settings, not before

__all__ = ["look", "read"]
