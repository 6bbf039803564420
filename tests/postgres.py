"""The PostgreSQL of the tests: nothing here has to survive a power cut, so nothing waits for the disk."""

from __future__ import annotations

from portal.bench import postgres
from portal.bench.postgres import PostgresMissing, programs
from portal.bench.processes import free_port

__all__ = ["Cluster", "PostgresMissing", "free_port", "programs"]

SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum_naptime": "5min",
}


class Cluster(postgres.Cluster):
    """A running server of this test run. Raises PostgresMissing."""

    def __init__(self) -> None:
        super().__init__(SETTINGS)
