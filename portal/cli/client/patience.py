"""How the client waits: full jitter from 1 to 60 s, never sooner than the server asks, and not forever.

Next station: `portal.cli.client.transfer`, which waits with it between two attempts.
"""

import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

__all__ = [
    "LARGE_CHUNK",
    "SMALL_CHUNK",
    "ChunkSize",
    "GaveUp",
    "Patience",
    "Stopped",
    "retry_after",
]

SHORTEST, LONGEST = 1.0, 60.0
MOST_ASKED = 3600.0
LARGE_CHUNK = 8 * 1024 * 1024
SMALL_CHUNK = 256 * 1024
FAILURES_BEFORE_SMALL = 2
STORED_BEFORE_LARGER = 4


class Stopped(Exception):
    """The person pressed Ctrl-C; what was acknowledged is safe."""


class GaveUp(Exception):
    """Nothing moved for as long as was allowed; the message is the last trouble met."""


class Patience:
    """Waits between attempts of one file. `limit`: seconds without progress before GaveUp."""

    def __init__(
        self,
        stop: threading.Event,
        limit: float,
        told: Callable[[str, float], None] = lambda _why, _seconds: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.stop = stop
        self.limit = limit
        self.told = told
        self.clock = clock
        self.attempt = 0
        self.since = clock()

    def progress(self) -> None:
        """Something was stored: the next trouble starts again at the shortest wait."""
        self.attempt = 0
        self.since = self.clock()

    def wait(self, why: str, asked: float | None = None) -> None:
        """Wait before the next attempt; `asked` is Retry-After in seconds.

        Raises GaveUp when the limit is over, Stopped when the person stops.
        """
        if self.clock() - self.since >= self.limit:
            raise GaveUp(why)
        seconds = self.seconds(asked)
        self.attempt += 1
        self.told(why, seconds)
        self.pause(seconds)

    def pause(self, seconds: float) -> None:
        """Wait, but not through a Ctrl-C. Raises Stopped."""
        if self.stop.wait(seconds):
            raise Stopped

    def seconds(self, asked: float | None) -> float:
        """The next wait. Spread out even where a time was asked: all were asked the same."""
        if asked is not None:
            asked = min(asked, MOST_ASKED)
            return asked + random.uniform(0, min(asked / 4 + 1, LONGEST))  # noqa: S311
        return random.uniform(SHORTEST, min(LONGEST, 2.0 ** (self.attempt + 1)))  # noqa: S311


class ChunkSize:
    """8 MiB while the line holds, 256 KiB after two failures in a row, then doubling again.

    Small chunks on a bad line are acknowledged before it drops; large ones cost fewer round trips.
    """

    def __init__(self) -> None:
        self.size = LARGE_CHUNK
        self._failures = self._stored = 0

    def failed(self) -> None:
        self._failures += 1
        self._stored = 0
        if self._failures >= FAILURES_BEFORE_SMALL:
            self.size = SMALL_CHUNK

    def stored(self) -> None:
        self._failures = 0
        self._stored += 1
        if self._stored >= STORED_BEFORE_LARGER:
            self.size = min(LARGE_CHUNK, self.size * 2)
            self._stored = 0


def retry_after(value: str | None) -> float | None:
    """Seconds in a Retry-After field (RFC 9110 section 10.2.3: seconds, or a date); None if none."""
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value.strip())
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())
