"""What a body has received and not handed out yet: in a large buffer, or in a few bytes of its own.

Next station: `uploads/fedbody.py`.
"""

from uploads.body import Piece
from uploads.buffers import PAGE
from uploads.supply import Supply


class Gathered:
    """Either in a large buffer, from `_start` to `_end`, or copied. `_at`: the file position it is for.

    `_swift`: the last large buffer was filled to its end.
    """

    __slots__ = ("_at", "_end", "_held", "_large", "_lent", "_start", "_supply", "_swift")

    def __init__(self, supply: Supply) -> None:
        self._supply = supply
        self._at = 0
        self._large: memoryview | None = None
        self._start = self._end = 0
        self._held: bytearray | None = None
        self._lent: memoryview | None = None
        self._swift = False

    @property
    def held(self) -> int:
        """Bytes received and not handed out yet."""
        if self._large is not None:
            return self._end - self._start
        return 0 if self._held is None else len(self._held)

    def _beside(self) -> int:
        """Where in the guest buffer the next byte would lie if the body took the buffer over."""
        return self._at % PAGE + (0 if self._held is None else len(self._held))

    def _adopt(self, end: int) -> bool:
        """Take the guest buffer over, filled up to `end`, with what is held before it."""
        large = self._supply.adopt_guest()
        if large is None:
            return False
        self._start, self._end = self._at % PAGE, end
        if self._held is not None:
            large[self._start : self._start + len(self._held)] = self._held
        self._large, self._held = large, None
        return True

    def _copy(self, view: memoryview) -> int:
        """Add to what is copied; how many bytes that is now."""
        if self._held is None:
            self._held = bytearray(view)
        else:
            self._held += view
        return len(self._held)

    def _hand_out(self) -> Piece:
        """All of it, in its order; a large buffer is lent until `_give_back`."""
        piece: Piece = b""
        if self._large is not None:
            large, piece = self._large, self._large[self._start : self._end]
            self._lent, self._large = large, None
            self._swift = self._end == len(large)
        elif self._held is not None:
            piece, self._held = memoryview(self._held), None
        self._at += len(piece)
        return piece

    def _give_back(self) -> None:
        if self._lent is not None:
            self._supply.pool.give(self._lent)
            self._lent = None

    def _forget(self) -> None:
        """Give all memory back."""
        self._give_back()
        if self._large is not None:
            self._supply.pool.give(self._large)
        self._large = self._held = None
