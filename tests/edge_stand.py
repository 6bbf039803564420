"""A real nginx on our configuration before servers that answer whatever a test wants."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nginx import outage
from nginx.render import render
from portal import edge
from portal.config import Config
from tests.patience import PATIENCE
from tests.postgres import free_port
from tests.tethered import tethered

ID = "a" * 32
KEY = "0123456789abcdef" * 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as a server behind nginx saw it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


def reply(status: int, body: str = "", **headers: str) -> bytes:
    """An HTTP answer; header names with _ for -."""
    lines = [f"HTTP/1.1 {status} Something", f"Content-Length: {len(body.encode())}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


Answer = Callable[[Asked], bytes | None]


class Behind:
    """A server on a Unix socket; `answer` gives the bytes, None closes the connection instead."""

    def __init__(self, path: Path, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self.received = bytearray()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(64)
        self._path = path
        self._threads: list[threading.Thread] = []
        self._open: set[socket.socket] = set()
        self._spawn(self._accept)

    def close(self) -> None:
        """Stop listening, cut every connection and remove the socket."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._path.unlink(missing_ok=True)
        for connection in list(self._open):
            with contextlib.suppress(OSError):  # its thread may have closed it just now
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)

    def _spawn(self, target: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.add(connection)
            self._spawn(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb") as stream:
                while (asked := self._read(stream)) is not None:
                    self.asked.append(asked)
                    answer = self.answer(asked)
                    if answer is None:
                        return
                    connection.sendall(answer)
        except OSError:
            return  # cut on purpose
        finally:
            self._open.discard(connection)

    def _read(self, stream: Any) -> Asked | None:
        line = stream.readline().decode("latin-1").split()
        if len(line) != 3:
            return None
        headers: dict[str, str] = {}
        while text := stream.readline().decode("latin-1").strip():
            name, _, value = text.partition(":")
            headers[name.lower()] = value.strip()
        body = bytearray()
        wanted = int(headers.get("content-length", "0"))
        while len(body) < wanted and (part := stream.read1(65536)):
            body += part
            self.received += part
        return Asked(method=line[0], target=line[1], headers=headers, body=bytes(body))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What the client got; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class EdgeStand:
    """`with EdgeStand() as stand:`. Servers are put behind it with `upload` and `portal`."""

    processes: int = 2
    changes: dict[str, Any] = field(default_factory=dict)

    def __enter__(self) -> EdgeStand:
        self.home = Path(tempfile.mkdtemp(prefix="sipol-edge-"))
        self.port = free_port()
        self.config = Config.load(
            {
                "SIPOL_HOME": str(self.home),
                "SIPOL_LISTEN": f"127.0.0.1:{self.port}",
                "SIPOL_PUBLIC_URL": f"http://127.0.0.1:{self.port}",
                "SIPOL_UPLOAD_PROCESSES": str(self.processes),
            }
        )
        self._behind: list[Behind] = []
        self._answered = 0
        edge.write_configuration(self.config)
        plan = replace(edge.edge_of(self.config), worker_processes=1, **self.changes)
        edge.configuration_path(self.config).write_text(render(plan))
        outage.write(self.config.run_dir / "pages")
        self.start()
        return self

    def start(self) -> None:
        """Start nginx, and wait until it listens."""
        self._nginx = tethered(
            *edge.command(self.config),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._wait_until_listening()

    def kill(self) -> None:
        """kill -9 of nginx, master and workers."""
        os.killpg(self._nginx.pid, signal.SIGKILL)
        self._nginx.communicate(timeout=PATIENCE)

    def __exit__(self, *_: object) -> None:
        self._nginx.terminate()
        self._nginx.communicate(timeout=PATIENCE)
        for server in self._behind:
            server.close()
        shutil.rmtree(self.home)

    def upload(self, index: int, answer: Answer) -> Behind:
        """Put a server where upload process `index` listens."""
        return self._put(self.config.upload_socket(index), answer)

    def portal(self, answer: Answer) -> Behind:
        """Put a server where the portal listens."""
        return self._put(self.config.portal_socket(), answer)

    def remove(self, server: Behind) -> None:
        """The server dies."""
        self._behind.remove(server)
        server.close()

    def ask(self, method: str, target: str, body: bytes | None = None, **headers: str) -> Answered:
        """One request on its own connection; header names with _ for -."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            client.request(method, target, body=body, headers=named)
            got = client.getresponse()
            found = {name.lower(): value for name, value in got.getheaders()}
            answered = Answered(status=got.status, headers=found, body=got.read())
            self._answered += 1
            return answered
        finally:
            client.close()

    def connect(self) -> socket.socket:
        """A bare connection to nginx."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def access_log(self) -> list[dict[str, Any]]:
        """Every request so far, as nginx wrote it down; it does so after the answer has gone out."""
        path = self.config.log_dir / "nginx-access.log"
        deadline = time.monotonic() + PATIENCE
        while len(lines := path.read_text().splitlines()) < self._answered:
            assert time.monotonic() < deadline, lines
            time.sleep(0.01)
        return [json.loads(line) for line in lines]

    def everything_logged(self) -> str:
        """All logs in one text."""
        return "\n".join(path.read_text() for path in self.config.log_dir.iterdir())

    def _put(self, path: Path, answer: Answer) -> Behind:
        server = Behind(path, answer)
        self._behind.append(server)
        return server

    def _wait_until_listening(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.connect().close()
            except ConnectionRefusedError:
                if self._nginx.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(self._nginx.communicate()[1].decode()) from None
                time.sleep(0.02)
            else:
                return
