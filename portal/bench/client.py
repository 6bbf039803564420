"""The C client: compiled once into a cache folder, run with a word in between, read line by line.

Next station: `portal/bench/client/main.c`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

SOURCES = Path(__file__).parent / "client"
FLAGS = ("-O2", "-Wall", "-Wextra")
# Longer than any measurement that goes well; a server that no longer answers must not end the bench.
LONGEST_RUN = 900.0


class CompilerMissing(Exception):
    """No C compiler, or it refuses our client."""


class ClientFailed(Exception):
    """The client ended without a result; the sentence is its own."""


def compiled(cache: Path | None = None) -> Path:
    """The client program, built when it is not there yet. Raises CompilerMissing."""
    sources = sorted(SOURCES.glob("*.c"))
    digest = hashlib.sha256()
    for path in (*sources, *sorted(SOURCES.glob("*.h"))):
        digest.update(path.name.encode() + path.read_bytes())
    folder = (cache or _cache()) / digest.hexdigest()[:16]
    program = folder / "client"
    if program.exists():
        return program
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise CompilerMissing(
            "the bench needs a C compiler for its client (Debian: apt-get install gcc libc6-dev)"
        )
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"client.{os.getpid()}"
    words = [compiler, *FLAGS, "-o", str(part), *map(str, sources)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CompilerMissing(f"the client does not compile: {done.stderr.strip()[-600:]}")
    part.replace(program)
    return program


class Client:
    """A run of the client: `events()` gives its lines as they come, `go()` lets it begin.

    `core`: the only core it may run on, None for any. It is killed after `seconds`.
    """

    def __init__(
        self,
        mode: str,
        words: Sequence[str],
        *,
        core: int | None = None,
        seconds: float = LONGEST_RUN,
    ) -> None:
        command = [str(compiled()), mode, *words]
        if core is not None:
            command = ["taskset", "-c", str(core), *command]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self._seconds = seconds
        self._out_of_time = threading.Timer(seconds, self._process.kill)
        self._out_of_time.daemon = True
        self._out_of_time.start()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._out_of_time.cancel()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def go(self) -> None:
        """The word it waits for after `ready`."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"go\n")
        self._process.stdin.flush()

    def events(self) -> Iterator[dict[str, Any]]:
        """Its lines. Raises ClientFailed when it ends in trouble."""
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        for line in self._process.stdout:
            yield json.loads(line)
        if self._process.wait() == -signal.SIGKILL:
            raise ClientFailed(f"not answered within {self._seconds:g} s")
        if self._process.returncode != 0:
            raise ClientFailed(self._process.stderr.read().decode(errors="replace").strip())


def pattern() -> bytes:
    """What the bodies are made of: the byte at position p is `pattern()[p % len]`."""
    return subprocess.run([str(compiled()), "pattern"], stdout=subprocess.PIPE, check=True).stdout


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "sipol" / "bench"
