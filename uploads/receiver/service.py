"""The life of a receiving process: bind, listen, answer, and on SIGTERM keep what came and go.

Next station: `uploads/receiver/connection.py`.
"""

import asyncio
import contextlib
import gc
import importlib
import logging
import os
import resource
import signal
import socket
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from uploads.handler import Handler
from uploads.receiver.connection import Connection, Shared
from uploads.receiver.exchange import Exchanges
from uploads.supply import Supply

log = logging.getLogger(__name__)

BACKLOG = 4096
SWEEP_SECONDS = 5.0
STOP_SECONDS = 5.0
"""For everything after SIGTERM; whoever supervises waits longer."""
LAST_ANSWERS_SECONDS = 0.5
YOUNG_OBJECTS = 50_000
"""Python looks for cycles after so many new objects: ten thousand uploads are alive, not garbage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`head_seconds`: for a head, and for the time between requests; above the proxy's own keep-alive."""

    head_seconds: float = 60.0
    stop_seconds: float = STOP_SECONDS


def serve(
    handler: Handler,
    *,
    path: Path | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    limits: Limits | None = None,
    ready: Callable[[], None] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT: on a Unix socket of this user's alone at `path`, or on `host:port`.

    A socket file that a dead process left is replaced. Raises OSError when the address cannot be had.
    `ready` is called when connections are accepted.
    """
    _raise_open_files()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 100)
    listener = unix_socket(path) if path is not None else tcp_socket(host, port)
    with listener, asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(Service(handler, limits or Limits()).run(listener, ready))


def unix_socket(path: Path) -> socket.socket:
    """Bound, and from its first moment open to nobody else (0600). Not listening yet."""
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISSOCK(path.lstat().st_mode):
            path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    except BaseException:
        listener.close()
        raise
    finally:
        os.umask(before)
    return listener


def tcp_socket(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except BaseException:
        listener.close()
        raise
    return listener


class Service:
    """One handler on one listening socket, for one run."""

    def __init__(self, handler: Handler, limits: Limits) -> None:
        self._handler = handler
        self._limits = limits
        self._stop = asyncio.Event()

    async def run(self, listener: socket.socket, ready: Callable[[], None] | None = None) -> None:
        """Until `interrupt`, SIGTERM or SIGINT."""
        loop = asyncio.get_running_loop()
        shared = Shared(
            answer=Exchanges(self._handler).answer,
            supply=Supply(),
            head_seconds=self._limits.head_seconds,
            names_clients=listener.family != socket.AF_UNIX,
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(RuntimeError, ValueError):  # not the main thread
                loop.add_signal_handler(number, self.interrupt)
        await self._handler.start()
        server = await self._listen(loop, listener, shared)
        sweeping = asyncio.create_task(_sweep(shared))
        if ready is not None:
            ready()
        await self._stop.wait()
        sweeping.cancel()
        # The last of our connections are being accepted while this closes: nginx asks again later.
        server.close()
        try:
            async with asyncio.timeout(self._limits.stop_seconds):
                await self._handler.stop()
        except TimeoutError:
            log.warning("stopping took too long; what was not stored yet is lost")
        await _last_answers(shared)

    def interrupt(self) -> None:
        """Let every upload keep what it has, then stop. May be called again."""
        self._handler.interrupt()
        self._stop.set()

    async def _listen(
        self, loop: asyncio.AbstractEventLoop, listener: socket.socket, shared: Shared
    ) -> asyncio.Server:
        def connection() -> Connection:
            return Connection(shared)

        if listener.family == socket.AF_UNIX:
            return await loop.create_unix_server(connection, sock=listener, backlog=BACKLOG)
        return await loop.create_server(connection, sock=listener, backlog=BACKLOG)


async def _sweep(shared: Shared) -> None:
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        now = time.monotonic()
        for connection in list(shared.connections):
            connection.sweep(now)


async def _last_answers(shared: Shared) -> None:
    """What is being answered gets its answer; then every connection closes."""
    tasks = [each.task for each in shared.connections if each.task is not None]
    if tasks:
        await asyncio.wait(tasks, timeout=LAST_ANSWERS_SECONDS)
    for connection in list(shared.connections):
        connection.close()
    deadline = time.monotonic() + LAST_ANSWERS_SECONDS
    while shared.connections and time.monotonic() < deadline:  # noqa: ASYNC110 - loop's own work
        await asyncio.sleep(0.005)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's, where it is installed; asyncio's own does the same with more work."""
    try:
        uvloop = importlib.import_module("uvloop")
    except ModuleNotFoundError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


def _raise_open_files() -> None:
    """As many descriptors as the system grants: two for every upload in flight."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
