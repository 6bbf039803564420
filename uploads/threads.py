"""Blocking work beside the event loop, in pools of fixed size, never abandoned half-way.

A thread cannot be cancelled. If the one who waits for it is, it still waits until the thread is done, so
that no write happens after its lease was given back.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, Future
from typing import ParamSpec, TypeVar

log = logging.getLogger(__name__)

AGAIN_SECONDS = 5.0

P = ParamSpec("P")
T = TypeVar("T")


async def run(pool: Executor, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The result of `work(*args, **kwargs)` in a thread of `pool`; cancellation waits for it."""
    future: Future[T] = pool.submit(work, *args, **kwargs)
    waiting = awaitable(future)
    try:
        return await asyncio.shield(waiting)
    except asyncio.CancelledError:
        if not future.cancel():
            await asyncio.wait([waiting])
        raise


def awaitable(future: Future[T]) -> asyncio.Future[T]:
    """A thread's future for this loop. If nobody asks for its error, nobody logs it either.

    asyncio would log the error with its text, and texts may quote headers.
    """
    waiting = asyncio.wrap_future(future)
    waiting.add_done_callback(lambda done: done.cancelled() or done.exception())
    return waiting


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
