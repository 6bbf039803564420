"""What a figure depends on: machine, versions, date.

Next station: the head of the report.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from portal import edge

OF_OURS = ("uvloop", "httptools", "psycopg", "SQLAlchemy")


def facts(folder: Path, peers: Path) -> dict[str, str]:
    """Machine, file system of `folder`, versions of what runs, date."""
    found = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": f"{_processor()}, {os.cpu_count()} cores, {_memory()}",
        "system": f"{platform.system()} {platform.release()}",
        "file system": _file_system(folder),
        # Not ours: nothing has been started yet.
        "load of the minute before": f"{os.getloadavg()[0]:.1f}",
        "python": platform.python_version(),
        "nginx": _first_line(edge.program(), "-v"),
        "node": _first_line(shutil.which("node") or "", "--version"),
    }
    for name in OF_OURS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    path = peers / "versions.json"
    if path.exists():
        found |= json.loads(path.read_text("utf-8"))
    return {name: text for name, text in found.items() if text}


def _processor() -> str:
    text = Path("/proc/cpuinfo").read_text(errors="replace")
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1] if found else platform.machine()


def _memory() -> str:
    found = re.search(r"^MemTotal:\s*(\d+) kB", Path("/proc/meminfo").read_text(), re.MULTILINE)
    return f"{int(found[1]) / 1024**2:.0f} GiB" if found else ""


def _file_system(folder: Path) -> str:
    best, kind = "", ""
    for line in Path("/proc/mounts").read_text().splitlines():
        place, name = line.split()[1:3]
        if str(folder.resolve()).startswith(place) and len(place) > len(best):
            best, kind = place, name
    return kind


def _first_line(program: str, option: str) -> str:
    if not program:
        return ""
    done = subprocess.run([program, option], capture_output=True, text=True, check=False)
    lines = (done.stdout + done.stderr).strip().splitlines()
    return lines[0].removeprefix("nginx version: ") if lines else ""
