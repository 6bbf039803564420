"""Medians, ranges, ratios; a table for people and JSON for the rest.

A ratio to the measure (tusd) is taken within each round and then its median: what slows a round slows
both. Times are CPU seconds of server and nginx together, a tree of processes each, until at rest.

Next station: README, "Measured".
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from portal.bench.measuring import Figures
from portal.bench.running import Outcome

MEASURE = "tusd"
GIB = 1024**3
KIB = 1024

Value = Callable[[Figures], float]
# Column, unit by unit: heading, value, decimals, whether it is compared.
Column = tuple[str, Value, int, bool]


def _cpu(figures: Figures) -> float:
    return figures.server_cpu + figures.nginx_cpu


def _per_gib(figures: Figures) -> float:
    return _cpu(figures) / (figures.bytes / GIB)


def _uploads(figures: Figures) -> int:
    return max(1, int(figures.client["answers"].get("201", 0)))


COLUMNS: dict[str, tuple[Column, ...]] = {
    "bulk": (
        ("CPU-s/GiB", _per_gib, 2, True),
        ("of it server", lambda f: f.server_cpu / (f.bytes / GIB), 2, False),
        ("nginx", lambda f: f.nginx_cpu / (f.bytes / GIB), 2, False),
        ("write-back later", lambda f: f.writeback_cpu / (f.bytes / GIB), 2, False),
        ("MB/s", lambda f: f.bytes / 1e6 / f.seconds, 0, True),
    ),
    "documents": (
        ("CPU ms each", lambda f: _cpu(f) / _uploads(f) * 1e3, 2, True),
        ("of it server", lambda f: f.server_cpu / _uploads(f) * 1e3, 2, False),
        ("nginx", lambda f: f.nginx_cpu / _uploads(f) * 1e3, 2, False),
        ("write-back later", lambda f: f.writeback_cpu / _uploads(f) * 1e3, 2, False),
        ("uploads/s", lambda f: _uploads(f) / f.seconds, 0, True),
        ("p99 ms", lambda f: float(f.client["p99_ms"]), 1, False),
        ("database ms each", lambda f: f.database_cpu / _uploads(f) * 1e3, 2, False),
    ),
    "trickle": (
        ("idle p99 ms", lambda f: float(f.client["idle"]["p99_ms"]), 2, False),
        ("busy p50 ms", lambda f: float(f.client["busy"]["p50_ms"]), 2, False),
        ("busy p99 ms", lambda f: float(f.client["busy"]["p99_ms"]), 2, True),
        ("server KiB/connection", lambda f: f.server_memory / f.connections / KIB, 1, True),
        ("nginx KiB/connection", lambda f: f.nginx_memory / f.connections / KIB, 1, False),
        ("server CPU-s", lambda f: f.server_cpu, 1, True),
        ("nginx CPU-s", lambda f: f.nginx_cpu, 1, False),
    ),
    "cut": (
        ("lost on average, bytes", lambda f: float(f.client["lost_mean"]), 0, False),
        ("median", lambda f: float(f.client["lost_p50"]), 0, False),
        ("most", lambda f: float(f.client["lost_max"]), 0, False),
        ("slowest offset, ms", lambda f: float(f.client["answer_max_ms"]), 0, False),
    ),
}


def table(outcome: Outcome) -> str:
    """Everything as Markdown, which reads in a terminal as well."""
    lines = [f"{name}: {text}" for name, text in outcome.facts.items()]
    lines += ["", *_limits(outcome.limits)]
    groups: dict[tuple[str, bool], list[Figures]] = {}
    for figures in outcome.figures:
        groups.setdefault((_group(figures), figures.through_nginx), []).append(figures)
    for (name, through_nginx), members in groups.items():
        where = "through nginx" if through_nginx else "direct"
        failed = {
            who for who, what, _ in outcome.faults if what.startswith(name) and what.endswith(where)
        }
        lines += ["", f"### {name}, {where}", "", *_group_lines(members)]
        for who in sorted(failed - {figures.contender for figures in members}):
            lines.append(_row([who, "0", "not used, see below"]))
        lines += _hash_alone(members, outcome.limits)
    for contender, why in outcome.missing:
        lines.append(f"\nnot measured: {contender}: {why}")
    for contender, task, why in outcome.faults:
        lines.append(f"\nnot used: {contender}, {task}: {why}")
    return "\n".join(lines) + "\n"


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Every measurement by itself, for whoever counts otherwise."""
    return {
        "facts": outcome.facts,
        "limits": outcome.limits,
        "figures": [figures.as_dict() for figures in outcome.figures],
        "missing": outcome.missing,
        "faults": outcome.faults,
    }


def _group(figures: Figures) -> str:
    # Documents of a server that needs two requests stand beside those that need one.
    return "documents" if figures.client["mode"] == "documents" else figures.task


def _group_lines(members: Sequence[Figures]) -> Iterable[str]:
    columns = COLUMNS[members[0].client["mode"]]
    by_name: dict[str, list[Figures]] = {}
    for figures in members:
        by_name.setdefault(_row_name(figures), []).append(figures)
    measure = [figures for figures in members if figures.contender == MEASURE]
    heads = ["server", "rounds"]
    for heading, _, _, compared in columns:
        heads += [heading, f"× {MEASURE}"] if compared else [heading]
    yield _row(heads)
    yield _row(["---"] * len(heads))
    for name, own in by_name.items():
        cells = [name, str(len(own))]
        for _, value, decimals, compared in columns:
            cells.append(_spread([value(figures) for figures in own], decimals))
            if compared:
                cells.append(_ratio(own, measure, value))
        yield _row(cells)


def _hash_alone(members: Sequence[Figures], limits: Sequence[dict[str, Any]]) -> Iterable[str]:
    """What is left for everything else beside the hash of a receipt, if a GiB may cost what tusd's does."""
    measure = [_per_gib(figures) for figures in members if figures.contender == MEASURE]
    # A short run may take no whole tick of the clock that CPU is counted by.
    whole = statistics.median(measure or [0.0])
    hashing = [limit["cpu_s_gib"] for limit in limits if limit["what"] == "sha256"]
    if members[0].client["mode"] == "bulk" and whole and hashing:
        yield ""
        yield (
            f"SHA-256 alone takes {hashing[0]:.2f} CPU-s/GiB, {hashing[0] / whole:.2f} × {MEASURE}: "
            f"with it, 1.0 × leaves {whole - hashing[0]:.2f} for server and nginx"
        )


def _row_name(figures: Figures) -> str:
    if figures.client["mode"] == "documents" and "PATCH" in figures.task:
        return f"{figures.contender} (POST + PATCH)"
    return figures.contender + (
        f" ({figures.processes} processes)" if figures.processes > 1 else ""
    )


def _ratio(own: Sequence[Figures], measure: Sequence[Figures], value: Value) -> str:
    pairs = [(value(a), value(b)) for a, b in zip(own, measure, strict=False)]
    ratios = [a / b for a, b in pairs if b]
    return f"{statistics.median(ratios):.2f}" if ratios else ""


def _spread(values: Sequence[float], decimals: int) -> str:
    middle = f"{statistics.median(values):,.{decimals}f}"
    if len(values) == 1:
        return middle
    return f"{middle} ({min(values):,.{decimals}f}–{max(values):,.{decimals}f})"


def _limits(limits: Sequence[dict[str, Any]]) -> Iterable[str]:
    if not limits:
        return
    yield "### What the machine could do at best"
    yield ""
    yield _row(["limit", "MB/s", "CPU-s/GiB", "p50 ms", "p99 ms"])
    yield _row(["---"] * 5)
    for limit in limits:
        cells = [str(limit.get(key, "")) for key in ("mb_s", "cpu_s_gib", "p50_ms", "p99_ms")]
        yield _row([str(limit["what"]), *cells])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
