"""Which part belongs to which final upload: `<root>/joins/{part}` names it, for every process.

A claim is worth nothing once its final upload is gone, unless the part's bytes were given back: then the
part can never be joined again. Changes are made under one file lock, all parts of a final upload at once.

Next station: `uploads/concatenation.py`.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from uploads.disk import sync_directory, write_new
from uploads.errors import UnknownUpload
from uploads.model import Upload
from uploads.store import CanJoin, Store, trouble

SPENT = "spent"


class Claims:
    """The claims under one upload root. Blocking; raises StoreFull and StoreTrouble like a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._directory = store.root / "joins"

    def holder(self, part_id: str) -> str | None:
        """The id of the final upload a part was claimed for last."""
        return self._read(part_id)[0]

    def final(self, final_id: str | None) -> Upload | None:
        """A final upload, None when it is gone."""
        try:
            return None if final_id is None else self._store.load(final_id)
        except UnknownUpload:
            return None

    def holds(self, part_id: str) -> bool:
        """Whether a final upload still waits for this part."""
        final = self.final(self.holder(part_id))
        return final is not None and not final.finished

    def are_free(self, parts: Sequence[str], final_id: str = "") -> bool:
        """Whether no part is spent or claimed for a final upload that exists, but `final_id`."""
        for part_id in parts:
            holder, spent = self._read(part_id)
            if holder != final_id and (spent or self.final(holder) is not None):
                return False
        return True

    def claim(self, final: Upload) -> bool:
        """Claim all parts or none, durably; False when one of them is another's. May be repeated."""
        with self._alone():
            if not self.are_free(final.parts, final.upload_id):
                return False
            claimed = [part for part in final.parts if self._read(part)[0] != final.upload_id]
            for part_id in claimed:
                self._write(part_id, final.upload_id)
            if claimed:
                sync_directory(self._directory)
        return True

    def let_go(self, upload: Upload) -> None:
        """An upload was removed: a final one frees its parts, a part belongs to nobody."""
        if upload.partial:
            self._forget(upload.upload_id)
        if upload.parts:
            with self._alone():
                for part_id in upload.parts:
                    if self._read(part_id) == (upload.upload_id, False):
                        self._forget(part_id)

    def spend(self, final: Upload) -> None:
        """After the join: the parts' bytes are given back. May be repeated."""
        assert isinstance(self._store, CanJoin)
        with self._alone():
            for part_id in final.parts:
                self._write(part_id, f"{final.upload_id} {SPENT}")
            # Before the bytes go: a part of zeros must never be joined.
            sync_directory(self._directory)
        for part_id in final.parts:
            self._store.hollow(part_id)

    def _forget(self, part_id: str) -> None:
        try:
            (self._directory / part_id).unlink(missing_ok=True)
        except OSError as error:
            raise trouble(error) from None

    def _read(self, part_id: str) -> tuple[str | None, bool]:
        try:
            holder, _, spent = (self._directory / part_id).read_text("ascii").partition(" ")
        except FileNotFoundError:
            return None, False
        except OSError as error:
            raise trouble(error) from None
        return holder, spent == SPENT

    def _write(self, part_id: str, text: str) -> None:
        draft = self._directory / f".{part_id}.{secrets.token_hex(4)}"
        write_new(draft, text)
        draft.rename(self._directory / part_id)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        try:
            self._directory.mkdir(exist_ok=True)
            descriptor = os.open(self._directory / ".lock", os.O_CREAT | os.O_RDWR, 0o640)
        except OSError as error:
            raise trouble(error) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        except OSError as error:
            raise trouble(error) from None
        finally:
            os.close(descriptor)
