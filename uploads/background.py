"""Work beside the requests of one event loop: begun together, ended together.

Next station: whoever's work it is; `uploads/operations.py` begins it.
"""

import asyncio
from collections.abc import Awaitable, Callable

from uploads.threads import persist


class Background:
    """Tasks that nobody waits for while requests are served."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        """Start work that is begun again after an error; done when it has returned."""
        return self.keep(asyncio.create_task(persist(work)))

    def keep(self, task: asyncio.Task[None]) -> asyncio.Task[None]:
        """Hold on to a task, which the loop alone would not."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def end(self) -> None:
        """Cancel what is not done and wait for it."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
