"""Trees of processes seen through /proc: what they used, what they hold, who listens, how they end.

Next station: `portal/bench/measuring.py` looks at a tree before and after.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from portal.offspring import die_with_parent
from portal.parts import free_ports

TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")
LISTENING_TCP = "0A"
ACCEPTING_UNIX = "00010000"
STOP_SECONDS = 15.0


class NotStarted(Exception):
    """A server that does not answer, has died, or does not own the place it was told to listen at."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server listens: a Unix socket, or a port of 127.0.0.1."""

    socket: Path | None = None
    port: int = 0

    def words(self) -> tuple[str, ...]:
        """For the client's command line."""
        return (f"socket={self.socket}",) if self.socket else (f"port={self.port}",)

    def connects(self) -> bool:
        """Whether somebody accepts connections there."""
        family = socket.AF_UNIX if self.socket else socket.AF_INET
        with socket.socket(family) as probe:
            probe.settimeout(2)
            address = str(self.socket) if self.socket else ("127.0.0.1", self.port)
            return probe.connect_ex(address) == 0


class Tree:
    """A started process and everything it starts.

    `core`: the only core it may run on, None for any. Output goes to `log`. Everything dies with
    this process, and `stop` ends what is left by its process group.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        environ: Mapping[str, str] | None = None,
        core: int | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.log = log
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                list(command),
                env=dict(os.environ if environ is None else environ),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                preexec_fn=before_exec(core, signal.SIGKILL),  # noqa: PLW1509 - before any thread of the bench
            )

    @property
    def pid(self) -> int:
        """The first process; also the number of its group."""
        return int(self._process.pid)

    def alive(self) -> bool:
        return self._process.poll() is None

    def said(self) -> str:
        """The end of what it wrote."""
        return self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""

    def pids(self) -> list[int]:
        """The living processes of the tree, the first one first."""
        return [self.pid, *descendants(self.pid)]

    def wait_for(self, places: Iterable[Place], seconds: float = 30.0) -> None:
        """Until every place is served by this tree. Raises NotStarted."""
        deadline = time.monotonic() + seconds
        waiting = list(places)
        while waiting:
            if not self.alive():
                raise NotStarted(f"ended with {self._process.returncode}: {self.said()}")
            if time.monotonic() > deadline:
                raise NotStarted(f"nobody listens at {waiting[0]}: {self.said()}")
            if not waiting[0].connects():
                time.sleep(0.05)
                continue
            check_owner(waiting.pop(0), self.pids)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End the tree, with SIGKILL what does not listen to `number`."""
        if self.alive():
            with suppress(ProcessLookupError):
                self._process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()


def free_port() -> int:
    """A loopback port nobody listens on now."""
    return free_ports(1)[0]


def before_exec(core: int | None, when_orphaned: signal.Signals) -> Callable[[], None]:
    """What a child does before it becomes its program: die with us, keep to its core."""
    dies = die_with_parent(when_orphaned)

    def between_fork_and_exec() -> None:
        dies()
        if core is not None:
            os.sched_setaffinity(0, {core})

    return between_fork_and_exec


def check_owner(place: Place, pids: Callable[[], Iterable[int]]) -> None:
    """Raise NotStarted unless some of `pids()`, and nobody else, hold the listening socket."""
    inodes = set(_listening(place))
    owners = {pid for pid in _everybody() if inodes & set(_sockets_of(pid))}
    # Looked at last: a server that is just starting its workers has given them the socket.
    mine = set(pids())
    if not owners & mine:
        raise NotStarted(f"{place} belongs to {sorted(owners)}, not to {sorted(mine)}")
    if owners - mine:
        raise NotStarted(f"{place} is shared with {sorted(owners - mine)}")


def descendants(pid: int) -> list[int]:
    """Every living descendant of a process."""
    children: dict[int, list[int]] = {}
    for other in _everybody():
        with suppress(OSError, ValueError, IndexError):
            children.setdefault(int(_stat(other)[1]), []).append(other)
    found, waiting = [], [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def cpu_by_kind(pids: Iterable[int]) -> tuple[float, float]:
    """User and system seconds of these processes and of those children they have buried."""
    user = system = 0
    for pid in pids:
        with suppress(OSError):
            fields = [int(field) for field in _stat(pid)[11:15]]
            user += fields[0] + fields[2]
            system += fields[1] + fields[3]
    return user / TICKS, system / TICKS


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system seconds together."""
    return sum(cpu_by_kind(pids))


def waits_for_disk(pids: Iterable[int]) -> bool:
    """Whether a thread of these processes is in the middle of a write or a sync (state D)."""
    for pid in pids:
        with suppress(OSError):
            for task in (PROC / str(pid) / "task").iterdir():
                if (task / "stat").read_text().rpartition(")")[2].split()[0] == "D":
                    return True
    return False


def pss_bytes(pids: Iterable[int]) -> int:
    """Memory of these processes, shared pages divided by their users."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
    return total


def _stat(pid: int) -> list[str]:
    """The fields of /proc/pid/stat from the state on; the name before it may hold anything."""
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def _everybody() -> Iterator[int]:
    return (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit())


def _listening(place: Place) -> Iterator[int]:
    if place.socket:
        for line in (PROC / "net/unix").read_text().splitlines()[1:]:
            fields = line.split(maxsplit=7)
            if len(fields) == 8 and fields[7] == str(place.socket) and fields[3] == ACCEPTING_UNIX:
                yield int(fields[6])
        return
    for line in (PROC / "net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == LISTENING_TCP and int(fields[1].rpartition(":")[2], 16) == place.port:
            yield int(fields[9])


def _sockets_of(pid: int) -> Iterator[int]:
    with suppress(OSError):
        for entry in os.scandir(PROC / str(pid) / "fd"):
            with suppress(OSError):
                target = str(Path(entry.path).readlink())
                if target.startswith("socket:["):
                    yield int(target[8:-1])
