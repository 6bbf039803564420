"""Pairs of card scans a minute and worker core, each picture a file of its own.

`python -m tests.bench.scan_speed [PAIRS [walled]]`. Real packs, SQLite; receipts are signed as well. By CPU
seconds of the worker and its children, so that a busy machine does not change the figure. Children behind
walls end where no account of them is kept: `walled` shows the wall clock with them, on a machine at rest.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import threading
import time
from pathlib import Path

from portal.database import migrate
from tests.builders import SIGNER, build_arrival, build_party
from tests.files import card
from tests.unit.uploads.builders import an_upload
from tests.world import NOON, build_world
from uploads.packs import PackStore
from uploads.shelf import Shelf
from verification import handlers, intake
from verification.db import Sessions, make_engine
from verification.sandbox.launcher import Bubblewrap, Sandbox, Unwalled
from verification.secrets import FieldKeys
from verification.tools import Tools
from verification.worker import Worker

PAIRS = 60
BYTES = 200_000


def cpu() -> float:
    """Seconds of this process and of the children that have ended."""
    own, others = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime


def picture(number: int) -> bytes:
    """A card as a phone sends it: 1,600 × 1,000; what follows the picture's end makes it 200 KB."""
    content = card(f"{number:016d}")
    return content + b"\0" * (BYTES - len(content))


def measure(pairs: int, folder: Path, sandbox: Sandbox) -> tuple[float, float]:
    """CPU seconds and wall seconds of a worker for `pairs` of pictures that are there."""
    engine = make_engine(f"sqlite:///{folder / 'sipol.db'}")
    migrate(engine)
    sessions = Sessions(engine)
    with sessions.begin() as session:
        party = build_party(session, build_world(session))
    packs = PackStore(folder / "uploads")
    for number in range(2 * pairs):
        kind = ("KTP", "KTA")[number % 2]
        content = picture(number)
        arrival = build_arrival(
            party, "kartu-anggota", "32.73", purpose="scans", content=content,
            filename=f"{kind}_P01-{number // 2:08d}.jpg", filetype="image/jpeg",
        )  # fmt: skip
        upload = an_upload(
            arrival.upload_id, arrival.size, max_size=arrival.size, claim=arrival.claim,
            metadata=arrival.metadata,
        )  # fmt: skip
        packs.put(upload, content, NOON)
        with sessions.begin() as session:
            intake.receive(session, arrival, NOON)
    packs.close()
    scratch = folder / "scratch"
    scratch.mkdir()
    tools = Tools(
        sessions=sessions, shelf=Shelf(folder / "uploads"), derived=folder / "derived",
        scratch=scratch, sandbox=sandbox, field_keys=FieldKeys("k1", {"k1": b"1" * 32}),
        signer=SIGNER,
    )  # fmt: skip
    worker = Worker(sessions, handlers.handlers(tools), name="bench", clock=lambda: NOON)
    stop, used, began = threading.Event(), cpu(), time.monotonic()
    while worker.step(stop):
        pass
    spent, wall = cpu() - used, time.monotonic() - began
    made = len(list((folder / "derived").rglob("*.card.webp")))
    assert made == 2 * pairs, f"{made} of {2 * pairs} pictures"
    engine.dispose()
    return spent, wall


def main() -> None:
    """Print one measurement."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else PAIRS
    sandbox = Bubblewrap() if "walled" in sys.argv else Unwalled()
    with tempfile.TemporaryDirectory() as name:
        spent, wall = measure(pairs, Path(name), sandbox)
    sys.stdout.write(
        f"{pairs} pairs of 2 x {BYTES // 1000} KB on {os.cpu_count()} cores\n"
        f"{spent:.1f} CPU s: {60 * pairs / spent:.0f} pairs a minute and core\n"
        f"{wall:.1f} s by the clock: {60 * pairs / wall:.0f} pairs a minute\n"
    )


if __name__ == "__main__":
    main()
