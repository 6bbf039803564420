"""What the running product is made of: upload processes, portal, workers, nginx.

Next station: a browser or a client meets nginx first, `nginx/render.py`.
"""

from __future__ import annotations

import http.client
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from portal import edge
from portal.config import Config
from portal.supervise import Part
from portal.upload_slot import HOOKS, INDEX
from uploads.tusd.hooks import HookAddress

SIPOL = (sys.executable, "-c", "from portal.cli import main; main()")

ALONE = {"SIPOL_UPLOAD_PROCESSES": "1"}


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket, for asking a part whether it is there."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def answers(place: Path | str, method: str, target: str, *, below: int = 500) -> bool:
    """Whether the server at a Unix socket or `host:port` answers with a status under `below`."""
    if isinstance(place, Path):
        connection: http.client.HTTPConnection = _UnixConnection(place, timeout=2.0)
    else:
        connection = http.client.HTTPConnection(place, timeout=2.0)
    try:
        connection.request(method, target, headers={"Tus-Resumable": "1.0.0"})
        return connection.getresponse().status < below
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def waves(config: Config) -> list[list[Part]]:
    """The parts in the order of starting; nginx comes last, so that nobody meets half a tree."""
    inner = [*_uploads(config, _hooks(config)), _portal(config), *_workers(config)]
    return [inner, [_nginx(config)]]


def waves_without_nginx(config: Config) -> list[list[Part]]:
    """For a look only: one server process on the port, and the workers."""
    host, _, port = config.listen.rpartition(":")
    alone = replace(config, upload_processes=1)
    hooks = _hooks(alone)
    server = Part(
        name="server",
        command=(
            sys.executable, "-m", "portal.unproxied", host.strip("[]") or "127.0.0.1", port,
        ),
        environ={**_environ(config), **ALONE, **_slot(0, hooks)},
        log=config.log_dir / "server.log",
        pid_file=config.run_dir / "server.pid",
        ready=_answering(config.listen, "GET", "/healthz"),
    )  # fmt: skip
    engines = [_tusd(alone, 0, hooks, ALONE)] if hooks else []
    return [[*engines, server, *_workers(config)]]


def reachable_at(config: Config) -> str:
    """`host:port` under which this machine reaches the listening address."""
    host, _, port = config.listen.rpartition(":")
    return f"{'127.0.0.1' if host in ('', '*', '0.0.0.0') else host}:{port}"  # noqa: S104


def _hooks(config: Config) -> list[HookAddress]:
    """Where each tusd will ask its front: the same for both as long as this tree stands."""
    if config.uploads != "tusd":
        return []
    return [HookAddress.at(port) for port in free_ports(config.upload_processes)]


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1, below those that the system gives to outgoing connections.

    Whoever picks one listens there later: one of those might be somebody's by then.
    """
    found: list[int] = []
    while len(found) < count:
        port = 15000 + secrets.randbelow(17000)
        if port not in found and _can_bind(socket.AF_INET, "127.0.0.1", port):
            found.append(port)
    return found


def _slot(index: int, hooks: Sequence[HookAddress]) -> dict[str, str]:
    """What tells an upload process, or the tusd behind it, which it is."""
    return {INDEX: str(index)} | ({HOOKS: str(hooks[index])} if hooks else {})


def _tusd(
    config: Config, index: int, hooks: Sequence[HookAddress], more: Mapping[str, str]
) -> Part:
    path = config.engine_socket(index)
    return Part(
        name=f"tusd-{index}",
        command=(sys.executable, "-m", "portal.tusd_process"),
        environ={**_environ(config), **more, **_slot(index, hooks)},
        log=config.log_dir / f"tusd-{index}.log",
        pid_file=config.run_dir / f"tusd-{index}.pid",
        # It knows no such upload, which is an answer.
        ready=_answering(path, "HEAD", f"/files/{'0' * 32}"),
        sockets=(path,),
    )


def _uploads(config: Config, hooks: Sequence[HookAddress] = ()) -> list[Part]:
    parts = [_tusd(config, index, hooks, {}) for index in range(len(hooks))]
    for index in range(config.upload_processes):
        path = config.upload_socket(index)
        parts.append(
            Part(
                name=f"uploads-{index}",
                command=(sys.executable, "-m", "portal.uploads_process"),
                environ={**_environ(config), **_slot(index, hooks)},
                log=config.log_dir / f"uploads-{index}.log",
                pid_file=config.run_dir / f"uploads-{index}.pid",
                ready=_answering(path, "GET", "/healthz"),
                sockets=(path,),
            )
        )  # fmt: skip
    return parts


def _portal(config: Config) -> Part:
    path = config.portal_socket()
    heartbeat = Path("/dev/shm")  # noqa: S108 - memory: a slow disk must not look like a dead worker
    return Part(
        name="portal",
        command=(
            sys.executable, "-m", "gunicorn",
            "--bind", f"unix:{path}",
            "--umask", "077",
            "--worker-class", "gthread",
            "--workers", str(config.portal_processes),
            "--threads", str(config.portal_threads),
            "--worker-tmp-dir", str(heartbeat if heartbeat.is_dir() else config.tmp_dir),
            # As long as nginx waits for an answer; a worker silent for longer is stuck.
            "--timeout", "60",
            "--graceful-timeout", "8",
            "--log-level", "warning",
            "--no-control-socket",
            "portal.app:create_app_from_environment()",
        ),
        environ=_environ(config),
        log=config.log_dir / "portal.log",
        pid_file=config.run_dir / "portal.pid",
        ready=_answering(path, "GET", "/healthz"),
        sockets=(path,),
    )  # fmt: skip


def _workers(config: Config) -> list[Part]:
    return [
        Part(
            name=f"worker-{index}",
            command=(*SIPOL, "worker"),
            environ=_environ(config),
            log=config.log_dir / f"worker-{index}.log",
            pid_file=config.run_dir / f"worker-{index}.pid",
            # It has no door to knock at; /readyz of the portal watches its heartbeat.
            ready=lambda: True,
            # A step of an import is allowed to finish; its lease would bring it back anyway.
            patience=15.0,
        )
        for index in range(config.workers)
    ]


def _nginx(config: Config) -> Part:
    scheme_is_plain = not config.tls_certificate
    place = reachable_at(config)
    return Part(
        name="nginx",
        command=edge.command(config),
        log=config.log_dir / "nginx.log",
        pid_file=config.run_dir / "nginx.pid",
        ready=(_answering(place, "GET", "/healthz") if scheme_is_plain else _listening(place)),
        stop=signal.SIGQUIT,
        patience=6.0,
    )


def _environ(config: Config) -> dict[str, str]:
    return {
        "SIPOL_HOME": str(config.home),
        "SIPOL_LISTEN": config.listen,
        "SIPOL_PUBLIC_URL": config.public_url,
        "PYTHONUNBUFFERED": "1",
    }


def _answering(place: Path | str, method: str, target: str) -> Callable[[], bool]:
    return lambda: answers(place, method, target)


def _listening(place: str) -> Callable[[], bool]:
    host, _, port = place.rpartition(":")

    def ready() -> bool:
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=2.0).close()
        except OSError:
            return False
        return True

    return ready


def is_free(config: Config) -> bool:
    """Whether the address to listen on can be had."""
    host, _, port = reachable_at(config).rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return _can_bind(family, host.strip("[]"), int(port))


def _can_bind(family: socket.AddressFamily, host: str, port: int) -> bool:
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
