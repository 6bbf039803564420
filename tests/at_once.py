"""Several threads through one gate, so that what they do really comes at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from verification.errors import DomainError


def at_once(*works: Callable[[], object]) -> list[object]:
    """Start all at the same moment; their results, or the domain's refusals."""
    gate = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> object:
        gate.wait()
        try:
            return work()
        except DomainError as error:
            return error

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))
