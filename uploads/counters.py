"""What the upload server counts. Plain numbers; whoever exposes them reads the attributes.

Next station: `/metrics` on the portal's internal listener.
"""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Counters:
    """Since the start of the process; `active` is a level, everything else only grows."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    """Answers by method and status."""
    active: int = 0
    """Bodies being received now."""
    bytes_stored: int = 0
    created: int = 0
    finished: int = 0
    terminated: int = 0
    expired: int = 0
    taken_over: int = 0
    broken: int = 0
    policy_timeouts: int = 0
    report_failures: int = 0
