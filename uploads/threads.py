"""Blocking work beside the event loop, in crews of fixed size, never abandoned half-way.

A thread cannot be cancelled. If the one who waits for it is, it still waits until the thread is done, so
that no write happens after its lease was given back.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any, ParamSpec, TypeVar

log = logging.getLogger(__name__)

AGAIN_SECONDS = 5.0

P = ParamSpec("P")
T = TypeVar("T")


class _Job:
    """One piece of work; its result goes to whoever waits in the loop."""

    __slots__ = ("args", "claim", "done", "outbox", "waiting", "work")

    def __init__(
        self,
        work: Callable[..., Any],
        args: tuple[Any, ...],
        outbox: "Outbox",
        waiting: "asyncio.Future[Any]",
    ) -> None:
        self.work = work
        self.args = args
        self.outbox = outbox
        self.waiting = waiting
        # Popped once: by the thread that begins, or by the one who no longer waits.
        self.claim = [True]
        self.done = False
        """The thread has ended it, and the loop knows."""

    def deliver(self, result: object, error: BaseException | None) -> None:
        """In the loop."""
        self.done = True
        if self.waiting.done():
            return
        if error is None:
            self.waiting.set_result(result)
        else:
            self.waiting.set_exception(error)


class Outbox:
    """Calls on their way from threads to one event loop, which is woken once for many of them."""

    __slots__ = ("_calls", "_woken", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._calls: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._woken = False

    def put(self, call: Callable[..., None], *args: object) -> None:
        """From a thread: `call(*args)` soon, in the loop."""
        self._calls.append((call, args))
        if not self._woken:
            self._woken = True
            try:
                self.loop.call_soon_threadsafe(self._deliver)
            except RuntimeError:  # the loop is closed: nobody waits any more
                self._calls.clear()

    def _deliver(self) -> None:
        # Before taking anything: whoever adds a call after this wakes the loop again.
        self._woken = False
        while self._calls:
            call, args = self._calls.popleft()
            call(*args)


class Crew:
    """`size` threads with one queue; each of the first jobs starts one.

    For many small pieces of work: handing one over costs a queue entry, and results that become ready
    together are delivered together.
    """

    def __init__(self, size: int, name: str) -> None:
        self._size = size
        self._name = name
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._threads: list[Thread] = []
        self._outbox: Outbox | None = None
        self._closed = False

    def start(self, work: Callable[..., T], *args: Any) -> "asyncio.Future[T]":
        """Begin `work` in a thread; the future belongs to the running loop and must be awaited."""
        return self._enqueue(work, args)[1]

    async def run(self, work: Callable[..., T], *args: Any) -> T:
        """The result of `work(*args)` in a thread; cancellation waits for it."""
        job, waiting = self._enqueue(work, args)
        try:
            return await waiting
        except asyncio.CancelledError:
            # The result may come between the cancellation and this line.
            if not job.done and not _claimed(job) and waiting.cancelled():
                rest = job.waiting = waiting.get_loop().create_future()
                while not rest.done():
                    await asyncio.wait([rest])
                rest.exception()
            raise

    def shutdown(self) -> None:
        """Let every thread end after what is waiting; nobody waits for that."""
        self._closed = True
        for _ in self._threads:
            self._jobs.put(None)

    def _enqueue(
        self, work: Callable[..., T], args: tuple[Any, ...]
    ) -> "tuple[_Job, asyncio.Future[T]]":
        loop = asyncio.get_running_loop()
        outbox = self._outbox
        if outbox is None or outbox.loop is not loop:
            outbox = self._outbox = Outbox(loop)
        waiting: asyncio.Future[T] = loop.create_future()
        job = _Job(work, args, outbox, waiting)
        self._put(job)
        return job, waiting

    def _put(self, job: _Job) -> None:
        if self._closed:
            raise RuntimeError("the crew has gone home")
        self._jobs.put(job)
        if len(self._threads) < self._size:
            thread = Thread(target=self._labour, name=self._name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def _labour(self) -> None:
        take = self._jobs.get
        while True:
            job = take()
            if job is None:
                return
            if not _claimed(job):
                continue
            result, error = None, None
            try:
                result = job.work(*job.args)
            except BaseException as raised:  # noqa: BLE001 - handed to whoever waits
                error = raised
            job.outbox.put(job.deliver, result, error)
            # Nothing stays referenced while this thread waits for more work.
            del job, result, error


def _claimed(job: _Job) -> bool:
    """Whether the caller is the first: atomic, whichever threads ask."""
    try:
        return job.claim.pop()
    except IndexError:
        return False


async def run(crew: Crew, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The result of `work(*args, **kwargs)` in a thread of `crew`; cancellation waits for it."""
    return await crew.run(partial(work, **kwargs) if kwargs else work, *args)


async def persist(work: Callable[[], Awaitable[None]]) -> None:
    """Do background work to its end; an error is logged by its type and the work begun again."""
    while True:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - a disk that fails for a while must not end it
            log.warning("background work failed: %s", type(error).__name__)
            await asyncio.sleep(AGAIN_SECONDS)
        else:
            return
