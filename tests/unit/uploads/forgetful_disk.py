"""A model of a disk at a power cut: what was synced is there; of the rest anything may be, in any order.

It runs beside the real file system and looks at what is synced (fsync, fdatasync of files and directories).
`lose` then puts together one of the states a power cut may leave:

* Of a file, its content at the last sync; each 512-byte sector written since then is there or not,
  independently of the others. The end may have moved on as far as bytes were really appended: no file
  system in use puts a new end on disk before the bytes in front of it, so appended bytes are there as a
  prefix. A file that was never synced may be empty.
* Of a directory, its entries at the last sync; each entry made, replaced or removed since then is as
  before or as after, independently of the others.
* The index of the packs (SQLite syncs by itself) as at any moment since the last durable change, or gone.
"""

import contextlib
import os
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

SECTOR = 512


class PowerCut(Exception):
    """The power is gone: whatever runs after this is not part of the story."""


class ForgetfulDisk:
    """Over the folder `root`, while its `watched` block runs. `cut_at`: which sync call never returns."""

    def __init__(self, root: Path, *, seed: int = 0, cut_at: int | None = None) -> None:
        self.root = root
        self.lost: Path | None = None
        self.syncs = 0
        self._random = random.Random(seed)
        self._cut_at = cut_at
        self._graves = root.with_name(root.name + ".graves")
        self._graves.mkdir()
        self._contents: dict[int, bytes] = {}
        self._entries: dict[Path, dict[str, int]] = {}
        self._indexes: list[bytes | None] = [None]
        self._sync_directory(root)

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Sync calls of this process are seen; ends at the power cut at the latest."""
        real = {name: getattr(os, name) for name in ("fsync", "fdatasync")}

        def seen(name: str) -> Callable[[int], None]:
            def sync(descriptor: int) -> None:
                path = Path(f"/proc/self/fd/{descriptor}").readlink()
                if self.root in path.parents or path == self.root:
                    self._count()
                    self._note(descriptor, path)
                else:
                    real[name](descriptor)

            return sync

        for name in real:
            setattr(os, name, seen(name))
        try:
            with contextlib.suppress(PowerCut):
                yield
        finally:
            for name, call in real.items():
                setattr(os, name, call)

    def remember_index(self, *, durably: bool = False) -> None:
        """The index as it is now may be what a power cut leaves; `durably`: nothing older may."""
        path = self.root / "packs" / "index.db"
        if durably:
            self._indexes.clear()
        with contextlib.closing(sqlite3.connect(path)) as index:
            self._indexes.append(index.serialize())

    def lose(self) -> Path:
        """Cut the power now, unless that has happened already: the root as it is found afterwards."""
        if self.lost is None:
            self.lost = self.root.with_name(self.root.name + ".lost")
            self._build(self.root, self.lost)
            index = self._random.choice(self._indexes)
            if index is not None and (self.lost / "packs").is_dir():
                (self.lost / "packs" / "index.db").write_bytes(index)
        return self.lost

    def forget(self) -> None:
        """Remove what the model has made."""
        for path in (self._graves, self.lost):
            if path is not None:
                shutil.rmtree(path, ignore_errors=True)

    def _count(self) -> None:
        if self.lost is not None:
            raise PowerCut
        if self.syncs == self._cut_at:
            self.lose()
            raise PowerCut
        self.syncs += 1

    def _note(self, descriptor: int, path: Path) -> None:
        if path.is_dir():
            self._sync_directory(path)
            return
        number = os.fstat(descriptor).st_ino
        self._contents[number] = Path(f"/proc/self/fd/{descriptor}").read_bytes()
        with contextlib.suppress(FileNotFoundError, FileExistsError):
            # A file with another name keeps its number, so that no other file gets it.
            os.link(path, self._graves / str(number))

    def _sync_directory(self, path: Path) -> None:
        self._entries[path] = _entries(path)

    def _build(self, source: Path, target: Path) -> None:
        target.mkdir()
        before, after = self._entries.get(source, {}), _entries(source)
        for name in sorted({*before, *after}):
            number = self._random.choice([before.get(name), after.get(name)])
            if name.startswith("index.db") or number is None:
                continue
            path = source / name
            if path.is_dir():
                self._build(path, target / name)
            else:
                now = path.read_bytes() if after.get(name) == number else self._buried(number)
                (target / name).write_bytes(self._torn(self._contents.get(number, b""), now))

    def _buried(self, number: int) -> bytes:
        grave = self._graves / str(number)
        return grave.read_bytes() if grave.exists() else self._contents.get(number, b"")

    def _torn(self, before: bytes, after: bytes) -> bytes:
        """One of the states between a file's content at its last sync and now."""
        common = min(len(before), len(after))
        content = bytearray(before)
        for at in range(0, common, SECTOR):
            end = min(at + SECTOR, common)
            if content[at:end] != after[at:end] and self._random.random() < 0.5:
                content[at:end] = after[at:end]
        if len(after) > len(before):
            return bytes(content + after[common : self._random.randint(common, len(after))])
        return bytes(content[: self._random.choice([len(before), len(after)])])


def _entries(path: Path) -> dict[str, int]:
    with os.scandir(path) as found:
        return {entry.name: entry.inode() for entry in found}
