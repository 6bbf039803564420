"""Everything that is finished under one upload root, plain files and packed documents alike.

Whoever works with files after their upload asks here: by id, never by path. Open uploads are known by
their size only.

Next station: the portal, which keeps rows about what stands here, and the worker, which looks into it.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from uploads.arrivals import ArrivalLog
from uploads.disk import sync_directory
from uploads.packs import Mark, Packs
from uploads.policy import Arrival


class Shelf:
    """One upload root, for readers. Safe to use from several threads and processes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._log = ArrivalLog(root)
        self._packs = Packs(root)

    def arrival(self, upload_id: str) -> Arrival | None:
        """What arrived under this id, None when nothing did (yet). Raises ValueError on no upload id."""
        return self._log.read(upload_id) or self._packs.arrival(upload_id)

    def scan(self) -> Iterator[Arrival]:
        """Every arrival: plain files first, then packed documents, each in the order of ids."""
        yield from self._log.scan()
        yield from self._packs.scan()

    def packed_since(self, mark: Mark, limit: int = 1000) -> tuple[list[str], Mark]:
        """Ids of packed documents that came after a mark, and the mark to ask with next time."""
        return self._packs.since(mark, limit)

    def exists(self, upload_id: str) -> bool:
        """Whether there is an upload of this id, open or finished."""
        data = self._log.data_path(upload_id)
        return data.with_name(f"{data.name}.info").exists() or self._packs.holds(upload_id)

    def size(self, upload_id: str) -> int | None:
        """Bytes that are there, of an open upload too; None when there is none of this id."""
        try:
            return self._log.data_path(upload_id).stat().st_size
        except FileNotFoundError:
            return self._packs.size(upload_id)

    def open(self, upload_id: str) -> BinaryIO:
        """The bytes, from the first. Raises UnknownUpload."""
        try:
            return self._log.data_path(upload_id).open("rb", buffering=0)
        except FileNotFoundError:
            return self._packs.read(upload_id)

    @contextlib.contextmanager
    def as_file(self, upload_id: str, folder: Path) -> Iterator[Path]:
        """The bytes as a file of their own, not to be changed, gone afterwards if it was made for this.

        A plain file is itself; a packed document is written into `folder`, readable by its owner only.
        Raises UnknownUpload.
        """
        data = self._log.data_path(upload_id)
        if data.exists():
            yield data
            return
        with self._packs.read(upload_id) as source:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(prefix="document-", dir=folder)
            copy = Path(name)
            try:
                with os.fdopen(descriptor, "wb") as target:
                    shutil.copyfileobj(source, target)
                yield copy
            finally:
                copy.unlink(missing_ok=True)

    def erase(self, upload_id: str) -> bool:
        """Bytes, description and arrival are gone for good, durably; False when there were none.

        Whether it may be, and the tombstone that keeps it from coming back, are the caller's.
        """
        return self._erase_file(upload_id) or self._packs.erase(upload_id)

    def close(self) -> None:
        self._packs.close()

    def _erase_file(self, upload_id: str) -> bool:
        data, arrival = self._log.data_path(upload_id), self._log.path(upload_id)
        paths = [arrival, data.with_name(f"{data.name}.info"), data]
        found = False
        # The arrival first: a file without one is at most an upload to be finished again, and that
        # leads to the tombstone.
        for path in paths:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
                sync_directory(path.parent)
                found = True
        return found
