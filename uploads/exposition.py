"""`/metrics` of one upload process, on its own socket, where no proxy asks: nginx passes `/files/` only.

The text is Prometheus's exposition format 0.0.4. Labels are methods, statuses and codes of refusals:
nothing that somebody could type.

Next station: the portal's `/metrics` gathers those of all processes, `/kelola/mesin` shows them.
"""

import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from itertools import accumulate
from pathlib import Path

from uploads.body import Body
from uploads.counters import BOUNDS, SYNCS, Counters, Latency
from uploads.handler import Handler
from uploads.model import Reply, Request

PATH = "/metrics"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Level = Callable[[], float]

TOTALS = {
    "bytes_stored": "Bytes stored and synced.",
    "created": "Uploads created.",
    "finished": "Uploads whose last byte came.",
    "packed": "Documents that went straight into a pack.",
    "terminated": "Uploads ended by their sender.",
    "expired": "Uploads whose time was over.",
    "taken_over": "Bodies ended because a later request took their upload.",
    "broken": "Bodies whose connection broke.",
    "policy_timeouts": "Creations nobody judged in time.",
    "report_failures": "Reports to the Policy that have to be repeated.",
}


class Exposed:
    """A handler with the figures of its process beside it. `levels`: what is read when asked, by name."""

    def __init__(self, handler: Handler, counters: Counters, levels: Mapping[str, Level]) -> None:
        self._handler = handler
        self._counters = counters
        self._levels = levels

    @property
    def stopping(self) -> bool:
        return self._handler.stopping

    async def start(self) -> object:
        return await self._handler.start()

    async def stop(self) -> None:
        await self._handler.stop()

    def interrupt(self) -> None:
        self._handler.interrupt()

    def handle(self, request: Request, body: Body) -> Awaitable[Reply]:
        if request.path == PATH and request.method == "GET":
            return self._figures()
        return self._handler.handle(request, body)

    async def _figures(self) -> Reply:
        text = "".join(f"{line}\n" for line in exposed(self._counters, self._levels))
        fields = {"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"}
        return Reply(status=200, headers=fields, body=text.encode())


def disk_levels(root: Path, promised: Level) -> dict[str, Level]:
    """Bytes free on the disk of an upload root, and bytes promised to uploads that have still to come."""

    def free() -> float:
        space = os.statvfs(root)
        return float(space.f_bavail * space.f_frsize)

    return {"disk_free_bytes": free, "disk_promised_bytes": promised}


def exposed(counters: Counters, levels: Mapping[str, Level]) -> Iterator[str]:
    """The lines of the exposition."""
    for name, about in TOTALS.items():
        yield from _head(f"{name}_total", "counter", about)
        yield f"sipol_uploads_{name}_total {getattr(counters, name)}"
    yield from _head("answers_total", "counter", "Answers by method and status.")
    for (method, status), count in sorted(counters.answers.items()):
        # A method is whatever a client writes; only those that were ever served are named.
        named = method if method in _METHODS else "other"
        yield f'sipol_uploads_answers_total{{method="{named}",status="{status}"}} {count}'
    yield from _head("endings_total", "counter", "Bodies that ended early, by reason.")
    for code, count in sorted(counters.endings.items()):
        yield f'sipol_uploads_endings_total{{code="{code}"}} {count}'
    yield from _head("active", "gauge", "Bodies being received now.")
    yield f"sipol_uploads_active {counters.active}"
    for name, level in levels.items():
        yield from _head(name, "gauge", name.replace("_", " ") + ".")
        yield f"sipol_uploads_{name} {_read(level)}"
    yield from _histogram("sync_seconds", "Time to sync data to the disk.", SYNCS)
    yield from _histogram("policy_seconds", "Time to judge a creation.", counters.policy)


def _histogram(name: str, about: str, latency: Latency) -> Iterator[str]:
    yield from _head(name, "histogram", about)
    counts = list(accumulate(latency.counts))
    for bound, count in zip((*map(str, BOUNDS), "+Inf"), counts, strict=True):
        yield f'sipol_uploads_{name}_bucket{{le="{bound}"}} {count}'
    yield f"sipol_uploads_{name}_sum {latency.seconds:.6f}"
    yield f"sipol_uploads_{name}_count {counts[-1]}"


def _head(name: str, kind: str, about: str) -> Iterator[str]:
    yield f"# HELP sipol_uploads_{name} {about}"
    yield f"# TYPE sipol_uploads_{name} {kind}"


def _read(level: Level) -> float:
    """NaN for what cannot be read now: the other figures are wanted all the more then."""
    try:
        return level()
    except OSError:
        return float("nan")


_METHODS = frozenset({"OPTIONS", "POST", "HEAD", "PATCH", "DELETE", "GET", "PUT"})
