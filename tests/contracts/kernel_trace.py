"""Calls of the kernel as strace writes them, in the order in which they were done."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

CALLS = (
    "pwritev,pwritev2,pwrite64,fdatasync,fsync,rename,write,writev,sendto,sendmsg,copy_file_range"
)
TO_OURSELVES = "X-Content-Type-Options"
"""In what tusd says to the process before it, and never in what a client is told."""
CALL = re.compile(r"^(\d+) +(?:<\.\.\. )?([a-z0-9_]+)(?: resumed>|\()(.*)$")


def events(trace: str) -> Iterator[tuple[str, str]]:
    """Calls in the order they returned, answers in the order they began: (name, arguments)."""
    begun: dict[tuple[str, str], str] = {}
    for line in trace.splitlines():
        found = CALL.match(line)
        if found is None:
            continue
        pid, name, rest = found.groups()
        if "resumed>" in line:
            yield name, begun.pop((pid, name), "") + rest
        elif "HTTP/1.1" in rest and TO_OURSELVES not in rest:
            yield "answer", rest
        elif rest.endswith("<unfinished ...>"):
            begun[pid, name] = rest
        else:
            yield name, rest


def wrapper_for(trace: Path) -> tuple[str, ...]:
    """Run a process so that its calls that have to do with durability are written to `trace`."""
    assert shutil.which("strace"), "strace is missing: run `make test`, which installs it"
    return ("strace", "-f", "-y", "-s", "200", "-o", str(trace), "-e", f"trace={CALLS}")


def seen(trace: Path, files: str) -> list[tuple[str, str]]:
    """What was asked of the kernel; of plain writes only those into `files`, a pattern."""
    found = events(trace.read_text())
    ours = [event for event in found if event[0] != "write" or re.search(files, event[1])]
    return [event for event in ours if "healthz" not in event[1]]


def before_answer(traced: list[tuple[str, str]], status: str, nth: int = 0) -> list[str]:
    """Names and files of the calls between the answer before and the n-th answer of this status."""
    answers = [index for index, event in enumerate(traced) if event[0] == "answer"]
    ours = [index for index in answers if f"HTTP/1.1 {status}" in traced[index][1]][nth]
    since = max((index for index in answers if index < ours), default=0)
    return [f"{name} {rest}" for name, rest in traced[since + 1 : ours]]


def first(calls: list[str], pattern: str) -> int:
    return next(i for i, call in enumerate(calls) if re.search(pattern, call))
