"""Callers from many threads, one of whom does the work for all who wait.

While one batch is in work the next gathers; a leader whose forerunner had company waits a moment for
his own, so that callers in step stay in step, and one alone never waits. Each gets its own answer; an
error in a batch is put down to whoever caused it by asking one by one.

Next station: `portal/intake.py`, whose batches are transactions.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

COMPANY_SECONDS = 0.002

Q = TypeVar("Q")
A = TypeVar("A")


@dataclass(slots=True, eq=False)
class _Caller(Generic[Q, A]):
    question: Q
    turn: threading.Lock = field(default_factory=threading.Lock)
    """Held until the caller is answered, or is to lead."""
    answer: A | Exception | None = None
    answered: bool = False


class Gathering(Generic[Q, A]):
    """`work(questions) → answers` in the same order; an exception among them is raised to its asker.

    `most`: questions in one batch. `everyones`: errors that no single question causes, such as a
    database that is away; whoever is in the batch gets them.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Q]], Sequence[A | Exception]],
        *,
        most: int,
        everyones: tuple[type[Exception], ...] = (),
    ) -> None:
        self._work = work
        self._most = most
        self._everyones = everyones
        self._waiting: deque[_Caller[Q, A]] = deque()
        self._lock = threading.Lock()
        self._led = False
        self._last = 0

    @property
    def waiting(self) -> int:
        """How many wait for the next batch."""
        return len(self._waiting)

    def ask(self, question: Q) -> A:
        """The answer; blocks until the batch of this question is done. Raises what work says."""
        caller: _Caller[Q, A] = _Caller(question)
        caller.turn.acquire()
        with self._lock:
            self._waiting.append(caller)
            follow, self._led = self._led, True
        if follow:
            caller.turn.acquire()
        if not caller.answered:
            self._lead()
        if isinstance(caller.answer, Exception):
            raise caller.answer
        return caller.answer  # type: ignore[return-value]  # answered: `None` only if A allows it

    def _lead(self) -> None:
        """Answer a batch, one's own question first in it, and pass the lead on."""
        if len(self._waiting) < self._last:
            time.sleep(COMPANY_SECONDS)
        with self._lock:
            batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
            self._last = len(batch)
        try:
            self._answer(batch)
        finally:
            with self._lock:
                following = self._waiting[0] if self._waiting else None
                self._led = following is not None
            if following is not None:
                following.turn.release()
            for caller in batch[1:]:
                caller.turn.release()

    def _answer(self, batch: Sequence[_Caller[Q, A]]) -> None:
        try:
            answers = self._work([caller.question for caller in batch])
        except Exception as error:  # noqa: BLE001 - the leader's callers get it, whatever it is
            if len(batch) > 1 and not isinstance(error, self._everyones):
                for caller in batch:
                    self._answer([caller])
                return
            answers = [error] * len(batch)
        for caller, answer in zip(batch, answers, strict=True):
            caller.answer, caller.answered = answer, True
