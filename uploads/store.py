"""What the server expects of a store, in words; `tests/contracts/store_contract.py` says it as tests.

A store is blocking code, called from threads; for one upload never by two writers at once, because the
caller holds the upload's lease (`uploads/locks.py`). The promises:

* A created upload survives a power cut once `create` has returned; before, it does not exist.
* The offset is the number of bytes present, at every instant; there is no second place that says it.
* After `sync` has returned, everything `load` reported before is on stable storage. So an offset in a 204,
  in a 201 or in the answer to a HEAD survives power loss: the server syncs before it says a number.
* A write puts bytes exactly at the offset it names. One that fails, also for want of room, keeps a prefix,
  never a gap and never a byte beyond the offset.
* The declared length is reserved when an upload is created, in one step for all processes, and given back
  by `remove`: creations side by side never overshoot the headroom. Of an upload whose length is declared
  later the most it may have is kept free until then.
* A joined upload appears with its last byte or not at all, and only when all of it is durable.
* A packed document exists, durably and finished, once `pack` has returned; before, it does not exist.
* Trouble is a `StoreFull` or a `StoreTrouble`, an upload that is not there an `UnknownUpload`.

A server offers only what its store can do: extensions with a protocol below need a store that has it.
Next station: `uploads/filestore.py`.
"""

import errno
import logging
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import IO, BinaryIO, Protocol, runtime_checkable

from uploads.disk import FULL
from uploads.errors import StoreFull, StoreTrouble, Temporary
from uploads.model import Upload

log = logging.getLogger(__name__)

Piece = bytes | bytearray | memoryview
"""Received bytes. A memoryview that can be written to may be aligned, and then goes past the page cache."""


def trouble(error: OSError) -> Temporary:
    """The refusal an operating system error stands for; the path in it stays behind."""
    if error.errno in FULL:
        return StoreFull(errno.errorcode.get(error.errno or 0, ""))
    log.error("storage trouble: %s", errno.errorcode.get(error.errno or 0, "unknown"))
    return StoreTrouble(errno.errorcode.get(error.errno or 0, ""))


class Writer(Protocol):
    """One upload, open for writing."""

    def write(self, offset: int, pieces: Sequence[Piece]) -> int:
        """Put `pieces` at `offset`, which is the present one; returns the new offset.

        The pieces are the caller's again when this returns.
        """
        ...

    def sync(self) -> None:
        """Put everything written on stable storage."""
        ...

    def cut(self, offset: int) -> None:
        """Forget the bytes from `offset` on: they could not be made durable."""
        ...

    def close(self) -> None: ...


class Store(Protocol):
    """Core: what every store can do."""

    root: Path
    """The upload root; arrivals and locks lie there whichever store holds the bytes."""

    def check_room(self, length: int) -> None:
        """Raise StoreFull when `length` more bytes would eat into the headroom."""
        ...

    def create(self, upload: Upload) -> None:
        """Store a description and an upload of no bytes, durably, its length reserved; all or nothing."""
        ...

    def load(self, upload_id: str) -> Upload: ...

    def sync(self, upload_id: str) -> None: ...

    def open(self, upload_id: str) -> Writer: ...

    def read(self, upload_id: str) -> BinaryIO:
        """The bytes present, from the first."""
        ...

    def ids(self, shards: Collection[int]) -> Iterator[str]:
        """Every upload of these shards, finished or not, in no order."""
        ...

    def tidy(self, shards: Collection[int]) -> int:
        """Remove what creations that died half-way left behind; returns how many things."""
        ...


@runtime_checkable
class CanRemove(Protocol):
    """Termination and expiration."""

    def remove(self, upload_id: str) -> None:
        """Description and bytes are gone, durably; quiet when there was nothing."""
        ...


@runtime_checkable
class CanStage(Protocol):
    """Checksum: a chunk lies aside until it is verified, so that the offset never counts it."""

    def stage(self) -> IO[bytes]:
        """An empty file, gone when closed and gone when the process dies."""
        ...


@runtime_checkable
class CanDeclare(Protocol):
    """Creation-defer-length."""

    def declare(self, upload_id: str, length: int) -> None:
        """Fix the length of an upload created without one, durably, and reserve it.

        Raises StoreFull, and then the length is as undeclared as before. Saying the same twice is quiet.
        """
        ...


@runtime_checkable
class CanJoin(Protocol):
    """Concatenation."""

    def join(self, upload: Upload, parts: Sequence[str]) -> None:
        """Give `upload` the bytes of finished `parts`, in this order, durably; all or nothing.

        `upload` may have been created before, and then has no bytes until it has all of them. Its length
        becomes the sum. The parts stay. Raises UnknownUpload for a part, StoreFull, StoreTrouble.
        """
        ...

    def hollow(self, upload_id: str) -> None:
        """Give the bytes of a joined part back as far as that can be; its offset stays. Quiet without one."""
        ...


CAPABILITIES: dict[str, type] = {
    "creation-defer-length": CanDeclare,
    "expiration": CanRemove,
    "checksum": CanStage,
    "checksum-trailer": CanStage,
    "termination": CanRemove,
    "concatenation": CanJoin,
    "concatenation-unfinished": CanJoin,
}


def extensions(store: Store) -> tuple[str, ...]:
    """The tus extensions a store makes possible, as Tus-Extension names them."""
    possible = (name for name, can in CAPABILITIES.items() if isinstance(store, can))
    return ("creation", "creation-with-upload", *possible)
