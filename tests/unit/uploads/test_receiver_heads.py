"""Heads: what a request target may be, how heads may be cut up, how long and how slow they may be."""

import asyncio
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.uploads.receiving import LOOPS, receiving, run
from uploads.receiver.head import HEAD_BYTES, HEAD_FIELDS, BadHead, parse
from uploads.receiver.service import Limits

GET = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
PATCH = (
    b"PATCH /files/x?q=1 HTTP/1.1\r\nHost: x\r\nUpload-Offset: 0\r\nContent-Length: 5\r\n\r\nhello"
)


@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
def test_a_head_may_come_in_two_parts_cut_anywhere(tmp_path: Path, loop: object) -> None:
    assert callable(loop)

    async def scenario() -> None:
        async with receiving(tmp_path) as stand:
            line = await stand.line()
            for cut in range(1, len(PATCH)):
                await line.send(PATCH[:cut])
                await asyncio.sleep(0)
                await line.send(PATCH[cut:])
                assert (await line.answer())[2] == b"5"
            await line.close()
            assert {one.body for one in stand.handler.heard} == {b"hello"}
            assert {one.request.query for one in stand.handler.heard} == {"q=1"}

    run(scenario, loop)


def test_a_head_may_come_byte_by_byte(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with receiving(tmp_path) as stand:
            line = await stand.line()
            for byte in PATCH:
                await line.send(bytes([byte]))
                await asyncio.sleep(0)
            assert (await line.answer())[2] == b"5"
            await line.close()

    run(scenario)


@pytest.mark.parametrize(
    ("method", "target", "path", "host"),
    [
        ("GET", "/a/b", "/a/b", "x"),
        ("GET", "/a%7Eb?c=%7E", "/a~b", "x"),
        ("GET", "http://y.example:81/a?b", "/a", "y.example:81"),
        ("HEAD", "HTTPS://y", "/", "y"),
        ("OPTIONS", "*", "*", "x"),
        ("OPTIONS", "http://y?q", "/", "y"),
    ],
)
def test_targets_are_read(method: str, target: str, path: str, host: str) -> None:
    head = parse(f"{method} {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert (head.request.path, head.request.headers["host"]) == (path, host)


@pytest.mark.parametrize(
    "target", ["*", "a", "y:80", "ftp://y/a", "http:///a", "http://u@y/a", "/a#b", "http://y/#"]
)
def test_other_targets_are_refused(target: str) -> None:
    with pytest.raises(BadHead):
        parse(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())


def test_a_host_is_needed_once_and_only_in_1_1() -> None:
    parse(b"GET / HTTP/1.0\r\n\r\n")
    for head in (b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"):
        with pytest.raises(BadHead):
            parse(head)


def test_names_are_lower_case_and_repeated_fields_are_joined() -> None:
    fields = parse(
        b"GET / HTTP/1.1\r\nHOST: x\r\nA: 1\r\na:2 \t\r\nCookie: p\r\ncookie: q\r\n\r\n"
    ).request.headers
    assert fields == {"host": "x", "a": "1, 2", "cookie": "p; q"}


def test_keeping_the_line_follows_the_version() -> None:
    def kept(text: str) -> bool:
        return parse(text.encode() + b"\r\n").keep_alive

    assert kept("GET / HTTP/1.1\r\nHost: x\r\n")
    assert not kept("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n")
    assert not kept("GET / HTTP/1.0\r\n")


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * HEAD_BYTES + b"\r\n\r\n",
        b"GET /" + b"a" * 2 * HEAD_BYTES,
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * HEAD_FIELDS + b"\r\n",
    ],
    ids=["one long field", "no end", "many fields"],
)
def test_a_head_that_is_too_large_is_431_and_the_line_closes(tmp_path: Path, head: bytes) -> None:
    async def scenario() -> None:
        async with receiving(tmp_path) as stand:
            line = await stand.line()
            await line.send(head)
            status, fields, _ = await line.answer()
            assert (status, fields["connection"]) == (431, "close")
            assert await line.rest() == b""
            await line.close()
            assert not stand.handler.heard

    run(scenario)


def test_a_large_head_within_the_bounds_is_read(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with receiving(tmp_path) as stand:
            long = b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 30_000 + b"\r\n\r\n"
            assert (await stand.ask(long))[0] == 200

    run(scenario)


class Ahead:
    """A clock that goes `ahead` seconds before the others."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead


def test_a_slow_head_and_an_idle_line_are_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Ahead()
    monkeypatch.setattr("uploads.receiver.service.SWEEP_SECONDS", 0.05)
    monkeypatch.setattr("uploads.receiver.service.time", clock)

    async def scenario() -> None:
        async with receiving(tmp_path) as stand:
            idle, slow, used = [await stand.line() for _ in range(3)]
            await slow.send(GET[:10])
            await used.send(GET)
            await used.answer()
            clock.ahead = Limits().head_seconds
            for line in (idle, slow, used):
                assert await line.rest() == b""
                await line.close()

    run(scenario)


def test_an_empty_line_before_a_request_is_ignored(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with receiving(tmp_path) as stand:
            assert (await stand.ask(b"\r\n" + GET))[0] == 200

    run(scenario)


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_whatever_comes_is_a_head_or_is_refused(noise: bytes) -> None:
    for head in (noise + b"\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nA: " + noise + b"\r\n\r\n"):
        try:
            found = parse(head)
        except BadHead:
            continue
        assert found.request.method.isupper()
        assert not any(ord(c) < 32 and c != "\t" for v in found.request.headers.values() for c in v)
