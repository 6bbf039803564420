"""What a receiver serves: something that answers requests whose bodies are still coming.

The tus server is one (`uploads/server.py`); a front before another engine is another.
Next station: the handler that `serve` was given.
"""

from collections.abc import Awaitable
from typing import Protocol

from uploads.body import Body
from uploads.model import Reply, Request


class Handler(Protocol):
    """Answers every request of one process. Everything runs in the event loop of the receiver."""

    @property
    def stopping(self) -> bool:
        """True from `interrupt` on: `/healthz` answers 503, and connections close after an answer."""
        ...

    async def start(self) -> object:
        """Begin the background work of this event loop, before the first request."""
        ...

    async def stop(self) -> None:
        """Keep what every request in flight has received, answer it, end the background work."""
        ...

    def interrupt(self) -> None:
        """Let every request in flight end soon; refuse new ones. At once, without waiting."""
        ...

    def handle(self, request: Request, body: Body) -> Awaitable[Reply]:
        """Answer one request; never raises but when cancelled. `body` may be left unread.

        What is awaited lives as long as the body comes: it should not hold the request.
        """
        ...
