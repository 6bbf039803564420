"""The real process on a real line: cuts, kills, takeovers, and two processes that want one upload."""

import contextlib
import os
import random
import socket
import threading
import time
from pathlib import Path

import pytest

from tests.contracts.tus_process import (
    ENGINES,
    TusProcess,
    quickest,
    reset,
    sha256,
    tus_process,
    unread,
)
from tests.patience import PATIENCE

MIB = 1024 * 1024


def arrive(server: TusProcess, path: str, size: int) -> None:
    """Wait until the process has taken `size` bytes off the line."""
    deadline = time.monotonic() + PATIENCE
    while len(server.stored(path)) < size:
        assert time.monotonic() < deadline, len(server.stored(path))
        time.sleep(0.01)


def test_health_is_answered_on_the_same_socket(server: TusProcess) -> None:
    status, headers, body = server.ask("GET", "/healthz")
    assert (status, headers["content-type"], body) == (200, "text/plain", b"ok")


@pytest.mark.parametrize("ending", [socket.socket.close, reset], ids=["closed", "reset"])
def test_a_broken_line_costs_no_received_byte(server: TusProcess, ending: object) -> None:
    content = random.Random(1).randbytes(6 * MIB)
    path = server.create(len(content))
    line = server.begin_patch(path, 0, len(content))
    line.sendall(content[:5_000_123])
    # A reset throws away what the kernel has not handed out; so let the process take it first.
    server.take(line, path, 5_000_123)
    assert callable(ending)
    ending(line)
    arrive(server, path, 5_000_123)
    assert server.offset(path) == 5_000_123
    assert server.patch(path, 5_000_123, content[5_000_123:]) == 204
    server.wait_until_heard(sha256(content))


def test_a_trickle_that_breaks_is_kept(server: TusProcess) -> None:
    path = server.create(10_000)
    line = server.begin_patch(path, 0, 10_000)
    for _ in range(20):
        line.sendall(b"x" * 100)
        time.sleep(0.005)
    server.take(line, path, 2_000)
    reset(line)
    assert server.offset(path) == 2_000


def test_a_stalled_holder_gives_way_to_head_within_two_seconds(server: TusProcess) -> None:
    def give_way() -> float:
        path = server.create(20_000_000)
        line = server.begin_patch(path, 0, 20_000_000)
        line.sendall(b"x" * 10_000_000)
        server.take(line, path, 10_000_000)
        before = time.monotonic()
        assert server.offset(path) == 10_000_000
        took = time.monotonic() - before
        # The loser is told to come back, and what it still sends goes nowhere.
        line.sendall(b"y" * 1000)
        assert b"423" in line.recv(100)
        line.close()
        assert server.offset(path) == 10_000_000
        return took

    assert quickest(give_way) < 2


def test_a_refused_body_is_drained_so_that_the_answer_arrives(server: TusProcess) -> None:
    path = server.create(100_000_000)
    for size in (1_000, 8_000_000, 80_000_000):
        line = server.begin_patch(path, 7, size)
        line.sendall(b"x" * size)
        assert b" 409 " in line.recv(100)
        line.close()
    assert server.offset(path) == 0


def test_a_long_body_is_refused_before_much_of_it_is_lost(server: TusProcess) -> None:
    """A browser sends the chunk of a cut line again by itself, from where it is no longer wanted."""
    path = server.create(8 * MIB)
    sent = 0
    with server.begin_patch(path, 5, 8 * MIB - 5) as line:
        line.setblocking(False)
        while True:
            with contextlib.suppress(BlockingIOError):
                assert line.recv(100).startswith(b"HTTP/1.1 409")
                break
            # What the server has had no turn to read says nothing of when it answers.
            if unread(line) == 0:
                sent += line.send(bytes(16 * 1024))
                assert sent < 400_000
            time.sleep(0.01)


def test_a_chunked_body_has_no_length_and_needs_none(server: TusProcess) -> None:
    content = random.Random(2).randbytes(300_000)
    path = server.create(len(content))
    line = server.connect()
    line.sendall(
        f"PATCH {path} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
        "Content-Type: application/offset+octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    )
    for start in range(0, len(content), 70_000):
        piece = content[start : start + 70_000]
        line.sendall(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
    line.sendall(b"0\r\n\r\n")
    assert b" 204 " in line.recv(100)
    line.close()
    server.wait_until_heard(sha256(content))


def test_many_at_once_do_not_mix(server: TusProcess) -> None:
    contents = [random.Random(seed).randbytes(400_000) for seed in range(16)]
    failures: list[object] = []

    def send(content: bytes) -> None:
        path = server.create(len(content))
        for start in range(0, len(content), 150_000):
            status = server.patch(path, start, content[start : start + 150_000])
            if status != 204:
                failures.append(status)

    senders = [threading.Thread(target=send, args=(content,)) for content in contents]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert not failures
    for content in contents:
        server.wait_until_heard(sha256(content))


def test_memory_does_not_grow_with_the_file(server: TusProcess) -> None:
    def resident() -> int:
        total = 0
        for process in Path("/proc").iterdir():
            # Processes of others come and go while we look.
            with contextlib.suppress(OSError, ValueError):
                if os.getpgid(int(process.name)) == server.group:
                    total += int((process / "statm").read_text().split()[1])
        return total * os.sysconf("SC_PAGE_SIZE")

    size, block = 300 * MIB, b"x" * MIB
    server.patch(server.create(MIB), 0, block)
    before = resident()
    line = server.begin_patch(server.create(size), 0, size)
    most = 0
    for count in range(size // MIB):
        line.sendall(block)
        if count % 20 == 0:
            most = max(most, resident())
    assert b" 204 " in line.recv(100)
    line.close()
    assert most - before < 40 * MIB


@pytest.mark.parametrize("engine", ENGINES)
def test_kill_9_at_random_bytes_resumes_with_the_right_hash(tmp_path: Path, engine: str) -> None:
    chance = random.Random(3)
    content = chance.randbytes(12 * MIB)
    with tus_process(tmp_path, TUS_ENGINE=engine) as server:
        path, acknowledged = server.create(len(content)), 0
        for _ in range(4):
            line = server.begin_patch(path, acknowledged, len(content) - acknowledged)
            until = chance.randrange(acknowledged, min(acknowledged + 4 * MIB, len(content)))
            line.sendall(content[acknowledged:until])
            time.sleep(chance.random() * 0.05)
            server.kill()
            line.close()
            server.start()
            offset = server.offset(path)
            assert acknowledged <= offset <= until
            acknowledged = offset
        assert server.patch(path, acknowledged, content[acknowledged:]) == 204
        server.wait_until_heard(sha256(content))


@pytest.mark.parametrize("engine", ENGINES)
def test_kill_9_after_the_last_byte_is_finished_at_the_next_start(
    tmp_path: Path, engine: str
) -> None:
    content = random.Random(4).randbytes(64 * MIB)
    with tus_process(tmp_path, TUS_ENGINE=engine) as server:
        path = server.create(len(content))
        assert server.patch(path, 0, content) == 204
        server.kill()
        server.start()
        server.wait_until_heard(sha256(content))
        assert server.offset(path) == len(content)


@pytest.mark.parametrize("engine", ENGINES)
def test_sigterm_keeps_what_uploads_in_flight_have_sent(tmp_path: Path, engine: str) -> None:
    with tus_process(tmp_path, TUS_ENGINE=engine) as server:
        path = server.create(10_000_000)
        line = server.begin_patch(path, 0, 10_000_000)
        line.sendall(b"x" * 3_000_001)
        server.take(line, path, 3_000_001)
        threading.Thread(target=server.terminate).start()
        answer = line.recv(1000)
        line.close()
        assert b" 503 " in answer
        assert b"retry-after" in answer.lower()
        assert len(server.stored(path)) == 3_000_001


def test_two_processes_never_write_one_upload_at_once(tmp_path: Path) -> None:
    """The overlap of a changed shard map: the later request takes over, the loser's bytes stay."""
    with tus_process(tmp_path) as one, tus_process(tmp_path) as other:
        content = random.Random(5).randbytes(4 * MIB)
        path = one.create(len(content))
        line = one.begin_patch(path, 0, len(content))
        line.sendall(content[:MIB])
        one.take(line, path, MIB)
        assert other.offset(path) == MIB
        second = other.begin_patch(path, MIB, len(content) - MIB)
        second.sendall(content[MIB : 2 * MIB])
        # The loser goes on sending other bytes; none of them may be stored.
        line.sendall(b"\0" * MIB)
        second.sendall(content[2 * MIB :])
        assert b" 204 " in second.recv(100)
        assert b" 423 " in line.recv(100)
        for end in (line, second):
            end.close()
        other.wait_until_heard(sha256(content))
        assert one.offset(path) == len(content)


def test_a_process_killed_while_it_holds_an_upload_blocks_nobody(tmp_path: Path) -> None:
    with tus_process(tmp_path) as one, tus_process(tmp_path) as other:
        path = one.create(1000)
        line = one.begin_patch(path, 0, 1000)
        line.sendall(b"x" * 10)
        one.take(line, path, 10)
        one.kill()
        line.close()
        other.offset(path)
        assert other.patch(path, other.offset(path), b"") == 204
