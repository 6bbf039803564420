"""The upload process the contract tests start: settings from the environment, a policy that writes down."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from portal.offspring import die_with_parent
from portal.tusd_process import BUILT
from tests.patience import PATIENCE
from tests.unit.uploads.builders import CLAIM, PATIENT, SECRET
from uploads import Arrival, CreateRequest, CreationRefused, Grant, UploadServer, expiry
from uploads.packing import PackingStore
from uploads.receiver import serve
from uploads.tusd.engine import EngineStart, program
from uploads.tusd.hooks import HookAddress
from uploads.tusd.operations import EngineOperations
from uploads.tusd.upkeep import clear_locks

ROOT = Path(os.environ["TUS_ROOT"])
HEARD = Path(os.environ["TUS_HEARD"])
# The machine may stall for longer than the product waits. tusd believes the last of what it is told.
TUSD_PATIENT = tuple(
    f"-{name}={PATIENCE:.0f}s"
    for name in ("hooks-http-timeout", "acquire-lock-timeout", "request-completion-timeout")
)


class WritingPolicy:
    """Grants whoever does not say `refuse`, for `expires` seconds; writes what it hears, a line each."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def may_create(self, requests: Sequence[CreateRequest]) -> list[Grant | Exception]:
        return [self._judge(request) for request in requests]

    def _judge(self, request: CreateRequest) -> Grant | CreationRefused:
        if "refuse" in request.metadata:
            return CreationRefused(403, "not_yours", "Bukan wilayah Anda.", "Not your region.")
        return Grant(
            owner="account:" + CLAIM.account,
            claim=CLAIM,
            max_size=int(os.environ.get("TUS_MOST", str(2**40))),
            expires_at=now() + timedelta(seconds=int(request.metadata.get("expires", "86400"))),
        )

    def declared(self, upload_id: str, length: int) -> None:
        self._write({"upload_id": upload_id, "length": length})

    def finished(self, arrivals: Sequence[Arrival]) -> list[Exception | None]:
        for arrival in arrivals:
            self._write(json.loads(arrival.to_json()))
        return [None for _ in arrivals]

    def ended(self, upload_id: str, why: str) -> None:
        self._write({"upload_id": upload_id, "why": why})

    def _write(self, fact: dict[str, object]) -> None:
        with self._lock, HEARD.open("a") as file:
            file.write(json.dumps(fact) + "\n")


def the_engine() -> dict[str, Any]:
    """What makes the server a front before tusd, when that is asked for; tusd is started with it."""
    if os.environ.get("TUS_ENGINE", "builtin") == "builtin":
        return {}
    hooks = HookAddress.at(int(os.environ["TUS_HOOKS"]))
    path = ROOT.with_name(f"{ROOT.name}-{os.environ['TUS_PORT']}.tusd")
    start = EngineStart(program=program("", BUILT), socket=path, hooks=hooks, max_size=2**40)
    (ROOT / "data").mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    clear_locks(ROOT, range(256))
    subprocess.Popen(
        (*start.command(), *TUSD_PATIENT), cwd=ROOT, env={}, stdout=subprocess.DEVNULL,
        preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509 - no thread yet
    )  # fmt: skip
    while not path.exists():
        time.sleep(0.01)
    return {"engine": EngineOperations, "socket": path, "hooks": hooks}


def now() -> datetime:
    """The time, and the hours a test has put in the clock's file."""
    clock = ROOT.with_name(f"{ROOT.name}-hours")
    return datetime.now(UTC) + timedelta(hours=int(clock.read_text()) if clock.exists() else 0)


expiry.SWEEP_SECONDS = float(os.environ.get("TUS_SWEEP", "60"))
low, high = (int(text) for text in os.environ.get("TUS_SHARDS", "0-256").split("-"))
server = UploadServer(
    store=PackingStore(
        ROOT,
        headroom=int(os.environ.get("TUS_HEADROOM", "0")),
        preallocate=os.environ.get("TUS_PREALLOCATE", "1") == "1",
    ),
    secret=SECRET,
    policy=WritingPolicy(),
    shards=range(low, high),
    now=now,
    **PATIENT,
    **the_engine(),
)

if __name__ == "__main__":
    place = os.environ.get("TUS_SOCKET")
    if place is None:
        serve(server, port=int(os.environ["TUS_PORT"]))
    else:
        serve(server, path=Path(place))
