"""One request and its answer, and what becomes of a body that nobody read to its end.

After a refusal the rest of the body is swallowed within bounds: an answer to a half-read request becomes a
502 at a proxy. A rest that ends soon is swallowed before the answer, because a browser sends a cut chunk
again by itself, in vain and at length.

Next station: `uploads/server.py`.
"""

import logging
import traceback
from collections.abc import Awaitable, Coroutine
from typing import Any

from uploads.fedbody import FedBody
from uploads.handler import Handler
from uploads.model import Reply, Request
from uploads.receiver.answers import HEALTHY, STOPPING, plain, serialized
from uploads.receiver.connection import Connection
from uploads.receiver.head import Head

log = logging.getLogger(__name__)

DRAIN_SECONDS_BEFORE = 0.5
"""A short body ends in this time."""
GLANCE_SECONDS = 0.05
"""After this long it is seen whether the rest will have come by then; if not, it would only be lost."""
DRAIN_SECONDS_AFTER = 5.0
"""A proxy reads the answer while it still sends; closing on it earlier would make the answer a 502."""
HEALTH = "/healthz"
NO_BODY = FedBody(0)
TROUBLE = plain(503, "trouble")


class Exchanges:
    """Answers the requests of all connections from one handler."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    def answer(self, line: Connection, head: Head) -> Coroutine[Any, Any, None]:
        """From the head, which is kept by nobody, to the moment when the line may have its next one."""
        request = head.request
        try:
            reply: Awaitable[Reply] | Reply = self._healthy(request) or self._handler.handle(
                request, line.body or NO_BODY
            )
        except Exception as error:  # noqa: BLE001 - the edge: a client is answered, not dropped
            _note(error)
            reply = TROUBLE
        return self._answer(line, request.method, reply, keep_alive=head.keep_alive)

    async def _answer(
        self, line: Connection, method: str, reply: Awaitable[Reply] | Reply, *, keep_alive: bool
    ) -> None:
        # One coroutine as long as the handler works: ten thousand of them may be slow.
        try:
            if not isinstance(reply, Reply):
                reply = await reply
        except Exception as error:  # noqa: BLE001 - the edge: a client is answered, not dropped
            _note(error)
            reply = TROUBLE
        try:
            await self._finish(line, method, reply, keep_alive=keep_alive)
        except Exception as error:  # noqa: BLE001 - the last edge: this connection ends, no other
            _note(error)
            line.hang_up(gently=False)

    async def _finish(
        self, line: Connection, method: str, reply: Reply, *, keep_alive: bool
    ) -> None:
        body = line.body
        close = not keep_alive or self._handler.stopping
        unread = False
        if body is not None:
            body.finish()
            if line.refused:
                reply, unread = plain(line.refused, str(line.refused)), True
            elif not body.ended:
                unread = line.waits_to_be_asked or not await _drained(line, body)
        close = close or unread
        line.send(serialized(reply, method=method, close=close))
        if unread and not line.refused and not line.waits_to_be_asked:
            await line.rest(DRAIN_SECONDS_BEFORE if self._handler.stopping else DRAIN_SECONDS_AFTER)
        if close:
            line.hang_up(gently=unread)
        else:
            line.next()

    def _healthy(self, request: Request) -> Reply | None:
        if request.path != HEALTH:
            return None
        return STOPPING if self._handler.stopping else HEALTHY


def _note(error: Exception) -> None:
    # Frames without the message: it may quote a header.
    frames = "".join(traceback.format_tb(error.__traceback__))
    log.error("unexpected %s\n%s", type(error).__name__, frames)


async def _drained(line: Connection, body: FedBody) -> bool:
    """Swallow a rest that ends soon; whether it has ended."""
    before = body.left
    await line.rest(GLANCE_SECONDS)
    if before is not None and body.left is not None:
        seconds = GLANCE_SECONDS * body.left / max(before - body.left, 1)
        if seconds > DRAIN_SECONDS_BEFORE:
            return False
    await line.rest(DRAIN_SECONDS_BEFORE)
    return body.ended
