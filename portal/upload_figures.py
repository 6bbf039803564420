"""What the upload processes say of themselves, read from their own sockets: `/metrics`.

Each process answers on the socket that nginx uses for `/files/`; no other path of it is ever routed
there, and the socket is the user's alone.

Next station: the portal's `/metrics` passes it on, `/kelola/mesin` says it in words.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from socket import AF_UNIX, socket

from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

from portal.config import Config

SECONDS = 1.0
PREFIX = "sipol_uploads_"


class _Unix(HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("uploads", timeout=SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket(AF_UNIX)
        self.sock.settimeout(SECONDS)
        self.sock.connect(str(self._path))


def scrape(path: Path) -> list[Metric]:
    """The figures behind one socket. Raises OSError when nobody answers in time, or not with figures."""
    connection = _Unix(path)
    try:
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        if answer.status != 200:
            raise OSError(f"status {answer.status}")
        return list(text_string_to_metric_families(answer.read().decode()))
    except (HTTPException, ValueError) as error:
        raise OSError(type(error).__name__) from None
    finally:
        connection.close()


def gathered(config: Config) -> Iterator[Metric]:
    """Of all processes, each sample with the label `process`; one that is away is left out."""
    families: dict[str, Metric] = {}
    for index in range(config.upload_processes):
        try:
            found = scrape(config.upload_socket(index))
        except OSError:
            continue
        for metric in found:
            whole = families.setdefault(
                metric.name, Metric(metric.name, metric.documentation, metric.type)
            )
            for sample in metric.samples:
                labels = dict(sample.labels) | {"process": str(index)}
                whole.add_sample(sample.name, labels, sample.value)
    yield from families.values()


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadFigures:
    """Sums over all processes since their start. `answering` of `processes`; bytes, seconds."""

    processes: int
    answering: int
    at: float
    totals: Mapping[str, float]
    statuses: Mapping[int, float]
    free: float | None
    promised: float | None

    def total(self, name: str) -> float:
        return self.totals.get(name, 0.0)

    def mean(self, name: str) -> float | None:
        """The mean of a histogram in seconds; None when nothing was observed."""
        count = self.total(f"{name}_count")
        return self.total(f"{name}_sum") / count if count else None

    def share(self, name: str, bound: str) -> float | None:
        """Of a histogram the share that took at most `bound` seconds."""
        count = self.total(f"{name}_count")
        return self.total(f"{name}_bucket:{bound}") / count if count else None


def figures(config: Config) -> UploadFigures:
    """What the processes say now."""
    totals: dict[str, float] = {}
    statuses: dict[int, float] = {}
    levels: dict[str, float] = {}
    answering = 0
    for index in range(config.upload_processes):
        try:
            found = scrape(config.upload_socket(index))
        except OSError:
            continue
        answering += 1
        for sample in (sample for metric in found for sample in metric.samples):
            name = sample.name.removeprefix(PREFIX)
            if "status" in sample.labels:
                status = int(sample.labels["status"])
                statuses[status] = statuses.get(status, 0.0) + sample.value
            elif name.startswith("disk_"):
                levels[name] = sample.value  # the disk is one for all of them
            else:
                detail = sample.labels.get("le") or sample.labels.get("code")
                key = f"{name}:{detail}" if detail else name
                totals[key] = totals.get(key, 0.0) + sample.value
    return UploadFigures(
        processes=config.upload_processes,
        answering=answering,
        at=time.monotonic(),
        totals=totals,
        statuses=statuses,
        free=levels.get("disk_free_bytes"),
        promised=levels.get("disk_promised_bytes"),
    )


class Rates:
    """What grew since the last look of this portal process; looks less than `least` seconds apart
    share one, so that somebody who reloads does not measure his own reloading.
    """

    def __init__(self, least: float = 10.0) -> None:
        self._least = least
        self._before: UploadFigures | None = None
        self._last: UploadFigures | None = None

    def per_minute(self, now: UploadFigures) -> dict[str, float] | None:
        """`bytes`, `423` and `503` a minute; None at the first look, or after a restart."""
        if self._last is None or now.at - self._last.at >= self._least:
            self._before, self._last = self._last, now
        if self._before is None:
            return None
        minutes = (now.at - self._before.at) / 60
        grown = {
            "bytes": now.total("bytes_stored_total") - self._before.total("bytes_stored_total"),
            "423": now.statuses.get(423, 0.0) - self._before.statuses.get(423, 0.0),
            "503": now.statuses.get(503, 0.0) - self._before.statuses.get(503, 0.0),
        }
        if min(grown.values()) < 0:
            return None
        return {name: value / minutes for name, value in grown.items()}
