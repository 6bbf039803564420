"""Log lines of processes that have no web: upload processes and workers. JSON, one line an event.

Next station: the file that `sipol up` gives each process.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

_as_json = json.JSONEncoder(ensure_ascii=False).encode


class JsonLines(logging.Formatter):
    """`timestamp`, `level`, `logger`, `event`, as the portal's own lines; traces without messages."""

    def format(self, record: logging.LogRecord) -> str:
        facts: dict[str, object] = {
            "event": record.getMessage(),
            "logger": record.name,
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
        }
        facts |= getattr(record, "facts", {})
        if record.exc_info and record.exc_info[0] is not None:
            # The type alone: the text of an error may quote what somebody sent.
            facts["error"] = record.exc_info[0].__name__
        return _as_json(facts)


def configure(level: str) -> None:
    """Everything from `level` (`info`, `warning`, …) on goes to standard output."""
    # What no line of ours says need not be found out for each: an upload process writes one per file.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
