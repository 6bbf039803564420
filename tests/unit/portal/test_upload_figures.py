"""What the upload processes say, gathered from their sockets; one that is away is left out."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from portal.config import Config
from portal.upload_figures import Rates, UploadFigures, figures, gathered
from tests.patience import PATIENCE
from uploads.counters import Counters
from uploads.exposition import exposed


@pytest.fixture
def config(tmp_path: Path) -> Config:
    config = Config(home=tmp_path, database_url="sqlite://", upload_processes=2)
    config.run_dir.mkdir()
    return config


@contextmanager
def answering(path: Path, counters: Counters) -> Iterator[None]:
    """Somebody who answers every request on a Unix socket with these figures."""
    ready, loop = threading.Event(), asyncio.new_event_loop()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = "".join(f"{line}\n" for line in exposed(counters, {"disk_free_bytes": lambda: 5.0}))
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        writer.close()

    async def serve() -> None:
        server = await asyncio.start_unix_server(answer, path)
        ready.set()
        async with server:
            await stop.wait()

    stop = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    ready.wait(PATIENCE)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(PATIENCE)
        loop.close()


def test_processes_are_summed_and_one_that_is_away_is_counted(config: Config) -> None:
    counters = Counters(bytes_stored=10)
    counters.answers["HEAD", 423] = 3
    counters.answers["PATCH", 423] = 2
    counters.endings["stalled"] = 4
    counters.policy.observe(0.002)
    with answering(config.upload_socket(1), counters):
        found = figures(config)
        told = {metric.name: metric for metric in gathered(config)}
    assert (found.processes, found.answering) == (2, 1)
    assert found.total("bytes_stored_total") == 10
    assert found.statuses == {423: 5}
    assert found.total("endings_total:stalled") == 4
    assert found.mean("policy_seconds") == pytest.approx(0.002)
    assert found.share("policy_seconds", "0.003") == 1
    assert found.free == 5
    assert told["sipol_uploads_bytes_stored"].samples[0].labels == {"process": "1"}


def test_nobody_there_is_no_error(config: Config) -> None:
    assert list(gathered(config)) == []
    assert figures(config).answering == 0


def test_rates_are_what_grew_since_an_earlier_look() -> None:
    def look(at: float, stored: float, away: float) -> UploadFigures:
        return UploadFigures(
            processes=1, answering=1, at=at, totals={"bytes_stored_total": stored},
            statuses={503: away}, free=None, promised=None,
        )  # fmt: skip

    rates = Rates(least=10)
    assert rates.per_minute(look(0, 100, 1)) is None
    assert rates.per_minute(look(30, 400, 2)) == {"bytes": 600, "423": 0, "503": 2}
    # Somebody who reloads at once still sees the last half minute.
    assert rates.per_minute(look(31, 400, 2))["bytes"] == pytest.approx(300 / 31 * 60)
    # A process that was restarted counts from nought again.
    assert rates.per_minute(replace(look(60, 0, 0))) is None
