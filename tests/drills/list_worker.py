"""A worker for lists and receipts, to be killed: database URL, upload root, scratch, lease seconds."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from tests.builders import SIGNER
from uploads.shelf import Shelf
from verification import handlers
from verification.db import Sessions, make_engine
from verification.jobs import JobKind
from verification.pulses import worker_name
from verification.sandbox.launcher import Bubblewrap
from verification.secrets import FieldKeys
from verification.tools import Tools
from verification.worker import Worker

url, root, scratch, lease = sys.argv[1:]


def main() -> None:
    """Until somebody kills it."""
    sessions = Sessions(make_engine(url, pool_size=4))
    tools = Tools(
        sessions=sessions,
        shelf=Shelf(Path(root)),
        derived=Path(root) / "derived",
        scratch=Path(scratch),
        sandbox=Bubblewrap(),
        field_keys=FieldKeys("k1", {"k1": b"1" * 32}),
        signer=SIGNER,
    )
    wanted = (JobKind.IMPORT_ROSTER, JobKind.ISSUE_RECEIPT, JobKind.ISSUE_LIST_RECEIPT)
    table = {kind: act for kind, act in handlers.handlers(tools).items() if kind in wanted}
    Worker(sessions, table, name=worker_name(), lease_seconds=float(lease), idle_seconds=0.05).run(
        threading.Event()
    )


main()
