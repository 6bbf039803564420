"""Packed documents for whoever reads them: the portal, the worker, the upload processes. And erasing.

Next station: `uploads/shelf.py`, where packed documents and plain files look alike.
"""

import contextlib
import io
import logging
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from uploads.capability import is_upload_id
from uploads.disk import sync_directory
from uploads.errors import StoreTrouble, UnknownUpload
from uploads.model import Upload
from uploads.packs import segment
from uploads.packs.index import Index, Mark, Place
from uploads.packs.layout import Head
from uploads.policy import Arrival
from uploads.store import trouble

log = logging.getLogger(__name__)


class Packs:
    """The documents packed under one upload root. Safe to use from several threads and processes.

    What was never packed raises UnknownUpload; a disk that fails StoreTrouble.
    """

    def __init__(self, root: Path) -> None:
        self.folder = root / "packs"
        self._index = Index(self.folder / "index.db")

    def holds(self, upload_id: str) -> bool:
        """Whether a document of this id is packed here."""
        return self._find(upload_id) is not None

    def size(self, upload_id: str) -> int | None:
        """Bytes of a document, None when it is not packed here."""
        place = self._find(upload_id)
        return None if place is None else place.size

    def load(self, upload_id: str) -> Upload:
        """The finished upload."""
        with self._head(upload_id) as (_, head):
            return head.upload()

    def arrival(self, upload_id: str) -> Arrival | None:
        """The arrival of a document, None when it is not packed here."""
        with contextlib.suppress(UnknownUpload), self._head(upload_id) as (_, head):
            return head.arrival()
        return None

    def read(self, upload_id: str) -> BinaryIO:
        """The bytes of a document, from the first."""
        with self._head(upload_id) as (descriptor, head):
            body = segment.body_of(descriptor, head)
        if len(body) != head.size:
            raise StoreTrouble("packed document cut short")
        return io.BytesIO(body)

    def scan(self) -> Iterator[Arrival]:
        """Every arrival, in the order of ids."""
        if not self._index.exists():
            return
        with _troubled():
            for upload_id in self._index.ids():
                arrival = self.arrival(upload_id)
                if arrival is not None:
                    yield arrival

    def since(self, mark: Mark, limit: int = 1000) -> tuple[list[str], Mark]:
        """Up to `limit` documents that came after a mark, and the mark to ask with next time."""
        if not self._index.exists():
            return [], mark
        with _troubled():
            return self._index.since(mark, limit)

    def totals(self) -> tuple[int, int, int]:
        """Documents, their bytes, and the bytes their segments take on the disk."""
        if not self._index.exists():
            return 0, 0, 0
        paths = self.folder.glob(f"*{segment.ENDING}")
        with _troubled():
            count, size = self._index.totals()
        return count, size, sum(path.stat().st_blocks * 512 for path in paths)

    def erase(self, upload_id: str) -> bool:
        """The bytes and the description are gone for good, durably; False when there were none here."""
        place = self._find(upload_id)
        if place is None:
            return False
        with _troubled():
            self._index.erasing(upload_id)
            self._erase(place)
        return True

    def close(self) -> None:
        self._index.close()

    def _erase(self, place: Place) -> None:
        path = self._path(place.segment)
        with contextlib.suppress(FileNotFoundError):
            descriptor = os.open(path, os.O_RDWR)
            try:
                head = segment.head_at(descriptor, place.nonce, place.at)
                if head is not None and head.living:
                    segment.erase(descriptor, place.nonce, head)
                self._index.erased(place.upload_id)
                self._remove_if_empty(place.segment, descriptor)
            finally:
                os.close(descriptor)
            return
        self._index.erased(place.upload_id)

    def _remove_if_empty(self, name: str, descriptor: int) -> None:
        """A segment without documents goes, unless somebody still appends to it."""
        known = self._index.segments().get(name)
        if known is None or not known.closed or self._index.count_in(name):
            return
        if segment.hold(descriptor):
            self._path(name).unlink(missing_ok=True)
            sync_directory(self.folder)
            self._index.forget_segment(name)

    def _find(self, upload_id: str) -> Place | None:
        if not is_upload_id(upload_id) or not self._index.exists():
            return None
        with _troubled():
            return self._index.find(upload_id)

    @contextlib.contextmanager
    def _head(self, upload_id: str) -> Iterator[tuple[int, Head]]:
        place = self._find(upload_id)
        if place is None:
            raise UnknownUpload
        try:
            descriptor = os.open(self._path(place.segment), os.O_RDONLY)
        except OSError as error:
            if self._find(upload_id) is None:  # erased meanwhile, and its segment with it
                raise UnknownUpload from None
            raise trouble(error) from None
        try:
            head = segment.head_at(descriptor, place.nonce, place.at)
            if head is None:
                log.error("upload %s: its head in the pack cannot be read", upload_id)
                raise StoreTrouble("pack")
            if not head.living:
                raise UnknownUpload
            yield descriptor, head
        except OSError as error:
            raise trouble(error) from None
        finally:
            os.close(descriptor)

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}{segment.ENDING}"


@contextlib.contextmanager
def _troubled() -> Iterator[None]:
    """Trouble with the index or the disk, as a refusal."""
    try:
        yield
    except OSError as error:
        raise trouble(error) from None
    except sqlite3.Error as error:
        log.error("the index of packs: %s", type(error).__name__)  # noqa: TRY400
        raise StoreTrouble("index") from None
