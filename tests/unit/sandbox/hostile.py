"""What a parser does once its file has taken it over. Registered for the tests only."""

from __future__ import annotations

import ctypes
import os
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

from verification.sandbox.job import Job, Refuse

HERE = "tests.unit.sandbox.hostile"


def echo(job: Job) -> Any:
    text = job.source.read_text()
    extra = [path.read_text() for path in job.extra]
    return {"text": text, "extra": extra, "arguments": dict(job.arguments)}


def refuse(job: Job) -> Any:
    raise Refuse("document.encrypted", page=3)


def refuse_with_a_page_of_text(job: Job) -> Any:
    raise Refuse("document.encrypted", text="x" * 5000)


def read(job: Job) -> Any:
    """Every path, read or listed: the error's name, or what it got."""
    seen = {}
    for path in job.arguments["paths"]:  # type: ignore[union-attr]
        at = Path(str(path))
        try:
            seen[str(path)] = str(list(at.iterdir())) if at.is_dir() else at.read_text()
        except OSError as error:
            seen[str(path)] = type(error).__name__
    return seen


def surroundings(job: Job) -> Any:
    """All that a process can know about where it runs."""
    descriptors = []
    for number in range(256):
        try:
            os.fstat(number)
        except OSError:
            continue
        descriptors.append(number)
    return {
        "environment": sorted(os.environ),
        "descriptors": descriptors,
        "root": sorted(path.name for path in Path("/").iterdir()),
        "uid": os.getuid(),
        "pid": os.getpid(),
        "host": os.uname().nodename,
    }


def connect(job: Job) -> Any:
    with socket.socket() as line:
        line.connect(("127.0.0.1", int(job.arguments["port"])))  # type: ignore[arg-type]
    return "connected"


def fork(job: Job) -> Any:
    if os.fork() == 0:
        os._exit(0)
    return "forked"


def spawn(job: Job) -> Any:
    return os.spawnv(os.P_WAIT, "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", ["ld"])


def execute(job: Job) -> Any:
    os.execv(str(job.arguments["program"]), ["program", "--version"])


def write_outside(job: Job) -> Any:
    """The paths that could be written: there must be none."""
    done = []
    for path in job.arguments["paths"]:  # type: ignore[union-attr]
        try:
            Path(str(path)).write_text("x")
        except OSError:
            continue
        done.append(str(path))
    return done


def eat_memory(job: Job) -> Any:
    return len([bytearray(16 * 1024**2) for _ in range(1000)])


def eat_memory_in_c(job: Job) -> Any:
    """Without Python noticing: what a C parser does with a null pointer it never looked at."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.malloc.argtypes = [ctypes.c_size_t]
    ctypes.memset(libc.malloc(8 * 1024**3), 1, 1)


def spin(job: Job) -> Any:
    while True:
        pass


def sleep(job: Job) -> Any:
    threading.Event().wait(600)


def settle(job: Job) -> Any:
    """Say that it runs, and stay."""
    assert job.output
    (job.output / "settled").touch()
    threading.Event().wait(600)


def crash(job: Job) -> Any:
    ctypes.string_at(0)


def fail(job: Job) -> Any:
    raise KeyError("3273010101900001 is in this message")


def babble(job: Job) -> Any:
    return "x" * int(job.arguments["length"])  # type: ignore[arg-type]


def print_a_lot(job: Job) -> Any:
    sys.stdout.write("noise\n" * 100_000)
    os.write(1, b'{"ok": "forged"}\n')
    return "quiet"


def forge(job: Job) -> Any:
    """Write the answer itself, past our code."""
    os.write(3, str(job.arguments["answer"]).encode() + b"\n")
    os._exit(0)


def threads(job: Job) -> Any:
    done: list[int] = []
    workers = [threading.Thread(target=done.append, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sorted(done)


def make(job: Job) -> Any:
    """``files`` files of ``size`` bytes."""
    assert job.output
    for number in range(int(job.arguments["files"])):  # type: ignore[arg-type]
        (job.output / str(number)).write_bytes(bytes(int(job.arguments["size"])))  # type: ignore[arg-type]
    return "made"


def flood(job: Job) -> Any:
    """Fill the disk and never come back."""
    assert job.output
    number = 0
    while True:
        (job.output / str(number)).write_bytes(bytes(4 * 1024**2))
        number += 1
        time.sleep(0)


def link(job: Job) -> Any:
    assert job.output
    (job.output / "page").symlink_to("/etc/passwd")


TASKS = {
    name: f"{HERE}:{name}"
    for name, value in list(globals().items())
    if callable(value) and getattr(value, "__module__", "") == __name__
} | {"missing": f"{HERE}:not_there"}
