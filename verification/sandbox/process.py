"""One child process watched to its end: bounded answer, bounded time, bounded output folder.

Next station: ``verification/sandbox/launcher.py`` reads what came of it.
"""

from __future__ import annotations

import fcntl
import os
import selectors
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from verification.sandbox.limits import Limits
from verification.sandbox.outcome import Ending

_LOOK_EVERY = 0.25
_COMPLAINT = 2000
_AT_ONCE = 65_536
_SEALED = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """``stopped`` is why we ended it, None if it ended by itself with ``status``.

    ``status`` is the exit code, negative for a signal; ``answer`` standard output; ``complaint``
    the start of standard error, to be read only while no foreign file had been opened.
    """

    status: int
    stopped: Ending | None
    answer: bytes
    complaint: str
    seconds: float


def supervise(
    command: Sequence[str],
    *,
    request: bytes,
    limits: Limits,
    output: Path | None,
    descriptors: Sequence[int] = (),
) -> Run:
    """Run ``command`` with an empty environment and no descriptor but its three and those named.

    The thread that calls must stay in here: bubblewrap dies with the thread that started it.
    OSError: the program cannot be started.
    """
    started = time.monotonic()
    with _in_memory(request) as standard_input:
        process = subprocess.Popen(
            command,
            stdin=standard_input,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={},
            cwd="/",
            close_fds=True,
            pass_fds=descriptors,
            start_new_session=True,
        )
    watch = _Watch(process, limits, output, started)
    with process:
        try:
            stopped = watch.to_the_end()
        finally:
            process.kill()
    if stopped is None and not within(output, limits):
        stopped = Ending.OUTPUT
    return Run(
        status=process.returncode,
        stopped=stopped,
        answer=bytes(watch.answer),
        complaint=watch.complaint.decode(errors="replace").strip(),
        seconds=time.monotonic() - started,
    )


@contextmanager
def _in_memory(content: bytes) -> Iterator[int]:
    """A descriptor to read ``content`` from, that nobody can write to: never blocks, never leaks."""
    descriptor = os.memfd_create("request", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with os.fdopen(os.dup(descriptor), "wb") as target:
            target.write(content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALED)
        yield descriptor
    finally:
        os.close(descriptor)


class _Watch:
    def __init__(
        self, process: subprocess.Popen[bytes], limits: Limits, output: Path | None, started: float
    ) -> None:
        self._process, self._limits, self._output = process, limits, output
        self._deadline = started + limits.wall
        self.answer, self.complaint = bytearray(), bytearray()

    def to_the_end(self) -> Ending | None:
        """Until both pipes are closed and the process has gone; why it had to be stopped, if so."""
        process = self._process
        assert process.stdout
        assert process.stderr
        look = time.monotonic() + _LOOK_EVERY
        with selectors.DefaultSelector() as pipes:
            pipes.register(process.stdout, selectors.EVENT_READ, self._answered)
            pipes.register(process.stderr, selectors.EVENT_READ, self._complained)
            while pipes.get_map():
                now = time.monotonic()
                if now >= self._deadline:
                    return Ending.TIMEOUT
                if now >= look:
                    look = now + _LOOK_EVERY
                    if not within(self._output, self._limits):
                        return Ending.OUTPUT
                for key, _ in pipes.select(min(_LOOK_EVERY, self._deadline - now)):
                    piece = os.read(key.fd, _AT_ONCE)
                    if not piece:
                        pipes.unregister(key.fileobj)
                    elif not key.data(piece):
                        return Ending.CRASHED
        try:
            process.wait(max(0.0, self._deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return Ending.TIMEOUT
        return None

    def _answered(self, piece: bytes) -> bool:
        self.answer += piece
        return len(self.answer) <= self._limits.result + _COMPLAINT

    def _complained(self, piece: bytes) -> bool:
        self.complaint += piece[: _COMPLAINT - len(self.complaint)]
        return True


def within(output: Path | None, limits: Limits) -> bool:
    """Only plain files, not more and not larger in all than allowed. The child may still write."""
    if output is None:
        return True
    size = files = 0
    folders = [os.fspath(output)]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    files += 1
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    elif entry.is_file(follow_symlinks=False):
                        size += entry.stat(follow_symlinks=False).st_size
                    else:
                        return False
                    if size > limits.output or files > limits.output_files:
                        return False
        except FileNotFoundError:
            continue  # gone between listing and looking
    return True
