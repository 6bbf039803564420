"""The chunked coding (RFC 9112, 7.1), read strictly: sizes are plain hex, extensions are few and short.

Next station: `uploads/fedbody.py` holds the decoded bytes.
"""

import re
from collections.abc import Callable, Mapping
from enum import Enum, auto

from uploads.receiver.head import BadHead, parse_trailers

LINE_BYTES = 256
"""A size with its extensions."""
EXTENSION_BYTES = 16 * 1024
"""All extensions of one body: nobody uses them, and each costs work for no data."""
TRAILER_BYTES = 8 * 1024
# Fifteen digits: no size overflows what a file can be.
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})([ \t]*;[\t\x20-\x7e\x80-\xff]*)?")


class _Stage(Enum):
    SIZE = auto()
    DATA = auto()
    AFTER_DATA = auto()
    TRAILERS = auto()
    END = auto()


class Chunks:
    """Decodes one body. `feed` gets each piece of data, in order, valid only during the call."""

    __slots__ = ("_extensions", "_feed", "_left", "_line", "_stage", "trailers")

    def __init__(self, feed: Callable[[memoryview], None]) -> None:
        self._feed = feed
        self._stage = _Stage.SIZE
        self._left = 0
        self._line = b""
        self._extensions = 0
        self.trailers: Mapping[str, str] = {}

    @property
    def ended(self) -> bool:
        return self._stage is _Stage.END

    def take(self, view: memoryview) -> int:
        """Decode; returns how many bytes belonged to the body. Raises BadHead."""
        at = 0
        while at < len(view) and self._stage is not _Stage.END:
            if self._stage is _Stage.DATA:
                piece = view[at : at + self._left]
                self._feed(piece)
                self._left -= len(piece)
                at += len(piece)
                if not self._left:
                    self._stage = _Stage.AFTER_DATA
            elif self._stage is _Stage.TRAILERS:
                at += self._take_trailers(view[at:])
            else:
                at += self._take_line(view[at:])
        return at

    def _take_line(self, view: memoryview) -> int:
        seen, before = self._line + bytes(view[:LINE_BYTES]), len(self._line)
        end = seen.find(b"\n")
        if end < 0:
            if len(seen) >= LINE_BYTES:
                raise BadHead
            self._line = seen
            return len(seen) - before
        if end >= LINE_BYTES or seen[end - 1 : end] != b"\r":
            raise BadHead
        line, self._line = seen[: end - 1], b""
        if self._stage is _Stage.AFTER_DATA:
            if line:
                raise BadHead
            self._stage = _Stage.SIZE
        else:
            self._begin_chunk(line)
        return end + 1 - before

    def _begin_chunk(self, line: bytes) -> None:
        found = _SIZE.fullmatch(line)
        if found is None:
            raise BadHead
        self._extensions += len(found.group(2) or b"")
        if self._extensions > EXTENSION_BYTES:
            raise BadHead
        self._left = int(found.group(1), 16)
        self._stage = _Stage.DATA if self._left else _Stage.TRAILERS

    def _take_trailers(self, view: memoryview) -> int:
        seen, before = self._line + bytes(view[:TRAILER_BYTES]), len(self._line)
        end = 2 if seen.startswith(b"\r\n") else seen.find(b"\r\n\r\n") + 4
        if end < 4 and not seen.startswith(b"\r\n"):
            if len(seen) >= TRAILER_BYTES:
                raise BadHead(431)
            self._line = seen
            return len(seen) - before
        if end > TRAILER_BYTES:
            raise BadHead(431)
        self.trailers, self._line = parse_trailers(seen[:end]), b""
        self._stage = _Stage.END
        return end - before
