"""Two real upload processes behind a real nginx on our configuration, over one root."""

import contextlib
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.contracts.tus_process import TusProcess
from tests.edge_stand import EdgeStand
from tests.patience import PATIENCE

SHARDS = ("0-128", "128-256")


class BehindNginx(TusProcess):
    """An upload process on a Unix socket."""

    def __init__(self, root: Path, path: Path, shards: str) -> None:
        super().__init__(root, TUS_SOCKET=str(path), TUS_SHARDS=shards)
        self._path = path

    def answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
            probe.settimeout(PATIENCE)
            probe.connect(str(self._path))
            probe.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            return probe.recv(4096).startswith(b"HTTP/1.1 200 ")
        return False


@dataclass
class Edge:
    """`client` speaks to nginx as to one upload process."""

    client: TusProcess
    processes: list[BehindNginx]

    @property
    def url(self) -> str:
        return self.client.url

    def wait_until_heard(self, sha256: str) -> None:
        self.client.wait_until_heard(sha256)


@contextlib.contextmanager
def tus_edge(root: Path) -> Iterator[Edge]:
    with EdgeStand(processes=len(SHARDS)) as stand, contextlib.ExitStack() as running:
        sockets = [stand.config.upload_socket(number) for number in range(len(SHARDS))]
        processes = [BehindNginx(root, *each) for each in zip(sockets, SHARDS, strict=True)]
        for process in processes:
            running.callback(process.kill)
            process.start()
        client = TusProcess(root)
        client.port = stand.port
        running.callback(client.hang_up)
        yield Edge(client, processes)


def wait_until(true: object, seconds: float = PATIENCE) -> None:
    """Until a call returns something true."""
    assert callable(true)
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)
