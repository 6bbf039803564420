"""A real upload process on a free loopback port, and a client that speaks raw HTTP to it."""

import contextlib
import fcntl
import hashlib
import http.client
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE
from tests.postgres import free_port
from tests.tethered import tethered
from tests.unit.uploads.builders import OCTETS

CHECKOUT = Path(__file__).parents[2]
ENGINES = ("builtin", "tusd")


class TusProcess:
    """One process group; `with tus_process(root) as server:` starts it and leaves nothing behind."""

    def __init__(self, root: Path, wrapper: tuple[str, ...] = (), **environment: str) -> None:
        self.root = root
        self.port = free_port()
        self._wrapper = wrapper
        self._environment = os.environ | {"TUS_ROOT": str(root), "PYTHONPATH": str(CHECKOUT)}
        # Beside the root: a test may mount a file system of its own over it.
        self._heard = root.with_name(f"{root.name}-heard.jsonl")
        self._environment |= environment | {"TUS_HEARD": str(self._heard)}
        self._environment |= {"TUS_PORT": str(self.port), "TUS_HOOKS": str(free_port())}
        self.log = root.with_name(f"{root.name}-{self.port}.log")
        self._process: subprocess.Popen[bytes] | None = None
        self._lines: list[socket.socket] = []

    @property
    def defers_length(self) -> bool:
        """Whether this engine offers creation-defer-length."""
        return not self.is_tusd

    @property
    def is_tusd(self) -> bool:
        return self._environment.get("TUS_ENGINE") == "tusd"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/files/"

    @property
    def group(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        command = (*self._wrapper, sys.executable, "-m", "tests.contracts.tus_app")
        with self.log.open("ab") as log:
            self._process = tethered(
                *command, cwd=CHECKOUT, env=self._environment, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self.answers():
                return
            assert self._process.poll() is None, self.log.read_text()
            time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def answers(self) -> bool:
        """Whether it can be asked."""
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.ask("GET", "/healthz")[0] == 200
        return False

    def kill(self) -> None:
        """kill -9 of everything it started."""
        self._signal(signal.SIGKILL)

    def hang_up(self) -> None:
        for line in self._lines:
            line.close()

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def _signal(self, number: int) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                if number == signal.SIGKILL:
                    os.killpg(self._process.pid, number)
                else:
                    os.kill(self._process.pid, number)
            self._process.wait(PATIENCE)
            self._process = None

    def ask(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers by lower-case name, body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.sock = self._dial()
        try:
            fields = {"Tus-Resumable": "1.0.0", **(headers or {})}
            connection.request(method, path, body or None, fields)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, found, answer.read()
        finally:
            connection.close()

    def create(self, length: int, **headers: str) -> str:
        status, found, body = self.ask("POST", "/files/", {"Upload-Length": str(length), **headers})
        assert status == 201, body
        return found["location"]

    def patch(self, path: str, offset: int, body: bytes) -> int:
        fields = {"Content-Type": OCTETS, "Upload-Offset": str(offset)}
        return self.ask("PATCH", path, fields, body)[0]

    def offset(self, path: str) -> int:
        status, headers, _ = self.ask("HEAD", path)
        assert status == 200, status
        return int(headers["upload-offset"])

    def connect(self) -> socket.socket:
        """A connection that is closed with the process, should its test fail before."""
        line = self._dial()
        self._lines.append(line)
        return line

    def _dial(self) -> socket.socket:
        if "TUS_SOCKET" not in self._environment:
            return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(PATIENCE)
        try:
            line.connect(self._environment["TUS_SOCKET"])
        except OSError:
            line.close()
            raise
        return line

    def begin_patch(self, path: str, offset: int, length: int) -> socket.socket:
        """The head of a PATCH on a connection of its own; the body is the caller's."""
        line = self.connect()
        line.sendall(
            f"PATCH {path} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nContent-Type: {OCTETS}\r\n"
            f"Upload-Offset: {offset}\r\nContent-Length: {length}\r\n\r\n".encode()
        )
        return line

    def take(self, line: socket.socket, path: str, size: int) -> None:
        """Wait until it has taken off the line what was sent there, `size` bytes of the upload."""
        deadline = time.monotonic() + PATIENCE
        while not (len(self.stored(path)) >= size if self.is_tusd else unread(line) == 0):
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.01)

    def stored(self, path: str) -> bytes:
        name = path.removeprefix("/files/").partition("~")[0]
        return (self.root / "data" / name).read_bytes()

    def heard(self) -> list[dict[str, Any]]:
        try:
            lines = self._heard.read_text().splitlines()
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in lines]

    def wait_until_heard(self, sha256: str, seconds: float = PATIENCE) -> None:
        deadline = time.monotonic() + seconds
        while sha256 not in [fact.get("sha256") for fact in self.heard()]:
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)


@contextlib.contextmanager
def tus_process(root: Path, wrapper: tuple[str, ...] = (), **settings: str) -> Iterator[TusProcess]:
    server = TusProcess(root, wrapper, **settings)
    server.start()
    try:
        yield server
    finally:
        server.kill()
        server.hang_up()


def quickest(answer: Callable[[], float]) -> float:
    """The least of three times: a machine may stall in one, a server that makes wait does in all."""
    return min(answer() for _ in range(3))


def reset(line: socket.socket) -> None:
    """End a connection as a vanished peer does."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


def unread(line: socket.socket) -> int:
    """What its other end has not read yet of what was sent, as the kernel counts; 0: nothing."""
    if line.family == socket.AF_UNIX:
        return int.from_bytes(fcntl.ioctl(line, termios.TIOCOUTQ, bytes(4)), sys.byteorder)
    near, far = line.getsockname()[1], line.getpeername()[1]
    waiting = 0
    for row in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, _, queues, *_ = row.split()
        ports = int(local.rpartition(":")[2], 16), int(remote.rpartition(":")[2], 16)
        sent, received = (int(queue, 16) for queue in queues.split(":"))
        if ports == (near, far):
            waiting += sent
        elif ports == (far, near):
            waiting += received
    return waiting


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
