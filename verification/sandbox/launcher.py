"""Foreign files are parsed behind walls: the two kinds of walls, and the one way to run a task.

``Bubblewrap`` is what production runs. ``Unwalled`` is for development on machines where it cannot
be had: limits and system call filter hold, but the child sees the file system of its user. Which of
the two to use is decided where the worker is wired, never here.

Next station: ``verification/checks/documents.py`` and ``scans.py`` call ``run``.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from verification.sandbox import walls
from verification.sandbox.child import READY
from verification.sandbox.job import JSON
from verification.sandbox.limits import Limits
from verification.sandbox.outcome import Ending, Outcome, read_answer, stopped
from verification.sandbox.process import Run, supervise
from verification.sandbox.seccomp import FilterNotLoaded, Stage, filter_bytes
from verification.sandbox.tasks import TASKS

OUR_CODE = Path(__file__).resolve().parent.parent
"""The ``verification`` package: all of ours that the child can see."""

_TOLD_BY_SHELL = 128  # bubblewrap reports its child's signal as 128 + number
_PROBE = Limits(cpu=10, wall=60.0)


class SandboxUnavailable(Exception):
    """The walls do not stand on this machine. Nothing was opened; no file is to blame."""


class Sandbox(ABC):
    """``tasks`` and ``code`` are the tables of what may run and what it is made of."""

    def __init__(
        self, *, tasks: Mapping[str, str] = TASKS, code: Sequence[Path] = (OUR_CODE,)
    ) -> None:
        self._tasks, self._code = tasks, tuple(code)

    @property
    @abstractmethod
    def walled(self) -> bool:
        """Whether the child sees nothing but its file. Production asks this before it starts."""

    @abstractmethod
    def _run(
        self,
        request: dict[str, JSON],
        *,
        source: Path,
        output: Path | None,
        extra: Sequence[Path],
        limits: Limits,
    ) -> Run: ...

    def run(
        self,
        task: str,
        *,
        source: Path,
        arguments: Mapping[str, JSON],
        limits: Limits,
        output: Path | None = None,
        extra_read: Sequence[Path] = (),
    ) -> Outcome:
        """Run ``task`` (a name of ``tasks.py``) on ``source`` in a new child, and wait for it.

        ``arguments`` go as JSON, through memory. ``output`` is an empty folder for files the task
        makes; they are foreign too. Whatever the file does to its parser ends as an Outcome.

        SandboxUnavailable: the child could not be walled in; try again later, judge nothing.
        KeyError: no such task. FileNotFoundError: no such source.
        """
        target = self._tasks[task]
        for path in (source, *extra_read):
            path.stat()
        request: dict[str, JSON] = {
            "target": target,
            "arguments": dict(arguments),
            "rlimits": {
                "RLIMIT_AS": limits.memory,
                "RLIMIT_CPU": limits.cpu,
                "RLIMIT_FSIZE": limits.file,
                "RLIMIT_NOFILE": limits.descriptors,
                "RLIMIT_CORE": 0,
            },
        }
        try:
            run = self._run(request, source=source, output=output, extra=extra_read, limits=limits)
        except (OSError, FilterNotLoaded) as error:
            raise SandboxUnavailable(str(error)) from error
        return _outcome(run, limits)

    def verify(self, *, hidden: Sequence[Path] = ()) -> None:
        """Try every wall from inside. ``hidden``: folders the child must not see, such as keys.

        SandboxUnavailable: one gave way, or the child does not start.
        """
        paths: list[JSON] = [str(path.absolute()) for path in hidden]
        outcome = self.run(
            "sandbox.probe", source=Path(__file__), arguments={"hidden": paths}, limits=_PROBE
        )
        if not outcome.ok or not isinstance(outcome.result, list):
            raise SandboxUnavailable(f"the probe ended: {outcome.ending.value} {outcome.where}")
        gave_way = {str(name) for name in outcome.result} - self._open_by_design()
        if gave_way:
            raise SandboxUnavailable(f"gave way: {', '.join(sorted(gave_way))}")

    def _open_by_design(self) -> frozenset[str]:
        return frozenset()


class Bubblewrap(Sandbox):
    """A child in namespaces of its own. SandboxUnavailable at once when there is no bubblewrap."""

    def __init__(
        self, *, tasks: Mapping[str, str] = TASKS, code: Sequence[Path] = (OUR_CODE,)
    ) -> None:
        super().__init__(tasks=tasks, code=code)
        program = shutil.which("bwrap")
        if program is None:
            raise SandboxUnavailable("bubblewrap is not installed")
        self._program = program

    @property
    def walled(self) -> bool:
        return True

    def _run(
        self,
        request: dict[str, JSON],
        *,
        source: Path,
        output: Path | None,
        extra: Sequence[Path],
        limits: Limits,
    ) -> Run:
        request |= {
            "source": str(walls.SOURCE),
            "output": str(walls.OUTPUT) if output else None,
            "extra": [str(walls.extra_at(number)) for number in range(len(extra))],
        }
        with _readable(filter_bytes(Stage.STARTING)) as descriptor:
            command = walls.bubblewrap(
                self._program,
                code=self._code,
                source=source,
                output=output,
                extra=extra,
                scratch=limits.scratch,
                seccomp_descriptor=descriptor,
            )
            return supervise(
                command,
                request=json.dumps(request).encode(),
                limits=limits,
                output=output,
                descriptors=(descriptor,),
            )


class Unwalled(Sandbox):
    """A plain child with limits and filter. Only for development; production refuses it."""

    @property
    def walled(self) -> bool:
        return False

    def _open_by_design(self) -> frozenset[str]:
        return frozenset({"hidden", "root", "source", "write"})

    def _run(
        self,
        request: dict[str, JSON],
        *,
        source: Path,
        output: Path | None,
        extra: Sequence[Path],
        limits: Limits,
    ) -> Run:
        request |= {
            "source": str(source.absolute()),
            "output": str(output.absolute()) if output else None,
            "extra": [str(path.absolute()) for path in extra],
        }
        roots = dict.fromkeys(folder.parent for folder in self._code)
        return supervise(
            walls.python([*roots, *walls.package_folders()]),
            request=json.dumps(request).encode(),
            limits=limits,
            output=output,
        )


@contextmanager
def _readable(content: bytes) -> Iterator[int]:
    """A descriptor from which ``content`` (less than a pipe holds) can be read."""
    read, write = os.pipe()
    try:
        os.write(write, content)
        os.close(write)
        yield read
    finally:
        os.close(read)


def _outcome(run: Run, limits: Limits) -> Outcome:
    if not run.answer.startswith(READY):
        if run.stopped is Ending.TIMEOUT:
            raise SandboxUnavailable("the child did not start in time")
        raise SandboxUnavailable(f"the child did not start: {run.complaint}")
    if run.stopped is not None:
        return stopped(run.stopped, seconds=run.seconds)
    answer = run.answer.removeprefix(READY)
    if len(answer) > limits.result:
        return stopped(Ending.CRASHED, where="answer too long", seconds=run.seconds)
    if answer.endswith(b"\n"):
        return read_answer(answer, seconds=run.seconds)
    number = -run.status if run.status < 0 else max(run.status - _TOLD_BY_SHELL, 0)
    if number in (signal.SIGXCPU, signal.SIGKILL):
        return stopped(Ending.TIMEOUT, where=f"signal {number}", seconds=run.seconds)
    return stopped(Ending.CRASHED, where=f"signal {number}", seconds=run.seconds)
