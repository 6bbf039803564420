"""The line of the tests does what it is told: pass, slow down, cut, refuse."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.line import Line
from tests.patience import PATIENCE


@pytest.fixture
def echo() -> Iterator[int]:
    """A server that sends back what it gets."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(connection: socket.socket) -> None:
        with connection:
            try:
                while piece := connection.recv(65536):
                    connection.sendall(piece)
            except OSError:
                pass

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def connect(line: Line) -> socket.socket:
    return socket.create_connection(("127.0.0.1", line.port), timeout=PATIENCE)


def read(connection: socket.socket, size: int) -> bytes:
    got = bytearray()
    while len(got) < size and (piece := connection.recv(65536)):
        got += piece
    return bytes(got)


def send_for_ever(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"x" * 1000)


def test_it_passes_everything_on(echo: int) -> None:
    with Line(echo) as line, connect(line) as client:
        client.sendall(b"x" * 30_000)
        assert read(client, 30_000) == b"x" * 30_000
        assert (line.up, line.down) == (30_000, 30_000)


def test_it_is_as_slow_as_told(echo: int) -> None:
    with Line(echo, rate=200_000) as line, connect(line) as client:
        begin = time.monotonic()
        client.sendall(b"x" * 32_768)
        read(client, 32_768)
        assert time.monotonic() - begin > 0.15


def test_it_cuts_where_told(echo: int) -> None:
    with Line(echo) as line:
        line.cut_at(10_000)
        with connect(line) as client, pytest.raises(ConnectionError):
            send_for_ever(client)
        assert line.up == 10_000
        assert line.cuts == 1
        with connect(line) as client:
            client.sendall(b"again")
            assert read(client, 5) == b"again"


def test_a_dead_line_answers_nobody(echo: int) -> None:
    with Line(echo) as line:
        line.refuse()
        with pytest.raises(ConnectionError), connect(line) as client:
            send_for_ever(client)
        line.refuse(refusing=False)
        with connect(line) as client:
            client.sendall(b"back")
            assert read(client, 4) == b"back"
