"""Four parties send their lists at once while a verifier works: pages stay quick, no list suffers.

What a list becomes must not depend on who else imports: the outcome is that of one after the other.
Page times are compared within the run, on this machine, whatever it is.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import quantiles
from threading import Event
from typing import Any

import polars as pl
import pytest
from sqlalchemy import select

from portal.seed import take_part
from tests.builders import build_file, build_items
from tests.portal_stand import Stand, build_stand, populate
from tests.world import DISTRICTS
from verification.db import Sessions, make_engine
from verification.models import Participation, RosterVersion
from verification.niceness import LATER
from verification.rosters.stored import members_of, rejected_of
from verification.rosters.synthetic import synthetic_list, write_csv
from verification.states import FileState

PAGES = ("/antrean", "/antrean?tampil=menunggu")
# What an import draws at random.
DRAWN = ("version_id", "participation_id", "row_ref", "subject_key")
IN_BANDUNG = [code for code in DISTRICTS if code.startswith("32.73")]


def parties_of(stand: Stand, count: int) -> list[int]:
    """Participations, the world's own and more."""
    with stand.sessions.begin() as session:
        election = stand.party(session, "a").election
        return [
            take_part(
                session, election, name=f"Partai Contoh Uji {n}", abbreviation=f"U{n}",
                now=stand.clock(),
            ).id
            for n in range(count)
        ]  # fmt: skip


def receive(sessions: Sessions, participation: int, source: Path) -> str:
    with sessions.begin() as session:
        party = session.get_one(Participation, participation)
        return build_file(
            session, party, "anggota", "32.73", purpose="roster", state=FileState.RECEIVED,
            content=source.read_bytes(),
        ).public_id  # fmt: skip


def take_in(url: str, source: Path, file_id: str, folder: Path) -> dict[str, Any]:
    """In a process of its own, as a worker does it, and as far behind the pages as a worker is."""
    done = subprocess.run(
        [sys.executable, "-m", "portal.bench.rosters.ours", url, source, file_id, folder],
        preexec_fn=lambda: os.nice(LATER),
        check=True, capture_output=True, env={**os.environ, "PYTHONPATH": "."},
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    outcome: dict[str, Any] = json.loads(done.stdout)
    return outcome


def look(stand: Stand, over: Event, least: int) -> tuple[list[float], list[int]]:
    """Seconds and statuses of a verifier's pages until it is over, at least so many."""
    browser = stand.browser("verifikator.a")
    times: list[float] = []
    statuses: list[int] = []
    while not over.is_set() or len(times) < least:
        began = time.perf_counter()
        statuses.append(browser.get(PAGES[len(times) % len(PAGES)]).status_code)
        times.append(time.perf_counter() - began)
        time.sleep(0.05)
    return times, statuses


def rows_of(sessions: Sessions, version: int) -> list[pl.DataFrame]:
    """What was stored, without what is drawn at random; seals differ as well."""
    with sessions.read() as session:
        members, rejected = members_of(session, version), rejected_of(session, version)
    return [members.drop(DRAWN), rejected.select("line", "errors", "retention", "hold")]


def four_lists(url: str, folder: Path, rows: int, parties: int = 4) -> tuple[float, list[int]]:
    """How many times longer a page's p95 takes while they are imported; the pages' statuses."""
    sessions = Sessions(make_engine(url))
    stand = build_stand(sessions, folder / "home", populate(sessions))
    with sessions.begin() as session:
        build_items(session, stand.world, session.merge(stand.parties["a"]), 5)
    sources = [
        write_csv(
            folder / f"{n}.csv",
            synthetic_list(rows, seed=n, districts=IN_BANDUNG, card=f"P{n:02d}"),
        )
        for n in range(parties)
    ]
    quiet = Event()
    quiet.set()
    look(stand, quiet, 20)
    alone, _ = look(stand, quiet, 100)
    alone_outcomes = [
        take_in(url, source, receive(sessions, party, source), folder)
        for party, source in zip(parties_of(stand, parties), sources, strict=True)
    ]
    others = parties_of(stand, 2 * parties)[parties:]
    files = [
        receive(sessions, party, source) for party, source in zip(others, sources, strict=True)
    ]
    over = Event()
    with ThreadPoolExecutor(parties + 1) as pool:
        looking = pool.submit(look, stand, over, 20)
        running = [
            pool.submit(take_in, url, source, file_id, folder)
            for source, file_id in zip(sources, files, strict=True)
        ]
        together = [each.result() for each in running]
        over.set()
        busy, statuses = looking.result()
    for one, other in zip(alone_outcomes, together, strict=True):
        for name in ("sent", "stored", "rejected", "warned", "repeated"):
            assert one[name] == other[name]
        assert one["current"]
        assert other["current"]
        for left, right in zip(
            rows_of(sessions, one["version_id"]),
            rows_of(sessions, other["version_id"]),
            strict=True,
        ):
            assert left.equals(right)
    with sessions.read() as session:
        assert set(session.scalars(select(RosterVersion.stage))) == {"done"}
    sessions.engine.dispose()
    return quantiles(busy, n=20)[-1] / quantiles(alone, n=20)[-1], statuses


def test_two_lists_at_once_are_two_lists_one_after_the_other(
    postgresql_url: str, tmp_path: Path
) -> None:
    _, statuses = four_lists(postgresql_url, tmp_path, 500, parties=2)
    assert set(statuses) == {200}


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_four_long_lists_do_not_double_a_page_on_postgresql(
    postgresql_url: str, tmp_path: Path
) -> None:
    ratio, statuses = four_lists(postgresql_url, tmp_path, 250_000)
    assert set(statuses) == {200}
    assert ratio <= 2


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_four_long_lists_fail_no_page_on_sqlite(sqlite_url: str, tmp_path: Path) -> None:
    _, statuses = four_lists(sqlite_url, tmp_path, 250_000)
    assert set(statuses) == {200}
