"""A chunk with a checksum lies aside until it is verified, then goes on to tusd, which knows no checksums.

Next station: `uploads/tusd/pouring.py`, as any other body.
"""

from collections.abc import Mapping
from typing import IO

from uploads.body import NO_TRAILERS, BodyEnding, Piece, Pour
from uploads.checksums import Expected, Verification
from uploads.hot import Running
from uploads.store import CanStage, trouble


class Aside:
    """Where the chunk lies; a Landing that leaves the upload as it is. Blocking.

    `length`: its bytes, once they are verified; None before, and when they are not what they should be.
    """

    def __init__(self, store: CanStage, offset: int, expected: Expected) -> None:
        self.beside: Running | None = None
        self.stage: IO[bytes] = store.stage()
        self.length: int | None = None
        self.at = self._offset = offset
        self._verification = Verification(expected)

    def put(self, piece: Piece, *, digested: bool = False) -> None:  # noqa: ARG002 - for nobody
        """Keep and hash. Raises StoreFull, StoreTrouble."""
        self._verification.update(piece)
        try:
            self.stage.write(piece)
        except OSError as error:
            raise trouble(error) from None
        self.at += len(piece)

    def land(self, *, complete: bool) -> int:
        """Verify; the offset has not changed. Raises what `Verification.verify` raises."""
        if complete:
            self._verification.verify()
            self.length = self.stage.tell()
            self.stage.seek(0)
        return self._offset


class AsideBody:
    """What lies aside as a Body: all there, nothing to wait for."""

    trailers: Mapping[str, str] = NO_TRAILERS
    ended = True

    def __init__(self, stage: IO[bytes], length: int) -> None:
        self.length: int | None = length
        self._stage = stage
        self._left = length

    @property
    def exhausted(self) -> bool:
        return self._left == 0

    async def read(self, enough: int, at: int) -> Piece:  # noqa: ARG002 - in order
        """The next part, out of the page cache or memory."""
        piece = self._stage.read(min(enough, self._left))
        self._left -= len(piece)
        return piece

    def pour(self, into: Pour | None) -> None:
        """None of it comes slowly."""

    def interrupt(self, why: type[BodyEnding]) -> None:
        """It is too short to be stopped half-way."""
