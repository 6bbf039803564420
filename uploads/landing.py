"""Where the pieces of one request go: straight into the upload, or aside until a checksum is right.

A landing is blocking and lives in threads. Without a checksum bytes land in the upload as they come, and
whatever came before an ending stays. With a checksum the chunk lies aside until it is verified, all or
nothing, because the offset must never count bytes that were not (tus 1.0.0 checksum: "the uploaded chunk
MUST be discarded").

Next station: `uploads/filestore.py` writes, `uploads/finishing.py` takes what is complete.
"""

from typing import IO, Protocol

from uploads.body import Piece
from uploads.checksums import Expected, Verification
from uploads.errors import Temporary
from uploads.hot import Running
from uploads.locks import Lease
from uploads.model import Upload
from uploads.store import CanStage, Store, Writer, trouble

MIB = 1024 * 1024
SYNC_EVERY = 16 * MIB
"""Dirty bytes are bounded, so that the sync a HEAD waits for is short."""


class Landing(Protocol):
    """Where the pieces of one request go. Blocking; one thread at a time."""

    beside: Running | None
    """A digest that wants every piece, in order, from another thread while the piece is put."""
    at: int
    """The file position of the next piece."""

    def put(self, piece: Piece, *, digested: bool) -> None: ...

    def land(self, *, complete: bool) -> int: ...


class PlainLanding:
    """Bytes go straight into the upload. Blocking; one thread at a time."""

    __slots__ = ("_lease", "_store", "_synced", "_upload_id", "_writer", "at", "beside")

    def __init__(
        self, store: Store, lease: Lease, upload: Upload, running: Running | None = None
    ) -> None:
        self.beside = running
        self._store = store
        self._lease = lease
        self._upload_id = upload.upload_id
        self._writer: Writer | None = None
        self.at = self._synced = upload.offset

    def put(self, piece: Piece, *, digested: bool = False) -> None:
        """Write at the offset. Raises UploadLocked when the lease has passed, StoreFull, StoreTrouble.

        `digested`: somebody else adds the piece to the running digest.
        """
        self._lease.check()
        if self._writer is None:
            self._writer = self._store.open(self._upload_id)
        try:
            self.at = self._writer.write(self.at, [piece])
        except Temporary:
            # A prefix may have been written, and the upload's size is the offset.
            self.at = self._store.load(self._upload_id).offset
            raise
        if self.beside is not None and not digested:
            self.beside.update(piece)
        if self.at - self._synced >= SYNC_EVERY:
            self._sync(self._writer)

    def land(self, *, complete: bool) -> int:  # noqa: ARG002 - a broken body's bytes are kept too
        """Everything put is durable; returns the offset."""
        writer, self._writer = self._writer, None
        if writer is None:
            self._store.sync(self._upload_id)
            return self.at
        try:
            if self.at != self._synced:
                self._sync(writer)
        finally:
            writer.close()
        return self.at

    def _sync(self, writer: Writer) -> None:
        try:
            writer.sync()
        except Temporary:
            # After a failed sync nobody knows which pages reached the disk; they must not be counted.
            writer.cut(self._synced)
            self.at = self._synced
            raise
        self._synced = self.at


class VerifiedLanding:
    """A chunk lies aside until its digest is right, then goes into the upload. Blocking."""

    def __init__(
        self,
        store: Store,
        lease: Lease,
        upload: Upload,
        expected: Expected,
        running: Running | None = None,
    ) -> None:
        assert isinstance(store, CanStage)
        self.beside: Running | None = None
        self._plain = PlainLanding(store, lease, upload, running)
        self._offset = self.at = upload.offset
        self._stage: IO[bytes] = store.stage()
        self._verification = Verification(expected)

    def put(self, piece: Piece, *, digested: bool = False) -> None:  # noqa: ARG002 - not yet
        """Keep and hash. Raises StoreFull, StoreTrouble."""
        self._verification.update(piece)
        try:
            self._stage.write(piece)
        except OSError as error:
            raise trouble(error) from None
        self.at += len(piece)

    def land(self, *, complete: bool) -> int:
        """Verify and move, durably; returns the offset. Raises what `Verification.verify` raises."""
        with self._stage:
            if not complete:
                return self._offset
            self._verification.verify()
            self._stage.seek(0)
            while block := self._stage.read(MIB):
                self._plain.put(block)
        return self._plain.land(complete=True)


def landing(
    store: Store,
    lease: Lease,
    upload: Upload,
    expected: Expected | None,
    running: Running | None = None,
) -> Landing:
    """The landing a request asked for; `running` is fed with what lands."""
    if expected is None:
        return PlainLanding(store, lease, upload, running)
    return VerifiedLanding(store, lease, upload, expected, running)
