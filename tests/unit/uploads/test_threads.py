"""Whoever is cancelled while a thread works for him waits for it, and not for longer."""

import asyncio
import threading

import pytest

from tests.patience import PATIENCE
from uploads.threads import Crew


def test_a_result_that_comes_with_the_cancellation_ends_the_waiting() -> None:
    async def scenario() -> None:
        crew, following = Crew(1, "test"), threading.Event()
        task = asyncio.create_task(crew.run(lambda: None))
        await asyncio.sleep(0)
        crew.start(following.set)
        # The loop stands still until the first result lies before it.
        following.wait(PATIENCE)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, PATIENCE)
        crew.shutdown()

    asyncio.run(scenario())
