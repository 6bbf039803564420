"""A worker in its own process, to be killed: `python killed_worker.py URL`. It only makes items."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.builders import SIGNER
from uploads.shelf import Shelf
from verification.db import Sessions, make_engine
from verification.handlers import make_items
from verification.jobs import JobKind
from verification.pulses import worker_name
from verification.sandbox.launcher import Unwalled
from verification.secrets import FieldKeys
from verification.tools import Tools
from verification.worker import Task, Worker, run_until_signalled

LEASE_SECONDS = 1.0


def main(url: str) -> None:
    """Work until told to stop."""
    sessions = Sessions(make_engine(url))
    nowhere = Path("nowhere")
    tools = Tools(
        sessions=sessions,
        shelf=Shelf(nowhere),
        derived=nowhere,
        scratch=nowhere,
        sandbox=Unwalled(),
        field_keys=FieldKeys("k1", {"k1": b"1" * 32}),
        signer=SIGNER,
    )

    def handler(task: Task) -> None:
        make_items(tools, task)

    worker = Worker(
        sessions,
        {JobKind.MAKE_ITEMS: handler},
        name=worker_name(),
        lease_seconds=LEASE_SECONDS,
        idle_seconds=0.05,
    )
    run_until_signalled(worker)


if __name__ == "__main__":
    main(sys.argv[1])
