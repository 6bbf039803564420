"""What a command and all it starts use up: CPU seconds and memory, looked at while they run.

A child behind the sandbox's walls is reaped by bubblewrap and appears in nobody's account, so the
living are asked again and again and the last answer counts.

Next station: `portal/bench/rosters/running.py`.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from portal.bench.processes import PROC, TICKS, descendants

EVERY = 0.02


class Failed(Exception):
    """A command that did not end well; the sentence is the end of what it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """`cpu`, `wall` in seconds; `peak`: bytes of the processes that lived at the same moment."""

    cpu: float
    wall: float
    peak: int
    said: str


def watch(
    command: Sequence[str | Path], *, environ: Mapping[str, str] | None = None, log: Path
) -> Used:
    """Run a command to its end. Raises Failed."""
    began = time.monotonic()
    cpu: dict[int, float] = {}
    peak = 0
    with log.open("w+b") as out:
        process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=None if environ is None else dict(environ),
        )
        while process.poll() is None:
            held = 0
            for pid in (process.pid, *descendants(process.pid)):
                with suppress(OSError, ValueError, IndexError):
                    cpu[pid] = max(cpu.get(pid, 0.0), _cpu(pid))
                    held += _resident(pid)
            peak = max(peak, held)
            time.sleep(EVERY)
    wall = time.monotonic() - began
    said = log.read_text(errors="replace")
    if process.returncode:
        raise Failed(said[-800:])
    return Used(cpu=sum(cpu.values()), wall=wall, peak=peak, said=said)


def _cpu(pid: int) -> float:
    fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _resident(pid: int) -> int:
    pages = int((PROC / str(pid) / "statm").read_text().split()[1])
    return pages * 4096
