"""What the upload server counts. Plain numbers; whoever exposes them reads the attributes.

Next station: `uploads/exposition.py` puts them into words for `/metrics`.
"""

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

BOUNDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Seconds; a duration is counted under the first bound it does not exceed."""


@dataclass(slots=True)
class Latency:
    """How long something took. `counts[n]`: up to `BOUNDS[n]`, the last one: longer. From any thread:
    two observations at the same instant may be counted as one, which no figure here is spoilt by.
    """

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    seconds: float = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Observe the block, also one that raises."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.observe(time.perf_counter() - started)


SYNCS = Latency()
"""Data synced to the disk, by whichever part of this process: the disk is one for all of them."""


@dataclass(slots=True)
class Counters:
    """Since the start of the process; `active` is a level, everything else only grows."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    """Answers by method and status."""
    endings: Counter[str] = field(default_factory=Counter)
    """Bodies that ended early, by the code of the refusal."""
    active: int = 0
    """Bodies being received now."""
    bytes_stored: int = 0
    created: int = 0
    finished: int = 0
    packed: int = 0
    """Of those finished: documents that went straight into a pack."""
    terminated: int = 0
    expired: int = 0
    taken_over: int = 0
    broken: int = 0
    policy_timeouts: int = 0
    report_failures: int = 0
    policy: Latency = field(default_factory=Latency)
    """From a creation's question to the Policy's answer, refusals included."""
