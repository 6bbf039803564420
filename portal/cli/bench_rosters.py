"""`sipol bench rosters`: a million rows through our pipeline, its peers and the physical limit.

Next station: `portal/bench/rosters/running.py`.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from portal.bench.contenders import PEERS, peers_folder
from portal.bench.postgres import PostgresMissing
from portal.bench.rosters.running import PARTS, Line, Outcome, Plan, run
from portal.bench.rosters.stand import DATABASES
from portal.bench.rosters.watching import Failed

MIB = 1024**2


@click.command()
@click.option("--rows", default=1_000_000, show_default=True, help="Rows of the list.")
@click.option("--peer-rows", default=50_000, show_default=True, help="Rows that peers are given.")
@click.option("--stored", default=10_000_000, show_default=True, help="Rows of other parties.")
@click.option("--seed", default=1, show_default=True)
@click.option("--database", type=click.Choice(DATABASES), default=DATABASES[0], show_default=True)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("/var/tmp/sipol-bench"),  # noqa: S108 - a real disk, and a folder of its own below
    show_default=True,
)
@click.option(
    "--peers",
    type=click.Path(path_type=Path),
    default=peers_folder,
    show_default=PEERS,
    help="Where `make peers` has put them.",
)
@click.option("--only", multiple=True, type=click.Choice(PARTS), help="Parts to run; all of them.")
@click.option("--fuzzy", is_flag=True, help="As --only fuzzy: people who are alike.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path))
def rosters(
    *,
    rows: int,
    peer_rows: int,
    stored: int,
    seed: int,
    database: str,
    folder: Path,
    peers: Path,
    only: tuple[str, ...],
    fuzzy: bool,
    json_file: Path | None,
) -> None:
    """A member list from file to visible, beside peers, in CPU seconds of one run."""
    plan = Plan(
        database=database,
        rows=rows,
        peer_rows=min(peer_rows, rows),
        stored=stored,
        seed=seed,
        folder=folder.resolve(),
        peers=peers.resolve(),
        parts=("fuzzy",) if fuzzy else only or PARTS,
    )
    try:
        outcome = run(plan, lambda text: click.echo(text, err=True))
    except (Failed, PostgresMissing) as error:
        raise click.ClickException(str(error)) from None
    for line in table(plan, outcome):
        click.echo(line)
    if json_file is not None:
        json_file.write_text(json.dumps(asdict(outcome), indent=1), "utf-8")


def table(plan: Plan, outcome: Outcome) -> list[str]:
    """The outcome in lines, part by part."""
    said: list[str] = []
    if outcome.lines:
        said += _measured(
            f"{plan.database}, {plan.rows:,} rows, {plan.stored:,} stored before", outcome.lines
        )
    if outcome.workbook:
        said += _measured(f"XLSX of {plan.rows:,} rows in the limited child", outcome.workbook)
    if outcome.refusals:
        said.append(
            f"{'refused by the limited child':40} {'code':>16} {'wall s':>7} {'peak MB':>8}"
        )
        said += [
            f"{each.name:40} {each.code or each.ending:>16} {each.wall:7.2f} {each.peak / MIB:8.0f}"
            for each in outcome.refusals
        ]
    if outcome.fuzzy is not None:
        said += ["people who are alike:", *outcome.fuzzy.lines()]
    said += [f"not measured: {name}: {why}" for name, why in outcome.left_out.items()]
    return said


def _measured(title: str, lines: list[Line]) -> list[str]:
    """`x ours` says how many times our CPU seconds: of the whole pipeline where that was run."""
    ours = next((line for line in lines if "whole" in line.name), lines[0])
    said = [
        f"{title}; CPU seconds per million",
        f"{'':34} {'client':>8} {'server':>8} {'rows/CPU s':>11} {'x ours':>7} {'wall s':>8} {'peak MB':>8}",
    ]
    for line in lines:
        share = 1e6 / line.rows
        said.append(
            f"{line.name:34} {line.client * share:8.2f} {line.server * share:8.2f}"
            f" {line.rows_per_cpu_second:11,} {line.per_million / ours.per_million:7.2f}"
            f" {line.wall:8.1f} {line.peak / MIB:8.0f}"
        )
    return said
