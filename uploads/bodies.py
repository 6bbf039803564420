"""The bodies one process is receiving: told to end when the process stops or another wants their upload.

Next station: `uploads/transfer.py` stores what comes.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from uploads import events
from uploads.body import Body, BodyStopped, BodyTaken
from uploads.counters import Counters
from uploads.errors import ConnectionBroken, UploadLocked
from uploads.locks import Lease
from uploads.model import Upload
from uploads.transfer import Stored


class Bodies:
    """Counts what they bring and how they end. Runs in the event loop only."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._bodies: set[Body] = set()
        self._stopping = False

    def interrupt(self) -> None:
        """End all, now and from now on. At once, no waiting."""
        self._stopping = True
        for body in self._bodies:
            body.interrupt(BodyStopped)

    @contextmanager
    def receiving(self, body: Body, lease: Lease | None = None) -> Iterator[None]:
        """While the block lasts the body may be ended; by whoever wants the lease, too."""
        self._bodies.add(body)
        self._counters.active += 1
        if lease is not None:
            lease.when_wanted(lambda: body.interrupt(BodyTaken))
        if self._stopping:
            body.interrupt(BodyStopped)
        try:
            yield
        finally:
            self._counters.active -= 1
            self._bodies.discard(body)

    def count(self, stored: Stored, upload: Upload, seconds: float = 0.0) -> None:
        """What came of a body for `upload`, as it was before."""
        came = stored.offset - upload.offset
        self._counters.bytes_stored += came
        if stored.ending is not None:
            self._counters.endings[stored.ending.code] += 1
            events.interrupted(upload.upload_id, came, seconds, stored.ending.code)
        self._counters.broken += isinstance(stored.ending, ConnectionBroken)
        self._counters.taken_over += isinstance(stored.ending, UploadLocked)
