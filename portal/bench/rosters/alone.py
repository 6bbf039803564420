"""What needs no database: reading workbooks, refusing what is no list, finding people who are alike.

Next station: `portal/bench/rosters/running.py`, which puts the figures beside the others.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from portal.bench.rosters.generating import Recipe, write_list
from portal.bench.rosters.hostile import HOSTILE
from portal.bench.rosters.watching import Used, watch
from portal.bench.rosters.workbook import write_workbook
from portal.seed.regions import district_codes
from verification.duplicates.calibration import Evaluation


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A file that is no list. `wall` is the child's, in seconds, its start included; `peak` bytes."""

    name: str
    size: int
    ending: str
    code: str
    wall: float
    cpu: float
    peak: int


def codes_file(folder: Path) -> Path:
    """The known kecamatan, for whoever has no database."""
    path = folder / "codes.json"
    path.write_text(json.dumps(district_codes()))
    return path


def workbook(folder: Path, rows: int, seed: int) -> Path:
    """A list as Excel saves it; its rows all have their cells."""
    source, made = folder / "workbook.csv", folder / f"list-{rows}.xlsx"
    write_list(source, Recipe(count=rows, seed=seed, structure=False))
    write_workbook(source, made)
    source.unlink()
    return made


def read_walled(source: Path, folder: Path) -> tuple[Used, dict[str, object]]:
    """A file through the limited child: what that used, and what the child said."""
    output = folder / "walled"
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir()
    used = watch(
        [sys.executable, "-m", "portal.bench.rosters.walled", source, codes_file(folder), output],
        log=folder / "log",
    )
    shutil.rmtree(output)
    return used, json.loads(used.said.splitlines()[-1])


def read_elsewhere(source: Path, place: Path, folder: Path) -> Used:
    """The same by openpyxl, which reads and does nothing else. Raises Failed, OSError."""
    return watch(
        [place / "venv" / "bin" / "python", place / "with_openpyxl.py", source], log=folder / "log"
    )


def refusals(folder: Path, tell: Callable[[str], None]) -> Iterator[Refused]:
    """Each hostile file through the limited child."""
    for name, make in HOSTILE.items():
        tell(name)
        source = folder / "hostile"
        make(source)
        used, said = read_walled(source, folder)
        yield Refused(
            name=name,
            size=source.stat().st_size,
            ending=str(said["ending"]),
            code=str(said["code"]),
            wall=float(str(said["wall"])),
            cpu=used.cpu,
            peak=used.peak,
        )
        source.unlink()


def likeness(folder: Path, fresh: int, stored: int) -> Evaluation:
    """Recall of each planted kind, and what is found besides, new rows against stored ones."""
    used = watch(
        [sys.executable, "-m", "portal.bench.rosters.fuzzy", str(fresh), str(stored)],
        log=folder / "log",
    )
    return Evaluation(**json.loads(used.said.splitlines()[-1]))
