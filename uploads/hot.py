"""The SHA-256 of what has come so far, from the bytes while they are hot, kept between requests.

Reading a large file again costs as much as receiving it. Whatever is in doubt is dropped: then the file is
read once more when it is complete (`uploads/finishing.py`), as it is after a crash.
"""

import hashlib
from collections import OrderedDict

from uploads.body import Piece

MOST_KEPT = 4096


class Running:
    """The digest of the first `size` bytes of an upload. One thread at a time."""

    __slots__ = ("_digest", "size")

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self.size = 0

    def update(self, piece: Piece) -> None:
        """The bytes that follow."""
        self._digest.update(piece)
        self.size += len(piece)

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


class HotDigests:
    """Digests of unfinished uploads of one process, the most recently used ones. Event loop only."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._kept: OrderedDict[str, Running] = OrderedDict()

    def take(self, upload_id: str, offset: int) -> Running | None:
        """The digest of exactly the bytes before `offset`, which is the caller's now; None if unknown."""
        running = self._kept.pop(upload_id, None)
        if offset == 0:
            return Running()
        return running if running is not None and running.size == offset else None

    def keep(self, upload_id: str, running: Running | None, offset: int) -> None:
        """Remember it for the next request, unless it is not of exactly the bytes before `offset`."""
        if running is None or running.size != offset:
            return
        self._kept[upload_id] = running
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def drop(self, upload_id: str) -> Running | None:
        """Whatever is known of it, which is the caller's now."""
        return self._kept.pop(upload_id, None)
