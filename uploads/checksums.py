"""What a chunk must come to, whether that is said before its bytes or behind them.

Next station: `uploads/transfer.py` keeps a chunk aside until it is verified.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from uploads.body import Piece
from uploads.errors import ChecksumMismatch
from uploads.headers import Checksum


@dataclass(frozen=True, slots=True)
class Awaited:
    """A checksum that comes behind the bytes, by one of some algorithms.

    `read` gives it when all bytes are here, and raises BadHeader or UnknownAlgorithm.
    """

    algorithms: tuple[str, ...]
    read: Callable[[], Checksum]


Expected = Checksum | Awaited


class Verification:
    """Digests of the bytes that come, one for each algorithm it may turn out to be. Blocking."""

    def __init__(self, expected: Expected) -> None:
        self._expected = expected
        names = expected.algorithms if isinstance(expected, Awaited) else (expected.algorithm,)
        self._digests = {name: hashlib.new(name, usedforsecurity=False) for name in names}

    def update(self, piece: Piece) -> None:
        for digest in self._digests.values():
            digest.update(piece)

    def verify(self) -> None:
        """All bytes are here. Raises ChecksumMismatch, and what `Awaited.read` raises."""
        expected = self._expected
        checksum = expected.read() if isinstance(expected, Awaited) else expected
        if self._digests[checksum.algorithm].digest() != checksum.digest:
            raise ChecksumMismatch
