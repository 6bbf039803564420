"""Bodies: cut anywhere, chunked, asked for, half-closed, refused; and what one connection asks in turn."""

import asyncio
import random
import socket
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.patience import PATIENCE
from tests.unit.uploads.builders import until
from tests.unit.uploads.receiving import LOOPS, Recorder, receiving, run
from uploads.body import BodyBroken
from uploads.receiver.chunked import Chunks
from uploads.receiver.head import BadHead

MIB = 1024 * 1024


def post(length: int, more: str = "", path: str = "/a") -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{more}\r\n".encode()


def chunked(content: bytes, sizes: list[int], trailers: str = "") -> bytes:
    out, at = b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 0
    for size in sizes:
        piece = content[at : at + size]
        if piece:
            out += b"%X;a=b\r\n%b\r\n" % (len(piece), piece)
        at += size
    return out + b"0\r\n" + trailers.encode() + b"\r\n"


@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
@pytest.mark.parametrize("size", [1, 70_000, 9 * MIB + 123])
def test_a_body_arrives_whole(tmp_path: Path, loop: object, size: int) -> None:
    assert callable(loop)

    async def scenario() -> None:
        content = random.Random(size).randbytes(size)
        async with receiving(tmp_path) as stand:
            line = await stand.line()
            for _ in range(2):
                await line.send(post(size) + content)
                assert (await line.answer())[2] == str(size).encode()
            await line.close()
            assert [one.body == content for one in stand.handler.heard] == [True, True]

    run(scenario, loop)


@settings(max_examples=25)
@given(st.integers(1, 300_000), st.lists(st.integers(1, 300_000), max_size=3), st.booleans())
def test_a_body_cut_anywhere_keeps_what_came(
    tmp_path_factory: pytest.TempPathFactory, length: int, cuts: list[int], half: bool
) -> None:
    """Sent in pieces, then ended too early: by closing, or by closing our half only."""

    async def scenario() -> None:
        content = random.Random(length).randbytes(length)
        until = max([cut for cut in cuts if cut < length], default=0)
        async with receiving(tmp_path_factory.mktemp("r")) as stand:
            line = await stand.line()
            await line.send(post(length))
            at = 0
            for cut in sorted({*(cut for cut in cuts if cut < length), until}):
                await line.send(content[at:cut])
                await asyncio.sleep(0)
                at = cut
            if half:
                line.writer.write_eof()
                assert (await line.answer())[2] == str(until).encode()
            else:
                await line.close()
            await asyncio.wait_for(stand.handler.ended.wait(), PATIENCE)
            (heard,) = stand.handler.heard
            assert (heard.body, heard.ending) == (content[:until], BodyBroken)
            await line.close()

    run(scenario)


@settings(max_examples=25)
@given(st.lists(st.integers(1, 100_000), max_size=5), st.lists(st.integers(0, 300), max_size=4))
def test_a_chunked_body_arrives_however_it_is_cut(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], cuts: list[int]
) -> None:
    async def scenario() -> None:
        content = random.Random(sum(sizes)).randbytes(sum(sizes))
        request = chunked(content, sizes, "Upload-Checksum: sha1 x\r\nA: 1\r\n")
        async with receiving(tmp_path_factory.mktemp("r")) as stand:
            line, at = await stand.line(), 0
            # Once from the front and once from the back, where the trailers are.
            places = {*cuts, *(len(request) - cut for cut in cuts)}
            for cut in sorted(place for place in places if 0 < place < len(request)):
                await line.send(request[at:cut])
                await asyncio.sleep(0)
                at = cut
            await line.send(request[at:] + post(3) + b"abc")
            assert (await line.answer())[2] == str(len(content)).encode()
            assert (await line.answer())[2] == b"3"
            await line.close()
            first, second = stand.handler.heard
            assert first.body == content
            assert first.trailers == {"upload-checksum": "sha1 x", "a": "1"}
            assert second.body == b"abc"

    run(scenario)


def test_trailers_byte_by_byte() -> None:
    got = bytearray()
    chunks = Chunks(got.extend)
    for byte in b"3\r\nabc\r\n0\r\nA: b\r\n\r\n":
        assert chunks.take(memoryview(bytes([byte]))) == 1
    assert (bytes(got), chunks.ended, chunks.trailers) == (b"abc", True, {"a": "b"})


@pytest.mark.parametrize(
    "text",
    [
        "A" * 9000,
        "Content-Length: 5\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n",
        " a: b\r\n\r\n",
    ],
)
def test_trailers_have_bounds_and_cannot_frame(text: str) -> None:
    chunks = Chunks(lambda _: None)
    with pytest.raises(BadHead):
        chunks.take(memoryview(b"0\r\n" + text.encode()))


def test_requests_sent_ahead_are_answered_in_order(tmp_path: Path) -> None:
    async def scenario() -> None:
        handler = Recorder(gate=asyncio.Event())
        assert handler.gate is not None
        async with receiving(tmp_path, handler) as stand:
            line = await stand.line()
            ahead = b"".join(
                post(number * 30_000, path=f"/{number}") + bytes(number * 30_000)
                for number in range(6)
            )
            sending = asyncio.create_task(line.send(ahead))
            await until(lambda: handler.started == 1)
            await asyncio.sleep(0.05)
            assert handler.started == 1, "the next head waits for the answer"
            handler.gate.set()
            for number in range(6):
                _, fields, body = await line.answer()
                assert (fields["x-path"], body) == (f"/{number}", str(number * 30_000).encode())
            await sending
            await line.close()

    run(scenario)


def test_a_client_is_asked_for_the_body_when_somebody_wants_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        handler = Recorder(gate=asyncio.Event())
        assert handler.gate is not None
        async with receiving(tmp_path, handler) as stand:
            line = await stand.line()
            await line.send(post(5, "Expect: 100-continue\r\n"))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(line.reader.read(1), 0.05)
            handler.gate.set()
            assert (await line.answer())[0] == 100
            await line.send(b"hello")
            assert (await line.answer())[2] == b"5"
            handler.refusing = True
            await line.send(post(5, "Expect: 100-continue\r\n"))
            status, fields, _ = await line.answer()
            assert (status, fields["connection"]) == (409, "close"), "it is not asked in vain"
            await line.close()
            assert (await stand.ask(post(5, "Expect: soup\r\n")))[0] == 417

    run(scenario)


def test_a_refused_body_is_swallowed_and_the_line_goes_on(tmp_path: Path) -> None:
    async def scenario() -> None:
        handler = Recorder(refusing=True)
        async with receiving(tmp_path, handler) as stand:
            line = await stand.line()
            for length in (3, 200_000):
                await line.send(post(length) + bytes(length))
                status, fields, _ = await line.answer()
                assert (status, "connection" in fields) == (409, False)
            await line.send(chunked(bytes(100), [50, 50]))
            assert (await line.answer())[0] == 409
            await line.close()

    run(scenario)


def test_a_long_refused_body_is_answered_before_it_ends(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with receiving(tmp_path, Recorder(refusing=True)) as stand:
            line = await stand.line()
            await line.send(post(100 * MIB) + bytes(1000))
            status, fields, _ = await line.answer()
            assert (status, fields["connection"]) == (409, "close")
            # What still comes goes nowhere, and does not destroy the answer.
            await line.send(bytes(MIB))
            await line.close()

    run(scenario)


def test_a_slow_handler_stops_the_line(tmp_path: Path) -> None:
    """Back-pressure: what nobody reads stays with its sender."""

    async def scenario() -> None:
        handler = Recorder(gate=asyncio.Event())
        assert handler.gate is not None
        async with receiving(tmp_path, handler) as stand:
            client = socket.socket(socket.AF_UNIX)
            client.setblocking(False)
            await asyncio.get_running_loop().sock_connect(client, str(stand.path))
            sent = client.send(post(50 * MIB))
            block, sent = bytes(MIB), 0
            for _ in range(20):
                await asyncio.sleep(0.01)
                try:
                    sent += client.send(block)
                except BlockingIOError:
                    continue
            assert sent < 2 * MIB
            client.close()
            handler.gate.set()

    run(scenario)


def test_health_is_answered_beside_the_handler(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with receiving(tmp_path) as stand:
            health = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
            line = await stand.line()
            await line.send(health)
            assert (await line.answer())[::2] == (200, b"ok")
            stand.handler.stopping = True
            await line.send(health)
            assert (await line.answer())[::2] == (503, b"stopping")
            await line.close()
            assert not stand.handler.started

    run(scenario)
