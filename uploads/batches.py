"""Questions of one event loop that come at about the same time, answered together in a thread.

While one batch is in work the next gathers. Each asker gets an answer of its own, and what goes wrong
with one question is nobody else's trouble.

Next station: `uploads/creation.py` and `uploads/finishing.py`, whose questions go to a Policy.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Generic, TypeVar

from uploads.errors import Temporary
from uploads.threads import Crew

Q = TypeVar("Q")
A = TypeVar("A")


def answers_to(
    questions: Sequence[Q], work: Callable[[Sequence[Q]], Sequence[A | Exception]]
) -> Sequence[A | Exception]:
    """What `work(questions)` answers, one for each and in order.

    If it raises `Temporary`, that is everybody's answer; after anything else the questions are asked one
    by one, so that it becomes the answer of who causes it.
    """
    wrong: Exception = ValueError("not an answer for each question")
    try:
        answers = work(questions)
    except Exception as error:  # noqa: BLE001 - told to whoever asked, whatever it is
        wrong = error
    else:
        if len(answers) == len(questions):
            return answers
    if len(questions) == 1 or isinstance(wrong, Temporary):
        return [wrong] * len(questions)
    return [answer for question in questions for answer in answers_to([question], work)]


class Batches(Generic[Q, A]):
    """One batch after the other, in the order of the questions, in a thread of `crew`.

    `work` as in `answers_to`; an exception among the answers is raised to its asker. `most`: questions in
    one batch. `linger`: seconds a batch waits for more when the one before was of more than one; it gets
    the seconds that one took in work. One alone never waits, and nobody without it. `unwanted`: gets, in
    the loop, answers that came when their futures were done already (cancelled, or given up); a question
    whose future is done before its batch begins is not asked.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Q]], Sequence[A | Exception]],
        crew: Crew,
        *,
        most: int,
        linger: Callable[[float], float] | None = None,
        unwanted: Callable[[Q, A], None] | None = None,
    ) -> None:
        self._work = work
        self._crew = crew
        self._most = most
        self._linger = linger
        self._unwanted = unwanted
        self._waiting: deque[tuple[Q, asyncio.Future[A]]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._in_work = False
        self._had_company = False
        self._took = 0.0

    @property
    def waiting(self) -> int:
        """How many wait for the next batches."""
        return len(self._waiting)

    def ask(self, question: Q) -> "asyncio.Future[A]":
        """The answer, once there is one. Runs in the event loop."""
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        self._gather()
        return answer

    def drop(self) -> None:
        """Cancel what waits; what is in work goes on."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting:
            self._waiting.popleft()[1].cancel()

    def _gather(self) -> None:
        if self._in_work or not self._waiting:
            return
        if len(self._waiting) >= self._most:
            self._begin()
        elif self._timer is None:
            delay = self._linger(self._took) if self._linger and self._had_company else 0.0
            self._timer = asyncio.get_running_loop().call_later(delay, self._begin)

    def _begin(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        batch: list[tuple[Q, asyncio.Future[A]]] = []
        while self._waiting and len(batch) < self._most:
            question, answer = self._waiting.popleft()
            if not answer.done():
                batch.append((question, answer))
        if batch:
            self._in_work = True
            self._had_company = len(batch) > 1
            self._took = -asyncio.get_running_loop().time()
            work = self._crew.start(answers_to, [question for question, _ in batch], self._work)
            work.add_done_callback(partial(self._deliver, batch))

    def _deliver(
        self,
        batch: Sequence[tuple[Q, "asyncio.Future[A]"]],
        work: "asyncio.Future[Sequence[A | Exception]]",
    ) -> None:
        self._in_work = False
        self._took += asyncio.get_running_loop().time()
        for (question, waiting), answer in zip(batch, work.result(), strict=True):
            if isinstance(answer, Exception):
                if not waiting.done():
                    waiting.set_exception(answer)
            elif not waiting.done():
                waiting.set_result(answer)
            elif self._unwanted is not None:
                self._unwanted(question, answer)
        self._gather()
