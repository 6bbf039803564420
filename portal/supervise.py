"""A tree of processes: started in waves, restarted when one dies, stopped in order, none left.

Each part is the leader of a process group of its own and dies with the supervisor, even when that is
killed with -9. The supervisor has one thread and sleeps in `sigtimedwait`; nothing here is a race
between a handler and a loop.

Next station: `portal/parts.py` says what the tree of this product is made of.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from portal.offspring import adopt_orphans, die_with_parent

WAITED_FOR = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 10.0
# A part that ran this long was well: the next restart does not wait for the sins of the last.
HEALTHY_AFTER = 30.0
# Deaths before it was ever ready, after which a start is given up.
HOPELESS_AFTER = 4
START_SECONDS = 90.0


class StartFailed(Exception):
    """A part did not get ready; the sentence names it and its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One process of the tree. `patience` seconds lie between `stop` and SIGKILL.

    `orphaned` is what it gets when the supervisor is gone: a signal on which it takes its own
    children along. `sockets` are removed before each start. `ready` is asked often and must be
    quick. `pid_file` is there while the part runs, for whoever wants to signal it.
    """

    name: str
    command: tuple[str, ...]
    environ: Mapping[str, str] = field(default_factory=dict)
    log: Path
    ready: Callable[[], bool]
    stop: signal.Signals = signal.SIGTERM
    orphaned: signal.Signals = signal.SIGTERM
    patience: float = 10.0
    sockets: tuple[Path, ...] = ()
    pid_file: Path | None = None


@dataclass(slots=True)
class _Running:
    part: Part
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    ready: bool = False
    ever_ready: bool = False
    deaths: int = 0
    pause: float = FIRST_PAUSE
    restart_at: float | None = None


class Supervisor:
    """`run(waves)` blocks until SIGTERM, SIGINT or SIGHUP and returns when nothing is left.

    `tell` gets a sentence whenever a person should know something; `lost(name)` hears of a part that
    was ready and died, `back(name)` when it is ready again. `keep_open` are descriptors each
    part inherits: a lock among them is free when the last one is gone.
    """

    def __init__(
        self,
        *,
        tell: Callable[[str], None],
        lost: Callable[[str], None],
        back: Callable[[str], None],
        keep_open: Sequence[int] = (),
    ) -> None:
        self._tell = tell
        self._lost = lost
        self._back = back
        self._keep_open = tuple(keep_open)
        self._waves: list[list[_Running]] = []
        self._stopping = False

    def run(
        self,
        waves: Sequence[Sequence[Part]],
        started: Callable[[], None],
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        """Start wave after wave, call `started`, watch, stop. Raises StartFailed after stopping.

        `meanwhile` is called from then on, every few seconds at least, and must be quick.
        """
        adopt_orphans()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, WAITED_FOR)
        try:
            for wave in waves:
                self._waves.append([_Running(part) for part in wave])
                self._start_wave(self._waves[-1])
                if self._stopping:
                    return
            started()
            while not self._stopping:
                self._step(longest=5.0)
                meanwhile()
        finally:
            self._stop()
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _start_wave(self, wave: list[_Running]) -> None:
        for running in wave:
            self._start(running)
        deadline = time.monotonic() + START_SECONDS
        while not all(running.ready for running in wave) and not self._stopping:
            self._step(longest=0.05)
            for running in wave:
                hopeless = running.deaths >= HOPELESS_AFTER and not running.ever_ready
                if hopeless or (time.monotonic() > deadline and not running.ready):
                    raise StartFailed(
                        f"{running.part.name} tidak dapat dimulai; lihat {running.part.log}"
                    )

    def _step(self, longest: float) -> None:
        """Sleep until something happens, then put right what can be."""
        everyone = [running for wave in self._waves for running in wave]
        self._sleep(min([longest, *(0.05 for running in everyone if not running.ready)]))
        for running in everyone:
            if running.process is not None and running.process.poll() is not None:
                self._bury(running)
            elif running.restart_at is not None and time.monotonic() >= running.restart_at:
                self._start(running)
            elif running.process is not None and not running.ready and running.part.ready():
                self._arrived(running)
        self._reap_adopted()

    def _sleep(self, seconds: float) -> None:
        got = signal.sigtimedwait(WAITED_FOR, seconds)
        if got is not None and got.si_signo != signal.SIGCHLD:
            self._stopping = True

    def _start(self, running: _Running) -> None:
        part = running.part
        running.restart_at = None
        for path in part.sockets:
            path.unlink(missing_ok=True)
        with part.log.open("ab") as log:
            running.process = subprocess.Popen(
                part.command,
                env={**os.environ, **part.environ},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,
                pass_fds=self._keep_open,
                preexec_fn=die_with_parent(part.orphaned),  # noqa: PLW1509 - the only thread
            )
        running.started = time.monotonic()
        if part.pid_file is not None:
            part.pid_file.write_text(f"{running.process.pid}\n")

    def _arrived(self, running: _Running) -> None:
        running.ready = True
        if running.ever_ready:
            self._tell(f"{running.part.name} berjalan lagi.")
            self._back(running.part.name)
        running.ever_ready = True

    def _bury(self, running: _Running) -> None:
        """The leader died: its group goes with it, and it is started again after a pause."""
        assert running.process is not None
        code = running.process.returncode
        self._kill_group(running.process.pid)
        if running.part.pid_file is not None:
            running.part.pid_file.unlink(missing_ok=True)
        if time.monotonic() - running.started > HEALTHY_AFTER:
            running.pause = FIRST_PAUSE
        running.process = None
        running.deaths += 1
        running.restart_at = time.monotonic() + running.pause
        if running.deaths == 1 or running.ready:
            why = f"sinyal {-code}" if code < 0 else f"kode {code}"
            self._tell(f"{running.part.name} berhenti ({why}) dan dimulai lagi; {running.part.log}")
        if running.ready:
            running.ready = False
            self._lost(running.part.name)
        running.pause = min(running.pause * 2, LONGEST_PAUSE)

    def _stop(self) -> None:
        """Last wave first; what does not go is killed; then whatever they left behind."""
        for wave in reversed(self._waves):
            alive = [running for running in wave if running.process is not None]
            for running in alive:
                assert running.process is not None
                with contextlib.suppress(ProcessLookupError):
                    running.process.send_signal(running.part.stop)
            for running in alive:
                assert running.process is not None
                with contextlib.suppress(subprocess.TimeoutExpired):
                    running.process.wait(running.part.patience)
                self._kill_group(running.process.pid)
                running.process.wait()
                if running.part.pid_file is not None:
                    running.part.pid_file.unlink(missing_ok=True)
        for pid in _children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while True:
                os.waitpid(-1, 0)

    def _kill_group(self, leader: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signal.SIGKILL)

    def _reap_adopted(self) -> None:
        """Collect grandchildren that came to us, never the parts: those belong to `Popen`."""
        ours = {
            running.process.pid
            for wave in self._waves
            for running in wave
            if running.process is not None
        }
        for pid in _children() - ours:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def _children() -> set[int]:
    path = Path(f"/proc/self/task/{os.getpid()}/children")
    return {int(pid) for pid in path.read_text().split()}
