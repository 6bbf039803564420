"""Questions gathered into batches: each its own answer, one's fault nobody else's, nobody left waiting."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence

import pytest

from tests.patience import PATIENCE
from uploads.batches import Batches
from uploads.errors import PolicyUnavailable
from uploads.threads import Crew

Work = Callable[[Sequence[int]], Sequence[int | Exception]]


def asked(
    work: Work, scenario: Callable[[Batches[int, int]], Awaitable[None]], most: int = 8
) -> list[tuple[int, int]]:
    """Run `scenario` on batches over `work`; the answers nobody wanted any more."""
    unwanted: list[tuple[int, int]] = []

    async def run() -> None:
        crew = Crew(1, "test")
        try:
            await scenario(
                Batches(
                    work, crew, most=most, linger=lambda _: 0.001,
                    unwanted=lambda question, answer: unwanted.append((question, answer)),
                )
            )  # fmt: skip
        finally:
            crew.shutdown()

    asyncio.run(run())
    return unwanted


async def answers(batches: Batches[int, int], questions: Sequence[int]) -> list[object]:
    waiting = [batches.ask(question) for question in questions]
    return await asyncio.gather(*waiting, return_exceptions=True)


def test_those_who_come_while_one_is_in_work_share_the_next_batches() -> None:
    sizes: list[int] = []
    begun, go = threading.Event(), threading.Event()

    def work(questions: Sequence[int]) -> list[int]:
        sizes.append(len(questions))
        begun.set()
        go.wait(PATIENCE)
        return [question * 2 for question in questions]

    async def scenario(batches: Batches[int, int]) -> None:
        first = batches.ask(0)
        await asyncio.to_thread(begun.wait, 5)
        others = [batches.ask(number) for number in range(1, 16)]
        assert batches.waiting == 15
        go.set()
        assert await asyncio.gather(first, *others) == [number * 2 for number in range(16)]

    asked(work, scenario)
    assert sizes == [1, 8, 7]


def test_those_who_come_together_are_answered_together() -> None:
    sizes: list[int] = []

    def work(questions: Sequence[int]) -> Sequence[int]:
        sizes.append(len(questions))
        return questions

    async def scenario(batches: Batches[int, int]) -> None:
        assert await answers(batches, range(5)) == [0, 1, 2, 3, 4]
        assert await answers(batches, range(8)) == list(range(8))

    asked(work, scenario)
    assert sizes == [5, 8]


def test_an_exception_among_the_answers_is_its_askers_alone() -> None:
    async def scenario(batches: Batches[int, int]) -> None:
        told = await answers(batches, range(8))
        assert [number for number, each in enumerate(told) if isinstance(each, ValueError)] == [3]

    asked(lambda questions: [ValueError() if each == 3 else each for each in questions], scenario)


@pytest.mark.parametrize("wrong", [KeyError("3"), None])
def test_a_batch_that_breaks_is_asked_one_by_one(wrong: Exception | None) -> None:
    def work(questions: Sequence[int]) -> Sequence[int]:
        if 3 not in questions:
            return questions
        if wrong is None:
            return ()
        raise wrong

    async def scenario(batches: Batches[int, int]) -> None:
        told = await answers(batches, range(8))
        assert [number for number, each in enumerate(told) if isinstance(each, Exception)] == [3]

    asked(work, scenario)


def test_what_is_nobodys_fault_is_said_to_all_at_once() -> None:
    calls: list[int] = []

    def work(questions: Sequence[int]) -> Sequence[int]:
        calls.append(len(questions))
        raise PolicyUnavailable

    async def scenario(batches: Batches[int, int]) -> None:
        assert {type(each) for each in await answers(batches, range(8))} == {PolicyUnavailable}

    asked(work, scenario)
    assert calls == [8]


def test_who_no_longer_waits_is_not_asked_for_and_a_late_answer_is_unwanted() -> None:
    seen: list[int] = []
    begun, go = threading.Event(), threading.Event()

    def work(questions: Sequence[int]) -> Sequence[int]:
        seen.extend(questions)
        begun.set()
        go.wait(PATIENCE)
        return questions

    async def scenario(batches: Batches[int, int]) -> None:
        late = batches.ask(1)
        await asyncio.to_thread(begun.wait, 5)
        early, last = batches.ask(2), batches.ask(3)
        assert late.cancel()
        assert early.cancel()
        go.set()
        assert await last == 3

    assert asked(work, scenario) == [(1, 1)]
    assert seen == [1, 3]


def test_what_is_dropped_is_cancelled_and_what_is_in_work_is_answered() -> None:
    begun, go = threading.Event(), threading.Event()

    def work(questions: Sequence[int]) -> Sequence[int]:
        begun.set()
        go.wait(PATIENCE)
        return questions

    async def scenario(batches: Batches[int, int]) -> None:
        first = batches.ask(1)
        await asyncio.to_thread(begun.wait, 5)
        waiting = batches.ask(2)
        batches.drop()
        assert waiting.cancelled()
        go.set()
        assert await first == 1

    asked(work, scenario)
