"""Slow lines through nginx into real processes: each is left alone between its pieces, and loses none."""

import random
import socket
import time
from collections.abc import Iterator

import pytest

from tests.contracts.tus_edge import Edge, tus_edge

STEPS, STEP_SECONDS = 25, 0.1
# Bytes a step: 4, 20 and 40 KB a second, and one that comes in fits. What a line dozes for depends on them.
PACES = (400, 2_000, 4_000, 150_000)


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    with tus_edge(tmp_path_factory.mktemp("slow") / "root") as edge:
        yield edge


def answer(line: socket.socket) -> bytes:
    """The head of the answer; whatever came before the line was closed."""
    came = b""
    while b"\r\n\r\n" not in came and (piece := line.recv(4096)):
        came += piece
    return came


def test_a_paced_line_is_answered_204_with_every_byte_stored(edge: Edge) -> None:
    chance = random.Random(4)
    contents = [chance.randbytes(pace * STEPS) for pace in PACES for _ in range(3)]
    paths = [edge.client.create(len(content)) for content in contents]
    lines = [
        edge.client.begin_patch(path, 0, len(content))
        for path, content in zip(paths, contents, strict=True)
    ]
    begun = time.monotonic()
    for step in range(STEPS):
        time.sleep(max(0.0, begun + step * STEP_SECONDS - time.monotonic()))
        for line, content in zip(lines, contents, strict=True):
            pace = len(content) // STEPS
            # The last kind sends what three steps brought at once, then nothing for a while.
            if pace < PACES[-1]:
                line.sendall(content[step * pace : (step + 1) * pace])
            elif step % 3 == 2 or step == STEPS - 1:
                line.sendall(content[(step - step % 3) * pace : (step + 1) * pace])
    for path, line, content in zip(paths, lines, contents, strict=True):
        said = answer(line)
        assert said.startswith(b"HTTP/1.1 204 "), said
        assert f"Upload-Offset: {len(content)}\r\n".encode() in said
        assert edge.client.stored(path) == content


def test_what_a_slow_line_has_brought_is_told_to_the_next_one(edge: Edge) -> None:
    """HEAD takes the upload over while its line dozes: the bytes that wait in the kernel count."""
    content = random.Random(5).randbytes(60_000)
    path = edge.client.create(2 * len(content))
    line = edge.client.begin_patch(path, 0, 2 * len(content))
    for at in range(0, len(content), 3_000):
        line.sendall(content[at : at + 3_000])
        time.sleep(0.05)
    offset = edge.client.offset(path)
    assert 0 < offset <= len(content)
    assert edge.client.patch(path, offset, content[offset:]) == 204
    assert edge.client.patch(path, len(content), content) == 204
    assert edge.client.stored(path) == 2 * content
