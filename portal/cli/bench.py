"""`sipol bench`: how fast this is, on this machine, beside others, in one run.

Next station: `portal/bench/running.py`.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import click

from portal.bench import report, tasks
from portal.bench.client import CompilerMissing
from portal.bench.contenders import PEERS, Contender, contenders, peers_folder
from portal.bench.measuring import Task
from portal.bench.postgres import PostgresMissing
from portal.bench.running import CannotRun, Plan, run
from portal.bench.stand import NginxMissing
from portal.cli.bench_rosters import rosters

MIB = 1024**2
PARTS = ("bulk", "documents", "trickle", "cut")
# Bytes a second of the lines that are cut; 0: as fast as loopback is.
SPEEDS = (200_000, 2_000_000, 0)


@click.group()
def bench() -> None:
    """Ukur kecepatan di mesin ini. Measure on this machine."""


bench.add_command(rosters)


@bench.command()
@click.option("--only", multiple=True, type=click.Choice(PARTS), help="Parts to run; all of them.")
@click.option("--who", default="", help="Contenders by name, with commas; everybody installed.")
@click.option("--rounds", default=3, show_default=True, help="Rounds that count; trickle, cut: 1.")
@click.option("--size", default=1024, show_default=True, help="MiB of a large file.")
@click.option("--chunks", default="1024,8,1", show_default=True, help="MiB of each PATCH.")
@click.option("--documents", default=1000, show_default=True, help="Documents of 200 KB.")
@click.option("--connections", default=32, show_default=True, help="That send documents.")
@click.option("--slow", default=10000, show_default=True, help="Slow connections.")
@click.option("--rate", default=4, show_default=True, help="KiB a second of each of them.")
@click.option("--seconds", default=60, show_default=True, help="How long they are watched.")
@click.option("--cuts", default=40, show_default=True, help="Lines cut at each speed.")
@click.option("--policy", type=click.Choice(("none", "postgresql")), default="none")
@click.option("--processes", default=2, show_default=True, help="Upload processes of ours.")
@click.option("--paths", default="nginx,direct", show_default=True)
@click.option("--pin/--no-pin", default=True, help="Client on one core, server on another.")
@click.option("--touch/--no-touch", default=True, help="Touch free memory before each run.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("/var/tmp/sipol-bench"),  # noqa: S108 - a real disk, and a folder of its own below
    show_default=True,
    help="On the disk that is to be used.",
)
@click.option(
    "--peers",
    type=click.Path(path_type=Path),
    default=peers_folder,
    show_default=PEERS,
    help="Where `make peers` has put them.",
)
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path))
def uploads(
    *,
    only: tuple[str, ...],
    who: str,
    rounds: int,
    size: int,
    chunks: str,
    documents: int,
    connections: int,
    slow: int,
    rate: int,
    seconds: int,
    cuts: int,
    policy: str,
    processes: int,
    paths: str,
    pin: bool,
    touch: bool,
    folder: Path,
    peers: Path,
    json_file: Path | None,
) -> None:
    """Our upload server and its peers, through the same nginx and direct, in one run."""
    parts = only or PARTS
    wanted: list[Task] = []
    if "bulk" in parts:
        pieces = [min(int(text), size) * MIB for text in chunks.split(",")]
        wanted += [tasks.bulk(size * MIB, piece) for piece in pieces]
    if "documents" in parts:
        wanted.append(tasks.documents(documents, connections, with_body=True))
    if "trickle" in parts:
        wanted.append(tasks.trickle(slow, seconds, min(seconds, 10), rate * 1024))
    if "cut" in parts:
        wanted += [tasks.cut(cuts, speed, reset=r) for speed in SPEEDS for r in (False, True)]
    plan = Plan(
        contenders=_chosen(who, processes, peers.resolve()),
        tasks=wanted if touch else [tasks.untouched(task) for task in wanted],
        rounds=rounds,
        paths=[path == "nginx" for path in paths.split(",")],
        policy=policy,
        pinned=pin,
        folder=folder.resolve(),
        peers=peers.resolve(),
        limit_size=size * MIB,
    )
    # So that a run that is ended from outside takes its servers and files along, and tells its figures.
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        outcome = run(plan, lambda text: click.echo(text, err=True))
    except (CompilerMissing, PostgresMissing, NginxMissing, CannotRun) as error:
        raise click.ClickException(str(error)) from None
    finally:
        signal.signal(signal.SIGTERM, before)
    click.echo(report.table(outcome), nl=False)
    if json_file is not None:
        json_file.write_text(json.dumps(report.as_json(outcome), indent=1), "utf-8")
    if outcome.ended:
        raise click.ClickException("ended before everything was measured")
    if any(name.startswith("sipol") for name, _, _ in outcome.faults):
        raise click.ClickException("a measurement of our own server could not be used")


def _chosen(who: str, processes: int, peers: Path) -> list[Contender]:
    known = contenders(processes, peers)
    names = [name.strip() for name in who.split(",") if name.strip()]
    if unknown := [name for name in names if name not in known]:
        raise click.ClickException(f"unknown: {', '.join(unknown)}; there are {', '.join(known)}")
    return [known[name] for name in names] if names else list(known.values())
