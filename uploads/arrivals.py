"""The arrivals on disk: one small file for every upload that is complete, synced and hashed.

Written once and atomically under `<root>/arrivals/{first two digits}/{id}.json`; never changed. Rows
elsewhere are derived from here, so whoever lost a call to `Policy.finished` finds everything by `scan`.

Next station: `portal/intake.py` turns an arrival into a row and a receipt.
"""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from uploads.capability import is_upload_id
from uploads.disk import sync_directory, write_new
from uploads.policy import Arrival


class ArrivalLog:
    """Arrivals under one upload root. Safe to use from several threads and processes."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._arrivals = root / "arrivals"
        self._data = root / "data"

    def data_path(self, upload_id: str) -> Path:
        """Where the bytes of an upload lie. Raises ValueError on anything but an upload id."""
        if not is_upload_id(upload_id):
            raise ValueError("not an upload id")
        return self._data / upload_id

    def path(self, upload_id: str) -> Path:
        """Where the arrival of an upload lies, whether it exists yet or not."""
        if not is_upload_id(upload_id):
            raise ValueError("not an upload id")
        return self._arrivals / upload_id[:2] / f"{upload_id}.json"

    def write(self, arrival: Arrival) -> bool:
        """Write an arrival durably; False when there already is one, which is left as it is."""
        path = self.path(arrival.upload_id)
        changed = [path.parent]
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
            changed += [self._arrivals, self._root]
        draft = path.with_name(f".{arrival.upload_id}.{secrets.token_hex(4)}")
        try:
            write_new(draft, arrival.to_json() + "\n")
            try:
                # A link, not a rename: of two writers the second must not replace the first.
                os.link(draft, path)
            except FileExistsError:
                return False
        finally:
            draft.unlink(missing_ok=True)
        for directory in changed:
            sync_directory(directory)
        return True

    def read(self, upload_id: str) -> Arrival | None:
        """The arrival of an upload, or None when there is none."""
        try:
            return Arrival.from_json(self.path(upload_id).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None

    def scan(self) -> Iterator[Arrival]:
        """Every arrival, shard by shard, in the order of ids."""
        if not self._arrivals.is_dir():
            return
        for shard in sorted(self._arrivals.iterdir()):
            for path in sorted(shard.glob("*.json")):
                if is_upload_id(path.stem):
                    yield Arrival.from_json(path.read_text(encoding="utf-8"))
