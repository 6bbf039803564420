"""The bodies one process is receiving: told to end when the process stops or another wants their upload.

Next station: `uploads/transfer.py` stores what comes.
"""

from collections.abc import Callable

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

    def receiving(self, body: Body, lease: Lease | None = None) -> "_Receiving":
        """While the block lasts the body may be ended; by whoever wants the lease, too."""
        return _Receiving(self, body, lease)

    def add(self, body: Body, lease: Lease | None, let_go: Callable[[], None]) -> None:
        self._bodies.add(body)
        self._counters.active += 1
        if lease is not None:
            lease.when_wanted(let_go)
        if self._stopping:
            body.interrupt(BodyStopped)

    def remove(self, body: Body) -> None:
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


class _Receiving:
    """One use of `Bodies.receiving`; small, because ten thousand bodies may be slow at once."""

    __slots__ = ("_bodies", "_body", "_lease")

    def __init__(self, bodies: Bodies, body: Body, lease: Lease | None) -> None:
        self._bodies = bodies
        self._body = body
        self._lease = lease

    def __enter__(self) -> None:
        self._bodies.add(self._body, self._lease, self)

    def __call__(self) -> None:
        """Another request wants the upload."""
        self._body.interrupt(BodyTaken)

    def __exit__(self, *_: object) -> None:
        self._bodies.remove(self._body)
