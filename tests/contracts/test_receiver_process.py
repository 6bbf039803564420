"""The receiving process: its socket, its end, its memory; two processes, more processes, a lost one."""

import contextlib
import os
import random
import socket
import stat
import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.tus_process import TusProcess, reset, sha256, tus_process
from tests.patience import PATIENCE
from tests.unit.uploads.builders import OCTETS

MIB = 1024 * 1024
SLOW = 1_000
"""Connections that trickle in `make test`; `sipol bench` has ten thousand."""
BYTES_PER_LINE = 12 * 1024
"""Bound of this short run, in which half of the time the lines are not yet known to be slow."""


def socket_process(directory: Path, **settings: str) -> TusProcess:
    return TusProcess(directory / "root", TUS_SOCKET=str(directory / "s"), **settings)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[TusProcess]:
    server = socket_process(tmp_path)
    yield server
    server.kill()
    server.hang_up()


def test_the_socket_is_this_users_alone_and_a_stale_one_is_replaced(
    process: TusProcess, tmp_path: Path
) -> None:
    for _ in range(2):
        process.start()
        assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o600
        assert process.ask("GET", "/healthz")[0] == 200
        process.kill()
        assert (tmp_path / "s").exists(), "kill -9 leaves it behind"


def test_what_is_no_socket_is_not_replaced(process: TusProcess, tmp_path: Path) -> None:
    (tmp_path / "s").write_text("precious")
    with pytest.raises(AssertionError, match="Address already in use"):
        process.start()
    assert (tmp_path / "s").read_text() == "precious"


def test_sigterm_interrupts_keeps_answers_and_ends_in_time(process: TusProcess) -> None:
    process.start()
    lines, paths = [], []
    for number in range(20):
        paths.append(process.create(10 * MIB))
        line = process.begin_patch(paths[-1], 0, 10 * MIB)
        line.sendall(bytes([number]) * (1000 + number))
        lines.append(line)
    idle = process.connect()
    for number, (line, path) in enumerate(zip(lines, paths, strict=True)):
        process.take(line, path, 1000 + number)
    stopping = threading.Thread(target=process.terminate)
    stopping.start()
    for line in lines:
        answer = line.recv(4096)
        assert b" 503 " in answer
        assert b"retry-after" in answer.lower()
    assert idle.recv(1) == b""
    stopping.join()
    for number, path in enumerate(paths):
        assert process.stored(path) == bytes([number]) * (1000 + number)


def test_a_trickling_connection_costs_little_memory(process: TusProcess) -> None:
    """Everything counted: transport, protocol, head, task, lease, description, what is held."""
    process.start()
    paths = [process.create(8 * MIB) for _ in range(SLOW)]
    warm = [process.begin_patch(path, 0, 8 * MIB) for path in paths[: SLOW // 2]]
    trickle(process, warm)
    before = memory(process.group)
    lines = [process.begin_patch(path, 0, 8 * MIB) for path in paths[SLOW // 2 :]]
    after = trickle(process, lines)
    assert (after - before) / len(lines) < BYTES_PER_LINE, (after - before) / len(lines)
    for line in (*warm, *lines):
        line.close()
    deadline = time.monotonic() + PATIENCE
    while any(len(process.stored(path)) != 3 * 4096 for path in paths):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def trickle(process: TusProcess, lines: list[socket.socket]) -> float:
    """4 KiB a second on every line, thrice; the median of the memory seen meanwhile."""
    seen = []
    for _ in range(3):
        begun = time.monotonic()
        for number, line in enumerate(lines):
            line.sendall(b"x" * 4096)
            if number % 50 == 0:
                seen.append(memory(process.group))
                time.sleep(max(0.0, begun + number / len(lines) - time.monotonic()))
    return statistics.median(seen[len(seen) // 3 :])


def memory(pid: int) -> int:
    """Bytes of one process that are its own."""
    for row in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if row.startswith("Pss:"):
            return int(row.split()[1]) * 1024
    raise AssertionError


def test_a_killed_holder_gives_way_at_once(tmp_path: Path) -> None:
    with tus_process(tmp_path / "root") as one, tus_process(tmp_path / "root") as other:
        path = one.create(10 * MIB)
        line = one.begin_patch(path, 0, 10 * MIB)
        line.sendall(b"x" * MIB)
        one.take(line, path, MIB)
        one.kill()
        offset = other.offset(path)
        assert offset <= MIB
        assert other.patch(path, offset, b"x" * (10 * MIB - offset)) == 204
        line.close()
        assert other.stored(path) == b"x" * 10 * MIB


def test_more_processes_than_before_lose_no_upload(tmp_path: Path) -> None:
    """Two processes share the shards, then three, then two again; every upload goes on."""
    root, chance = tmp_path / "root", random.Random(7)
    contents = [chance.randbytes(600_000) for _ in range(12)]
    paths: list[str] = []
    for count, until in ((2, 200_000), (3, 400_000), (2, 600_000)):
        with contextlib.ExitStack() as stack:
            servers = [stack.enter_context(tus_process(root, TUS_SHARDS=s)) for s in shares(count)]
            paths = paths or [servers[n % count].create(600_000) for n in range(len(contents))]
            lines = []
            for path, content in zip(paths, contents, strict=True):
                server = servers[owner(path, count)]
                start = server.offset(path)
                lines.append(server.begin_patch(path, start, 600_000 - start))
                lines[-1].sendall(content[start:until])
            for line, path in zip(lines, paths, strict=True):
                servers[owner(path, count)].take(line, path, until)
            for line in lines if until == 600_000 else ():
                assert b" 204 " in line.recv(100)
            for server in servers:
                server.terminate()
            for line in lines:
                line.close()
    for path, content in zip(paths, contents, strict=True):
        name = path.removeprefix("/files/").partition("~")[0]
        assert sha256((root / "data" / name).read_bytes()) == sha256(content)


def shares(count: int) -> list[str]:
    return [f"{256 * n // count}-{256 * (n + 1) // count}" for n in range(count)]


def owner(path: str, count: int) -> int:
    shard = int(path.removeprefix("/files/")[:2], 16)
    return next(n for n in range(count) if shard < 256 * (n + 1) // count)


def test_a_stalled_connection_does_not_hide_the_offset_from_head(tmp_path: Path) -> None:
    """Issue 3, acceptance 7: HEAD while another connection stalls, under load of others."""
    with tus_process(tmp_path / "root") as server:
        busy = threading.Event()

        def load() -> None:
            body = os.urandom(4 * MIB)
            while not busy.is_set():
                server.patch(server.create(len(body)), 0, body)

        loads = [threading.Thread(target=load) for _ in range(3)]
        for thread in loads:
            thread.start()
        try:
            took = []
            for sent in (1, 4096, 100_001, 3_000_000):
                path = server.create(8 * MIB)
                line = server.begin_patch(path, 0, 8 * MIB)
                line.sendall(b"x" * sent)
                server.take(line, path, sent)
                before = time.monotonic()
                assert server.offset(path) == sent
                took.append(time.monotonic() - before)
                line.close()
            # The machine may stall in three of them, not in every one.
            assert min(took) < 2
        finally:
            busy.set()
            for thread in loads:
                thread.join()


@pytest.mark.parametrize("ending", [socket.socket.close, reset], ids=["closed", "reset"])
def test_a_chunked_body_that_breaks_keeps_what_came(tmp_path: Path, ending: object) -> None:
    assert callable(ending)
    with tus_process(tmp_path / "root") as server:
        path = server.create(100_000)
        line = server.connect()
        line.sendall(
            f"PATCH {path} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
            f"Content-Type: {OCTETS}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )
        line.sendall(b"7530\r\n" + b"x" * 30_000 + b"\r\n7530\r\n" + b"x" * 10_000)
        server.take(line, path, 40_000)
        ending(line)
        deadline = time.monotonic() + PATIENCE
        while server.offset(path) != 40_000:
            assert time.monotonic() < deadline
            time.sleep(0.05)
