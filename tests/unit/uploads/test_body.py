"""A body loses nothing that was received, whatever ends it, and holds a bounded amount."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from uploads.body import BodyBroken, BodyEnding, BodyStalled, BodyStopped, BodyTaken, FedBody


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(scenario)


def test_pieces_are_gathered_until_there_are_enough() -> None:
    async def scenario() -> None:
        body = FedBody(10)
        reading = asyncio.create_task(body.read(6))
        await asyncio.sleep(0)
        for piece in (b"ab", b"cd"):
            body.feed(piece)
            await asyncio.sleep(0)
        assert not reading.done()
        body.feed(b"ef")
        assert await reading == [b"ab", b"cd", b"ef"]

    run(scenario())


def test_the_end_hands_out_the_rest() -> None:
    async def scenario() -> None:
        body = FedBody(None)
        body.feed(b"abc")
        body.end()
        assert await body.read(100) == [b"abc"]
        assert await body.read(100) == []

    run(scenario())


def test_a_body_of_no_length_is_at_its_end() -> None:
    async def scenario() -> None:
        assert await FedBody(0).read(1) == []

    run(scenario())


@pytest.mark.parametrize("why", [BodyBroken, BodyTaken, BodyStopped])
def test_an_ending_comes_after_what_was_received(why: type[BodyEnding]) -> None:
    async def scenario() -> None:
        body = FedBody(10)
        reading = asyncio.create_task(body.read(100))
        await asyncio.sleep(0)
        body.feed(b"abc")
        body.interrupt(why)
        body.feed(b"never acknowledged")
        assert await reading == [b"abc"]
        with pytest.raises(why):
            await body.read(1)

    run(scenario())


def test_a_complete_body_cannot_be_interrupted() -> None:
    async def scenario() -> None:
        body = FedBody(3)
        body.feed(b"abc")
        body.end()
        body.interrupt(BodyTaken)
        assert await body.read(100) == [b"abc"]
        assert await body.read(100) == []

    run(scenario())


def test_old_pieces_do_not_wait_for_more() -> None:
    async def scenario() -> None:
        body = FedBody(10, age=0.01)
        body.feed(b"a")
        assert await body.read(100) == [b"a"]
        reading = asyncio.create_task(body.read(100))
        await asyncio.sleep(0)
        body.feed(b"b")
        assert await reading == [b"b"]

    run(scenario())


def test_silence_is_a_stall() -> None:
    async def scenario() -> None:
        body = FedBody(10, stall=0.02)
        with pytest.raises(BodyStalled):
            await body.read(1)

    run(scenario())


def test_the_feeder_waits_for_room() -> None:
    async def scenario() -> None:
        body = FedBody(None)
        fed = 0

        async def feed() -> None:
            nonlocal fed
            while body.open:
                await body.room()
                body.feed(b"x" * 10)
                fed += 10

        feeding = asyncio.create_task(feed())
        for _ in range(3):
            assert sum(map(len, await body.read(50))) == 50
            await asyncio.sleep(0)
        assert fed <= 200
        body.interrupt(BodyBroken)
        await asyncio.wait_for(feeding, 1)

    run(scenario())
