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
    waiting = asyncio.wrap_future(future)
    try:
        return await asyncio.shield(waiting)
    except asyncio.CancelledError:
        if not future.cancel():
            await asyncio.wait([waiting])
            if not waiting.cancelled():
                waiting.exception()
        raise
