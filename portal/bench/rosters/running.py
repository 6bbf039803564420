"""Our pipeline beside its peers and the physical limit, in one run: ratios of CPU seconds.

Peers are judged on a part of the list and their cost is taken times as much: each goes row by row
and costs as much for the last row as for the first.

Next station: `portal/cli/bench_rosters.py` prints what comes out.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from portal.bench.rosters.alone import (
    Refused,
    codes_file,
    likeness,
    read_elsewhere,
    read_walled,
    refusals,
    workbook,
)
from portal.bench.rosters.generating import Recipe, write_list
from portal.bench.rosters.others import dossier_of, fill
from portal.bench.rosters.stand import Stand, stand
from portal.bench.rosters.watching import Failed, Used, watch
from verification.duplicates.calibration import Evaluation
from verification.sandbox.outcome import Ending

PEERS = {
    "marshmallow + ORM": "with_marshmallow.py",
    "pandas + pandera + to_sql": "with_pandera.py",
    "pydantic (stores nothing)": "with_pydantic.py",
    "Frictionless (stores nothing)": "with_frictionless.py",
}
PARTS = ("list", "peers", "workbook", "refusals", "fuzzy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`rows` of the list; `peer_rows` of it for peers; `stored`: rows of other parties before.

    `parts`: of PARTS. Only the first two need the database.
    """

    database: str
    rows: int
    peer_rows: int
    stored: int
    seed: int
    folder: Path
    peers: Path
    parts: tuple[str, ...] = PARTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One way: CPU seconds for a million rows (`ours`, `server` apart), peak memory in bytes."""

    name: str
    rows: int
    client: float
    server: float
    wall: float
    peak: int
    said: str = ""

    @property
    def per_million(self) -> float:
        """CPU seconds, client and database together."""
        return (self.client + self.server) * 1e6 / self.rows

    @property
    def rows_per_cpu_second(self) -> int:
        """The main figure."""
        return round(1e6 / self.per_million)


@dataclass(slots=True)
class Outcome:
    """What one run found. `left_out`: who could not be measured, and why.

    `workbook`: ours first, then openpyxl.
    """

    lines: list[Line] = field(default_factory=list)
    workbook: list[Line] = field(default_factory=list)
    refusals: list[Refused] = field(default_factory=list)
    fuzzy: Evaluation | None = None
    planted: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def run(plan: Plan, tell: Callable[[str], None]) -> Outcome:
    """Everything of a plan. Raises PostgresMissing, Failed (ours did not end well)."""
    found = Outcome()
    folder = plan.folder / f"rosters-{os.getpid()}"
    folder.mkdir(parents=True)
    try:
        if {"list", "peers"}.intersection(plan.parts):
            with stand(plan.database, folder) as here:
                _run(plan, here, found, tell)
        if "workbook" in plan.parts:
            tell("workbooks")
            _workbooks(plan, folder, found)
        if "refusals" in plan.parts:
            found.refusals += refusals(folder, tell)
        if "fuzzy" in plan.parts:
            tell("people who are alike")
            found.fuzzy = likeness(folder, plan.rows, plan.stored)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return found


def _run(plan: Plan, here: Stand, found: Outcome, tell: Callable[[str], None]) -> None:
    if "list" in plan.parts:
        _list(plan, here, found, tell)
    if "peers" in plan.parts:
        _peers(plan, here, found, tell)


def _list(plan: Plan, here: Stand, found: Outcome, tell: Callable[[str], None]) -> None:
    others = range(2, 2 + max(1, plan.stored // max(1, plan.rows)))
    if plan.stored:
        tell(f"{plan.stored:,} rows of other parties")
        fill(here, others, plan.stored, plan.seed)
    elsewhere = tuple(others) if plan.stored else ()
    clean, bad = here.folder / "list.csv", here.folder / "garbage.csv"
    found.planted = dict(
        write_list(clean, Recipe(count=plan.rows, seed=plan.seed, elsewhere=elsewhere))
    )
    write_list(bad, Recipe(count=plan.rows, seed=plan.seed + 1, bad=0.39))
    tell("ours")
    party = here.add_party(1)
    imported = _ours(here, "ours: import", clean, plan.rows, here.receive(clean, party))
    found.lines.append(imported)
    if plan.stored:
        compared = _ours(here, "ours: comparison", clean, plan.rows, "", dossier_of(here, party))
        found.lines += [compared, _together("ours, whole pipeline", imported, compared)]
    garbage = here.add_party(99)
    tell("ours, 39 % bad rows")
    found.lines.append(_ours(here, "ours, 39 % bad", bad, plan.rows, here.receive(bad, garbage)))
    if here.server:
        tell("the limit")
        found.lines.append(_limit(plan, here))


def _peers(plan: Plan, here: Stand, found: Outcome, tell: Callable[[str], None]) -> None:
    part = here.folder / "part.csv"
    write_list(part, Recipe(count=plan.peer_rows, seed=plan.seed))
    codes = codes_file(here.folder)
    for name, script in PEERS.items():
        tell(name)
        try:
            found.lines.append(_peer(plan, here, name, script, part, codes))
        except (Failed, OSError) as error:
            found.left_out[name] = str(error).strip().splitlines()[-1] if str(error) else "?"


def _workbooks(plan: Plan, folder: Path, found: Outcome) -> None:
    used, said = read_walled(workbook(folder, plan.rows, plan.seed), folder)
    if said["ending"] != Ending.OK.value or said["sent"] != plan.rows:
        raise Failed(f"our reader of workbooks: {said}")
    found.workbook.append(_line("ours: read, judged, written out", plan.rows, used, 0.0))
    name = "openpyxl read-only: read"
    try:
        source = workbook(folder, plan.peer_rows, plan.seed)
        used = read_elsewhere(source, plan.peers / "rosters", folder)
        found.workbook.append(_line(name, plan.peer_rows, used, 0.0))
    except (Failed, OSError) as error:
        found.left_out[name] = str(error).strip().splitlines()[-1] if str(error) else "?"


def _ours(
    here: Stand, name: str, source: Path, rows: int, file_id: str, submission: str = ""
) -> Line:
    url = here.sessions.engine.url.render_as_string(hide_password=False)
    more = [submission] if submission else []
    with _server(here) as server:
        used = watch(
            [
                sys.executable,
                "-m",
                "portal.bench.rosters.ours",
                url,
                source,
                file_id,
                here.folder,
                *more,
            ],
            log=here.folder / "log",
        )
    return _line(name, rows, used, server[0])


def _peer(plan: Plan, here: Stand, name: str, script: str, part: Path, codes: Path) -> Line:
    url = here.sessions.engine.url.render_as_string(hide_password=False)
    place = plan.peers / "rosters"
    with _server(here) as server:
        used = watch(
            [place / "venv" / "bin" / "python", place / script, part, codes, url],
            log=here.folder / "log",
        )
    return _line(name, plan.peer_rows, used, server[0])


def _limit(plan: Plan, here: Stand) -> Line:
    """A list without mistakes read once, and the server's own COPY of it, into a bare table."""
    url = here.sessions.engine.url
    source, shared = here.folder / "sound.csv", here.server_folder / "sound.csv"
    write_list(source, Recipe(count=plan.rows, seed=plan.seed, bad=0, warned=0, doubles=0))
    with _server(here) as server:
        began, before = time.monotonic(), time.process_time()
        content = source.read_bytes()
        lines = content.count(b"\n") - 1
        client = time.process_time() - before
        shared.write_bytes(content)
        shared.chmod(0o644)
        with psycopg.connect(
            host=url.host, port=url.port, user=url.username, dbname=url.database
        ) as connection:
            names = ", ".join(f"c{number} text" for number in range(12))
            connection.execute(f"CREATE UNLOGGED TABLE bench_limit ({names})")
            connection.execute(f"COPY bench_limit FROM '{shared}' (FORMAT csv, HEADER)")
            connection.execute("DROP TABLE bench_limit")
        wall = time.monotonic() - began
    shared.unlink()
    return Line(name="limit: read, server-side COPY", rows=lines, client=client,
                server=server[0], wall=wall, peak=len(content))  # fmt: skip


def _line(name: str, rows: int, used: Used, server: float) -> Line:
    return Line(name=name, rows=rows, client=used.cpu, server=server, wall=used.wall,
                peak=used.peak, said=used.said.strip()[-600:])  # fmt: skip


def _together(name: str, first: Line, second: Line) -> Line:
    return Line(
        name=name,
        rows=first.rows,
        client=first.client + second.client,
        server=first.server + second.server,
        wall=first.wall + second.wall,
        peak=max(first.peak, second.peak),
    )


@contextmanager
def _server(here: Stand) -> Iterator[list[float]]:
    """CPU seconds of the database server within the block."""
    spent = [0.0]
    before = here.server_cpu()
    yield spent
    spent[0] = here.server_cpu() - before
