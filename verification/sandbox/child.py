"""The child's own side: shut the doors from inside, then run one task on one file.

Order matters. Our own modules are imported first, so that a broken installation is never blamed on
a party's file; then limits and filter; then one line says the walls stand; only then is the
foreign file opened. Standard output carries that line and one line of JSON, nothing else; what a
library prints goes to standard error, which nobody keeps.

Next station: the task named in the request (``verification/sandbox/tasks.py``).
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from verification.sandbox.job import JSON, Job, Refuse
from verification.sandbox.seccomp import Stage, load

READY = b'{"ready":true}\n'
_OUT_OF_MEMORY = b'{"memory":true}\n'  # made before there is no memory left to make it
_ANSWER = 3
_PR_SET_PDEATHSIG = 1


def main() -> NoReturn:
    """Read the request from standard input, answer on standard output, and end."""
    request = json.loads(sys.stdin.buffer.read())
    _only_our_descriptors()
    task = _task(request["target"])
    for name, value in request["rlimits"].items():
        _limit(getattr(resource, name), value)
    _die_with_parent()
    load(Stage.WORKING)
    os.write(_ANSWER, READY)
    job = Job(
        source=Path(request["source"]),
        output=Path(request["output"]) if request["output"] else None,
        extra=tuple(Path(extra) for extra in request["extra"]),
        arguments=request["arguments"],
    )
    _write(_answer(task, job))
    # To take the interpreter and its libraries apart takes longer than most files do.
    os._exit(0)


def _answer(task: Callable[[Job], JSON], job: Job) -> bytes:
    try:
        report: dict[str, JSON] = {"ok": task(job)}
    except Refuse as refusal:
        report = {"refused": refusal.code, "params": dict(refusal.params)}
    except MemoryError:
        return _OUT_OF_MEMORY
    except Exception as error:  # noqa: BLE001 - whatever a parser throws ends here, without its text
        report = {"crashed": type(error).__name__, "where": _where(error)}
    return json.dumps(report, allow_nan=False).encode() + b"\n"


def _where(error: BaseException) -> str:
    """The innermost line of ours; never the message, which may quote the file."""
    found, step = "", error.__traceback__
    while step is not None:
        name = Path(step.tb_frame.f_code.co_filename)
        if "verification" in name.parts:
            found = f"{name.name}:{step.tb_lineno}"
        step = step.tb_next
    return found


def _task(target: str) -> Callable[[Job], JSON]:
    module, _, function = target.partition(":")
    found: Callable[[Job], JSON] = getattr(importlib.import_module(module), function)
    return found


def _die_with_parent() -> None:
    """A worker killed in mid-check leaves nothing behind, walled or not."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _limit(limit: int, value: int) -> None:
    """For ever, or lower if the machine already allows less."""
    # CPU: the first second too many sends SIGXCPU, the next one SIGKILL.
    hard = value + 1 if limit == resource.RLIMIT_CPU else value
    machine = resource.getrlimit(limit)[1]
    if machine != resource.RLIM_INFINITY:
        value, hard = min(value, machine), min(hard, machine)
    resource.setrlimit(limit, (value, hard))


def _only_our_descriptors() -> None:
    """Standard output moves to descriptor 3, out of reach of anything that prints."""
    os.dup2(1, _ANSWER, inheritable=False)
    os.dup2(2, 1)
    os.closerange(_ANSWER + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _write(answer: bytes) -> None:
    while answer:
        answer = answer[os.write(_ANSWER, answer) :]
