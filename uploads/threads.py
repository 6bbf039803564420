"""Blocking work beside the event loop, in pools of fixed size, never abandoned half-way.

A thread cannot be cancelled. If the one who waits for it is, it still waits until the thread is done, so
that no write happens after its lease was given back.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import ParamSpec, TypeVar

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
