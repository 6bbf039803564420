"""A line that breaks: a TCP proxy that cuts each of its first connections after some bytes of a body."""

import contextlib
import socket
import threading
from collections.abc import Iterator

BLOCK = 16 * 1024


class CuttingProxy:
    """`cuts`: after how many bytes from the client each connection that sends more is cut, in turn."""

    def __init__(self, port: int, cuts: list[int]) -> None:
        self._target = port
        self._cuts = list(cuts)
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.made = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/files/"

    def close(self) -> None:
        # shutdown wakes the thread that waits in accept; close alone does not.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            for work in (self._up, self._down):
                threading.Thread(target=work, args=(client, server), daemon=True).start()

    def _up(self, client: socket.socket, server: socket.socket) -> None:
        sent = 0
        with client, server, contextlib.suppress(OSError):
            while piece := client.recv(BLOCK):
                server.sendall(piece)
                sent += len(piece)
                if self._cut_now(sent):
                    client.shutdown(socket.SHUT_RDWR)
                    return

    def _down(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := server.recv(BLOCK):
                client.sendall(piece)
            client.shutdown(socket.SHUT_RDWR)

    def _cut_now(self, sent: int) -> bool:
        with self._lock:
            if not self._cuts or sent < self._cuts[0]:
                return False
            self._cuts.pop(0)
            self.made += 1
            return True


@contextlib.contextmanager
def cutting_proxy(port: int, cuts: list[int]) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(port, cuts)
    try:
        yield proxy
    finally:
        proxy.close()
