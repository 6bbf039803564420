"""What a tusd that ended leaves in the upload root: stale locks, and descriptions that cannot be read.

It writes a description in place and syncs nothing, so a power cut may leave an empty one. Nobody has heard
of that upload yet; still it is put aside for a person to look at, never thrown away.

Next station: tusd's own files, `data/{id}` and `data/{id}.info`.
"""

import contextlib
import logging
import os
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from uploads.arrivals import ArrivalLog
from uploads.capability import is_upload_id, shard_of
from uploads.disk import sync_directory
from uploads.errors import StoreTrouble, UnknownUpload
from uploads.store import Store

log = logging.getLogger(__name__)

LOCK_ENDINGS = ("lock", "stop")
SETTLED_SECONDS = 60.0
"""A description that is being written is younger than this."""


def clear_locks(root: Path, shards: Collection[int]) -> int:
    """Remove the locks a tusd that is gone left in its shards; only while none serves them. Blocking.

    tusd believes a lock whose process id is alive, and after a restart that id may be anybody's.
    """
    count = 0
    for path in _of_shards(root, shards):
        if path.suffix.removeprefix(".") in LOCK_ENDINGS:
            path.unlink(missing_ok=True)
            count += 1
    return count


def broken(store: Store, arrivals: ArrivalLog, shards: Collection[int]) -> list[str]:
    """Uploads whose description cannot be read and is not just being written. Blocking."""
    before = time.time() - SETTLED_SECONDS
    found = []
    for path in _of_shards(store.root, shards):
        if path.suffix != ".info" or arrivals.path(path.stem).exists():
            continue
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime > before:
                continue
        try:
            store.load(path.stem)
        except StoreTrouble as error:
            if error.detail == "description":
                found.append(path.stem)
        except UnknownUpload:
            found.append(path.stem)  # its bytes are gone: a termination that was cut short
    return found


def put_aside(root: Path, upload_id: str) -> None:
    """Move what is left of a broken upload to `broken/`, for a person to look at. Blocking."""
    aside = root / "broken"
    aside.mkdir(exist_ok=True)
    for name in (f"{upload_id}.info", upload_id):
        with contextlib.suppress(FileNotFoundError):
            (root / "data" / name).rename(aside / name)
    sync_directory(aside)
    sync_directory(root / "data")
    log.error("upload %s: its description is lost; what is left lies in broken/", upload_id)


def _of_shards(root: Path, shards: Collection[int]) -> Iterator[Path]:
    with os.scandir(root / "data") as entries:
        for entry in entries:
            upload_id = entry.name.partition(".")[0]
            if is_upload_id(upload_id) and shard_of(upload_id) in shards:
                yield Path(entry.path)
