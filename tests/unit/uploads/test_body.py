"""A body loses nothing that was received, whatever ends it, and holds a bounded amount."""

import asyncio
import ctypes
import random
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.patience import PATIENCE
from uploads.body import BodyBroken, BodyEnding, BodyStalled, BodyStopped, BodyTaken
from uploads.buffers import PAGE, Pool
from uploads.errors import StoreFull
from uploads.fedbody import FedBody
from uploads.supply import Supply

KIB = 1024


class Tap:
    """A line that can be told to wait."""

    def __init__(self, *, patient: bool = False) -> None:
        self.flows = True
        self.patient = patient

    def pause(self) -> None:
        self.flows = False

    def resume(self) -> None:
        self.flows = True


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(scenario)


def receive(body: FedBody, piece: bytes) -> int:
    """As a socket would: into the buffer, as much as fits."""
    into = body.buffer()
    count = min(len(into), len(piece))
    assert count
    into[:count] = piece[:count]
    body.received(count)
    return count


def address(piece: object) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(piece))  # type: ignore[call-overload,no-any-return]


def test_pieces_are_gathered_until_there_are_enough() -> None:
    async def scenario() -> None:
        body = FedBody(10)
        reading = asyncio.ensure_future(body.read(6, 0))
        await asyncio.sleep(0)
        for piece in (b"ab", b"cd"):
            body.feed(piece)
            await asyncio.sleep(0)
        assert not reading.done()
        body.feed(b"ef")
        assert await reading == b"abcdef"

    run(scenario())


def test_the_end_hands_out_the_rest() -> None:
    async def scenario() -> None:
        body = FedBody(None)
        body.feed(b"abc")
        body.end({"upload-checksum": "x"})
        assert not body.exhausted
        assert await body.read(100, 0) == b"abc"
        assert body.exhausted
        assert await body.read(100, 3) == b""
        assert body.trailers == {"upload-checksum": "x"}

    run(scenario())


def test_a_body_of_no_length_is_at_its_end() -> None:
    async def scenario() -> None:
        assert await FedBody(0).read(1, 0) == b""

    run(scenario())


@pytest.mark.parametrize("why", [BodyBroken, BodyTaken, BodyStopped])
def test_an_ending_comes_after_what_was_received(why: type[BodyEnding]) -> None:
    async def scenario() -> None:
        body = FedBody(10)
        reading = asyncio.ensure_future(body.read(100, 0))
        await asyncio.sleep(0)
        body.feed(b"abc")
        body.interrupt(why)
        body.feed(b"never acknowledged")
        assert await reading == b"abc"
        body.end()
        with pytest.raises(why):
            await body.read(1, 3)

    run(scenario())


def test_a_complete_body_cannot_be_interrupted() -> None:
    async def scenario() -> None:
        body = FedBody(3)
        body.feed(b"abc")
        body.end()
        body.interrupt(BodyTaken)
        assert await body.read(100, 0) == b"abc"
        assert await body.read(100, 3) == b""

    run(scenario())


def test_old_pieces_do_not_wait_for_more() -> None:
    async def scenario() -> None:
        body = FedBody(10, Supply(age=0.01))
        body.feed(b"a")
        assert await body.read(100, 0) == b"a"
        reading = asyncio.ensure_future(body.read(100, 1))
        await asyncio.sleep(0)
        body.feed(b"b")
        assert await reading == b"b"

    run(scenario())


def test_silence_is_a_stall() -> None:
    async def scenario() -> None:
        body = FedBody(10, Supply(stall=0.02))
        with pytest.raises(BodyStalled):
            await body.read(1, 0)

    run(scenario())


def test_a_slow_reader_stops_the_line() -> None:
    async def scenario() -> None:
        tap, pool = Tap(), Pool(size=128 * KIB)
        body = FedBody(10_000_000, Supply(pool=pool), tap)
        first = asyncio.ensure_future(body.read(10**6, 0))
        await asyncio.sleep(0)
        received = 0
        while tap.flows:
            received += receive(body, b"x" * 50_000)
        assert len(await first) == 128 * KIB
        # One buffer is lent, one is full, and nothing more was taken off the line.
        assert received == 256 * KIB
        assert len(await body.read(10**6, 128 * KIB)) == 128 * KIB
        assert tap.flows
        body.finish()
        assert pool.out == 1, "the guest's only"

    run(scenario())


def test_large_pieces_lie_as_the_file_does() -> None:
    async def scenario() -> None:
        content = random.Random(1).randbytes(1_000_000)
        body = FedBody(len(content), Supply(pool=Pool(size=128 * KIB)), Tap())
        start = at = 4096 * 7 + 100
        sent = 0
        reading = asyncio.ensure_future(body.read(10**6, at))
        await asyncio.sleep(0)
        while not reading.done() or (await reading):
            if not reading.done():
                sent += receive(body, content[sent : sent + 90_000])
                await asyncio.sleep(0)
                continue
            piece = await reading
            assert bytes(piece) == content[at - start : at - start + len(piece)]
            assert address(piece) % PAGE == at % PAGE
            at += len(piece)
            assert at % PAGE == 0 or at == start + len(content)
            reading = asyncio.ensure_future(body.read(10**6, at))
            await asyncio.sleep(0)
        assert at == start + len(content)
        assert body.exhausted

    run(scenario())


def test_without_a_free_buffer_a_body_makes_do_with_small_pieces() -> None:
    async def scenario() -> None:
        supply = Supply(pool=Pool(size=128 * KIB, most=1))
        body = FedBody(300_000, supply, Tap())
        total = 0
        while total < 300_000:
            reading = asyncio.ensure_future(body.read(10**6, total))
            await asyncio.sleep(0)
            if not reading.done():
                receive(body, b"x" * min(65536, 300_000 - total))
            total += len(await reading)
        assert await body.read(1, total) == b""

    run(scenario())


@settings(max_examples=60)
@given(
    sizes=st.lists(st.integers(1, 200_000), min_size=1, max_size=12),
    at=st.integers(0, 10_000),
    cut=st.none() | st.integers(0, 12),
    eager=st.booleans(),
)
def test_every_received_byte_comes_out_once_and_in_order(
    sizes: list[int], at: int, cut: int | None, eager: bool
) -> None:
    """`cut`: after how many arrivals the line breaks; `eager`: the reader is faster than the line."""

    async def scenario() -> None:
        content = random.Random(sum(sizes)).randbytes(sum(sizes))
        tap = Tap()
        body = FedBody(len(content), Supply(pool=Pool(size=128 * KIB, most=4)), tap)
        out, sent = bytearray(), 0

        async def read() -> str:
            try:
                while piece := await body.read(10**6, at + len(out)):
                    out.extend(piece)
                    await asyncio.sleep(0 if eager else 0.0005)
            except BodyBroken:
                return "broken"
            return "end"

        reading = asyncio.create_task(read())
        await asyncio.sleep(0)
        for count, size in enumerate(sizes):
            if count == cut:
                body.interrupt(BodyBroken)
                break
            until = sent + size
            while sent < until:
                while not tap.flows:  # noqa: ASYNC110 - the reader's task lets it flow
                    await asyncio.sleep(0)
                sent += receive(body, content[sent:until])
            await asyncio.sleep(0)
        complete = sent == len(content)
        assert await reading == ("end" if complete else "broken")
        assert out == content[:sent]
        body.finish()

    run(scenario())


def test_a_slow_body_on_a_patient_line_dozes_and_wakes() -> None:
    async def scenario() -> None:
        tap = Tap(patient=True)
        body = FedBody(10_000, Supply(age=0.2), tap)
        reading = asyncio.ensure_future(body.read(10**6, 0))
        await asyncio.sleep(0)
        receive(body, b"a" * 100)
        assert await reading == b"a" * 100
        reading = asyncio.ensure_future(body.read(10**6, 100))
        await asyncio.sleep(0)
        assert not tap.flows, "nothing is received while it dozes"
        async with asyncio.timeout(PATIENCE):
            while not tap.flows:  # noqa: ASYNC110 - the supply's timer lets it flow
                await asyncio.sleep(0.01)
        receive(body, b"b" * 100)
        assert await asyncio.wait_for(reading, 0.05) == b"b" * 100, "it has waited long enough"

    run(scenario())


def test_an_ending_wakes_a_dozing_line_for_what_the_kernel_has() -> None:
    async def scenario() -> None:
        tap = Tap(patient=True)
        body = FedBody(10_000, Supply(age=0.2), tap)
        reading = asyncio.ensure_future(body.read(10**6, 0))
        await asyncio.sleep(0)
        receive(body, b"a" * 100)
        await reading
        reading = asyncio.ensure_future(body.read(10**6, 100))
        await asyncio.sleep(0)
        assert not tap.flows
        body.interrupt(BodyTaken)
        assert tap.flows
        receive(body, b"b" * 100)
        assert await reading == b"b" * 100
        with pytest.raises(BodyTaken):
            await body.read(10**6, 200)

    run(scenario())


class Writer:
    """What a body pours into: pieces, and how each is to end."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.written: asyncio.Future[None] | None = None

    def __call__(self, piece: object) -> "asyncio.Future[None]":
        assert self.written is None or self.written.done(), "one at a time"
        self.pieces.append(bytes(piece))  # type: ignore[call-overload]
        self.written = asyncio.get_running_loop().create_future()
        return self.written


async def dozing(tap: Tap, writer: Writer) -> tuple[FedBody, "asyncio.Future[Any]"]:
    """A body of 10,000 bytes whose line has just brought 100 more after its first doze."""
    body = FedBody(10_000, Supply(age=0.2), tap)
    body.pour(writer)
    first = asyncio.ensure_future(body.read(10**6, 0))
    await asyncio.sleep(0)
    receive(body, b"a" * 100)
    assert await first == b"a" * 100
    reading = asyncio.ensure_future(body.read(10**6, 100))
    await asyncio.sleep(0)
    async with asyncio.timeout(PATIENCE):
        while not tap.flows:  # noqa: ASYNC110 - the supply's timer lets it flow
            await asyncio.sleep(0.01)
    receive(body, b"b" * 100)
    assert writer.pieces == [b"b" * 100]
    assert not tap.flows, "nothing is received while a piece is written"
    return body, reading


async def settled(writer: Writer, error: Exception | None = None) -> None:
    assert writer.written is not None
    if error is None:
        writer.written.set_result(None)
    else:
        writer.written.set_exception(error)
    await asyncio.sleep(0)


def test_a_dozing_line_is_poured_without_waking_the_reader() -> None:
    async def scenario() -> None:
        tap, writer = Tap(patient=True), Writer()
        body, reading = await dozing(tap, writer)
        await settled(writer)
        assert not reading.done()
        async with asyncio.timeout(PATIENCE):
            while not tap.flows:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)
        receive(body, b"c" * 9_800)
        assert await reading == b"c" * 9_800, "the end is the reader's"
        assert body.exhausted

    run(scenario())


def test_an_ending_waits_for_the_piece_that_is_being_written() -> None:
    async def scenario() -> None:
        writer = Writer()
        body, reading = await dozing(Tap(patient=True), writer)
        body.interrupt(BodyBroken)
        await asyncio.sleep(0)
        assert not reading.done()
        await settled(writer)
        with pytest.raises(BodyBroken):
            await reading

    run(scenario())


def test_trouble_with_a_poured_piece_is_the_readers() -> None:
    async def scenario() -> None:
        writer = Writer()
        _, reading = await dozing(Tap(patient=True), writer)
        await settled(writer, StoreFull())
        with pytest.raises(StoreFull):
            await reading

    run(scenario())
