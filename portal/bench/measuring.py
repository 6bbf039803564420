"""One measurement: a server is started, warmed, sent to, watched, looked over, stopped.

What counts as the server's is the time of its whole process tree until it is quiet again, so that work
put off until after the answer is in. Every answer is checked by the client, every file on the disk here.

Next station: `portal/bench/report.py` makes medians of many.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from portal.bench.client import Client, ClientFailed, pattern
from portal.bench.looking_over import check_files
from portal.bench.processes import cpu_by_kind, cpu_seconds, pss_bytes, waits_for_disk
from portal.bench.stand import Stand

QUIET_SECONDS = 0.3
QUIET_CPU = 0.01
LONGEST_SETTLING = 120.0
ROOM = 2 * 1024**3
GIB = 1024**3


class Spoiled(Exception):
    """A measurement that must not be used; the sentence says what was wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is measured. `words` are the client's; `bytes_on_disk` how much room it takes.

    `files` × `size` bytes must lie on the disk afterwards (0: not looked at).
    """

    name: str
    mode: str
    words: tuple[str, ...]
    connections: int
    files: int = 0
    size: int = 0
    bytes_on_disk: int = 0
    through_nginx_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One measurement of one contender. CPU in seconds, memory in bytes.

    `writeback_cpu`: what it left to the kernel, see `_write_back`.
    """

    contender: str
    task: str
    through_nginx: bool
    seconds: float
    bytes: int
    requests: int
    server_cpu: float
    server_user: float
    nginx_cpu: float
    database_cpu: float
    client_cpu: float
    writeback_cpu: float = 0.0
    server_memory: int = 0
    nginx_memory: int = 0
    connections: int = 0
    processes: int = 1
    client: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class _Clock:
    """The times of the trees at one moment."""

    server: tuple[float, float]
    nginx: float
    database: float

    @classmethod
    def read(cls, stand: Stand, database: Callable[[], list[int]]) -> _Clock:
        return cls(
            server=cpu_by_kind(stand.server_pids()),
            nginx=cpu_seconds(stand.nginx_pids()),
            database=cpu_seconds(database()),
        )


def measure(
    stand: Stand,
    task: Task,
    *,
    headers: tuple[str, ...],
    warm_up: tuple[Task, ...],
    client_core: int | None,
    database: Callable[[], list[int]] = list,
) -> Figures:
    """Run `task` on a started stand. Raises Spoiled, NotStarted, ClientFailed.

    `headers`: the client's words for headers. `database`: the processes of the database beside it.
    """
    if shutil.disk_usage(stand.config.upload_root).free < task.bytes_on_disk + ROOM:
        raise Spoiled("not enough room on the disk")
    for before in warm_up:
        _run(stand, before, headers, client_core, database)
    figures = _run(stand, task, headers, client_core, database)
    if task.mode in ("bulk", "documents"):
        figures = replace(figures, writeback_cpu=_write_back(stand.config.upload_root))
    expected = [(one.size, one.files) for one in (task, *warm_up) if one.files]
    check_files(stand, expected, largest=task.size)
    return figures


def _run(
    stand: Stand,
    task: Task,
    headers: tuple[str, ...],
    core: int | None,
    database: Callable[[], list[int]],
) -> Figures:
    words = (*stand.place.words(), "wait=1", *headers, *task.words)
    if stand.place.socket:
        words = (*words, f"port={stand.config.listen.rpartition(':')[2]}")
    memory = _Memory(stand)
    begin: _Clock | None = None
    result: dict[str, Any] = {}
    with Client(task.mode, words, core=core) as client:
        for event in client.events():
            if event["event"] == "ready":
                if task.mode == "trickle":
                    # Thousands of uploads have just been created.
                    _settle(stand, database)
                memory.before()
                begin = _Clock.read(stand, database)
                client.go()
            elif event["event"] == "over":
                memory.during()
            elif event["event"] == "result":
                result = event
                client_cpu = cpu_seconds([client.pid])
    if begin is None or not result:
        raise Spoiled(f"{task.name}: the client reported nothing: {result}")
    _settle(stand, database)
    stand.check()
    end = _Clock.read(stand, database)
    server = sum(end.server) - sum(begin.server)
    _check(result, server)
    return Figures(
        contender=stand.contender.name,
        task=task.name,
        through_nginx=stand.nginx is not None,
        seconds=result["seconds"],
        bytes=result["bytes"],
        requests=result["requests"],
        server_cpu=server,
        server_user=end.server[0] - begin.server[0],
        nginx_cpu=end.nginx - begin.nginx,
        database_cpu=end.database - begin.database,
        client_cpu=client_cpu,
        server_memory=memory.server,
        nginx_memory=memory.nginx,
        connections=task.connections,
        processes=stand.contender.processes,
        client=result,
    )


def _check(result: Mapping[str, Any], server_cpu: float) -> None:
    """Raise Spoiled unless the answers were right, and were the server's."""
    if result["failures"]:
        raise Spoiled(f"{result['failures']} answers were wrong: {result['first_failure']}")
    if "busy" in result and not result["busy"]["count"]:
        raise Spoiled("not one HEAD was answered while the others sent")
    if server_cpu <= 0 and result["bytes"] > 16 * 1024**2:
        raise Spoiled("the server used no time: somebody else has answered")


def _write_back(folder: Path) -> float:
    """CPU seconds it takes to bring to the disk what the server has left in memory.

    The kernel does it sometime, in nobody's name; a server that has synced has paid already.
    """
    begin = time.thread_time()
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                descriptor = os.open(Path(place) / name, os.O_RDONLY)
            except OSError:
                continue  # a socket, or a temporary file that has gone
            os.fdatasync(descriptor)
            os.close(descriptor)
    return time.thread_time() - begin


class _Memory:
    """What the connections of a measurement add to the trees, in bytes."""

    def __init__(self, stand: Stand) -> None:
        self._stand = stand
        self._server = self._nginx = 0
        self.server = self.nginx = 0

    def before(self) -> None:
        """The trees without the connections."""
        self._server = pss_bytes(self._stand.server_pids())
        self._nginx = pss_bytes(self._stand.nginx_pids())

    def during(self) -> None:
        """The trees with all of them."""
        self.server = pss_bytes(self._stand.server_pids()) - self._server
        self.nginx = pss_bytes(self._stand.nginx_pids()) - self._nginx


def _settle(stand: Stand, database: Callable[[], list[int]]) -> None:
    """Wait until neither the server nor the database does anything any more."""
    deadline = time.monotonic() + LONGEST_SETTLING
    while True:
        pids = [*stand.server_pids(), *stand.nginx_pids(), *database()]
        used = cpu_seconds(pids)
        time.sleep(QUIET_SECONDS)
        # Behind others' writes a sync takes longer than that, and work comes after it.
        if cpu_seconds(pids) - used < QUIET_CPU and not waits_for_disk(pids):
            return
        if time.monotonic() > deadline:
            raise Spoiled("the server does not come to rest")


def limits(folder: Path, size: int, core: int | None) -> Iterator[dict[str, Any]]:
    """What the machine could do at best: see client/limits.c, and the hash of every receipt."""
    folder.mkdir(parents=True, exist_ok=True)
    words = (f"directory={folder}", f"size={size}", f"touch={2 * size}")
    try:
        with Client("limits", words, core=core) as client:
            for event in client.events():
                if event["event"] == "limit":
                    yield event
    except ClientFailed as error:
        yield {"event": "limit", "what": "limits", "refused": str(error)}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    yield _hashing(size)


def _hashing(size: int) -> dict[str, Any]:
    """SHA-256 of bytes that lie in memory: what nobody who signs a receipt can do without."""
    hot, digest = pattern()[: 1024**2], hashlib.sha256()
    begin, cpu = time.perf_counter(), time.thread_time()
    for _ in range(size // len(hot)):
        digest.update(hot)
    seconds, used = time.perf_counter() - begin, time.thread_time() - cpu
    return {
        "event": "limit",
        "what": "sha256",
        "mb_s": round(size / 1e6 / seconds, 1),
        "cpu_s_gib": round(used * GIB / size, 4),
    }
