"""Callers gathered into batches: each its own answer, one's fault nobody else's, nobody left waiting."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from portal.gathering import Gathering

CALLERS = 16


class Away(Exception):
    """The database is not there."""


def test_those_who_come_while_one_works_share_the_next_batch() -> None:
    sizes: list[int] = []
    begun, go = threading.Event(), threading.Event()

    def work(questions: Sequence[int]) -> list[int | Exception]:
        sizes.append(len(questions))
        if len(sizes) == 1:
            begun.set()
            go.wait(5)
        return [question * 2 for question in questions]

    gathering: Gathering[int, int] = Gathering(work, most=8)
    with ThreadPoolExecutor(CALLERS) as pool:
        first = pool.submit(gathering.ask, 0)
        begun.wait(5)
        others = [pool.submit(gathering.ask, number) for number in range(1, CALLERS)]
        while gathering.waiting < CALLERS - 1:
            threading.Event().wait(0.001)
        go.set()
        answers = [each.result(5) for each in [first, *others]]
    assert answers == [number * 2 for number in range(CALLERS)]
    assert sizes == [1, 8, 7]


def test_an_exception_among_the_answers_is_its_askers_alone() -> None:
    gathering: Gathering[int, int] = Gathering(
        lambda questions: [ValueError() if each == 3 else each for each in questions], most=8
    )
    with ThreadPoolExecutor(CALLERS) as pool:
        asked = [pool.submit(gathering.ask, number) for number in range(CALLERS)]
    assert [number for number, each in enumerate(asked) if each.exception()] == [3]


def test_a_batch_that_breaks_is_asked_one_by_one() -> None:
    def work(questions: Sequence[int]) -> list[int | Exception]:
        if 3 in questions:
            raise ValueError
        return list(questions)

    gathering: Gathering[int, int] = Gathering(work, most=CALLERS)
    with ThreadPoolExecutor(CALLERS) as pool:
        asked = [pool.submit(gathering.ask, number) for number in range(CALLERS)]
    assert [number for number, each in enumerate(asked) if each.exception()] == [3]


def test_what_is_nobodys_fault_is_said_to_all_at_once() -> None:
    calls: list[int] = []

    def work(questions: Sequence[int]) -> list[int | Exception]:
        calls.append(len(questions))
        raise Away

    gathering: Gathering[int, int] = Gathering(work, most=CALLERS, everyones=(Away,))
    with ThreadPoolExecutor(CALLERS) as pool:
        asked = [pool.submit(gathering.ask, number) for number in range(CALLERS)]
    assert all(isinstance(each.exception(), Away) for each in asked)
    assert sum(calls) == CALLERS
    with pytest.raises(Away):
        gathering.ask(1)
