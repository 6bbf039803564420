"""The figures of an upload process, in words that a scraper reads and that name nobody."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from uploads import events
from uploads.body import Body
from uploads.counters import Counters, Latency
from uploads.exposition import Exposed, disk_levels, exposed
from uploads.model import Reply, Request
from uploads.policy import Arrival, Claim

UPLOAD = "5a" + "0" * 30


class Served:
    """A handler that only says that it was asked."""

    stopping = False

    async def start(self) -> object:
        return None

    async def stop(self) -> None:
        return None

    def interrupt(self) -> None:
        return None

    async def handle(self, request: Request, body: Body) -> Reply:
        return Reply(status=418, headers={})


def samples(counters: Counters, **levels: float) -> dict[tuple[str, str], float]:
    """(name, labels as text) → value, as Prometheus reads it."""
    asked = {name: lambda value=value: value for name, value in levels.items()}
    text = "\n".join(exposed(counters, asked)) + "\n"
    return {
        (sample.name, ",".join(f"{k}={v}" for k, v in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_every_counter_is_told() -> None:
    counters = Counters(bytes_stored=7, created=3, finished=2, packed=1, broken=4, expired=5)
    counters.answers["PATCH", 204] = 9
    counters.answers["X" * 300, 405] = 1
    counters.endings["stalled"] = 2
    found = samples(counters, open=6.0)
    assert found["sipol_uploads_bytes_stored_total", ""] == 7
    assert found["sipol_uploads_answers_total", "method=PATCH,status=204"] == 9
    assert found["sipol_uploads_answers_total", "method=other,status=405"] == 1
    assert found["sipol_uploads_endings_total", "code=stalled"] == 2
    assert found["sipol_uploads_open", ""] == 6


def test_a_latency_is_a_histogram_whose_buckets_add_up() -> None:
    counters = Counters()
    for seconds in (0.0005, 0.001, 0.02, 60.0):
        counters.policy.observe(seconds)
    found = samples(counters)
    name = "sipol_uploads_policy_seconds"
    assert found[f"{name}_bucket", "le=0.001"] == 2
    assert found[f"{name}_bucket", "le=0.03"] == 3
    assert found[f"{name}_bucket", "le=10.0"] == 3
    assert found[f"{name}_bucket", "le=+Inf"] == found[f"{name}_count", ""] == 4
    assert found[f"{name}_sum", ""] == pytest.approx(60.0215)


def test_a_block_that_raises_is_timed_too() -> None:
    latency = Latency()
    with pytest.raises(OSError, match="x"), latency.timed():
        raise OSError("x")
    assert sum(latency.counts) == 1


def test_a_disk_that_does_not_answer_is_no_number_and_the_rest_is_there(tmp_path: Path) -> None:
    def away() -> float:
        raise OSError

    text = list(exposed(Counters(), disk_levels(tmp_path / "none", away)))
    assert "sipol_uploads_disk_free_bytes nan" in text
    assert "sipol_uploads_disk_promised_bytes nan" in text
    assert "sipol_uploads_active 0" in text


def test_only_the_own_path_is_answered() -> None:
    front = Exposed(Served(), Counters(), {})

    def asked(method: str, path: str) -> int:
        request = Request(method=method, path=path, headers={})
        return asyncio.run(front.handle(request, None)).status  # type: ignore[arg-type]

    assert asked("GET", "/metrics") == 200
    assert [asked("POST", "/metrics"), asked("GET", "/files/metrics")] == [418, 418]


def test_a_log_line_holds_ids_and_numbers_only(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    begun = datetime(2026, 11, 20, tzinfo=UTC)
    claim = Claim(election="e", party="p", requirement="r", region="ID", purpose="document",
                  account="a")  # fmt: skip
    events.finished(
        Arrival(upload_id=UPLOAD, size=9, sha256="0" * 64, created_at=begun, claim=claim,
                finished_at=begun + timedelta(seconds=2), metadata={"filename": "SITI.pdf"})
    )  # fmt: skip
    events.interrupted(UPLOAD, 4, 1.23456, "connection_broken")
    facts = [record.facts for record in caplog.records]  # type: ignore[attr-defined]
    assert facts == [
        {"file": UPLOAD, "bytes": 9, "seconds": 2.0, "ending": "finished"},
        {"file": UPLOAD, "bytes": 4, "seconds": 1.235, "ending": "connection_broken"},
    ]
    assert "SITI" not in caplog.text
