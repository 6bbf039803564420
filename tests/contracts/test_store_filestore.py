"""FileStore keeps the promises of a store, and what it alone promises about the disk."""

import errno
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.contracts.store_contract import (
    FIRST,
    SECOND,
    DeclaringContract,
    JoiningContract,
    RemovalContract,
    StagingContract,
    StoreContract,
)
from tests.unit.uploads.builders import an_upload
from uploads.errors import StoreFull, StoreTrouble
from uploads.filestore import ORPHAN_SECONDS, FileStore


class EveryContract(
    StoreContract, RemovalContract, StagingContract, DeclaringContract, JoiningContract
):
    pass


class TestFileStore(EveryContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> FileStore:
        return FileStore(tmp_path)


class TestFileStoreWithoutReservation(EveryContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> FileStore:
        return FileStore(tmp_path, preallocate=False)


class TestFileStoreThroughTheCache(EveryContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> FileStore:
        return FileStore(tmp_path, direct=False)


class TestFileStoreInMemory(EveryContract):
    """A file system that has no O_DIRECT, or one of its own kind."""

    @pytest.fixture
    def store(self) -> Iterator[FileStore]:
        with tempfile.TemporaryDirectory(dir="/dev/shm") as root:
            yield FileStore(Path(root))


def test_the_description_is_what_tusd_reads(tmp_path: Path) -> None:
    """tusd's file store, version 2: these names, MetaData values strings, no path of this machine."""
    FileStore(tmp_path).create(an_upload(FIRST, length=123))
    info = json.loads((tmp_path / "data" / f"{FIRST}.info").read_text())
    assert info["ID"] == FIRST
    assert info["Size"] == 123
    assert info["SizeIsDeferred"] is info["IsPartial"] is info["IsFinal"] is False
    assert info["Storage"] == {"Type": "filestore"}
    assert info["MetaData"]["filename"] == "surat keputusan.pdf"
    assert all(isinstance(value, str) for value in info["MetaData"].values())


def test_a_reservation_counts_as_used_and_leaves_the_size_alone(tmp_path: Path) -> None:
    FileStore(tmp_path).create(an_upload(FIRST, length=8 << 20))
    status = (tmp_path / "data" / FIRST).stat()
    assert status.st_size == 0
    assert status.st_blocks * 512 >= 8 << 20


def test_headroom_stays_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = SimpleNamespace(f_bavail=1000, f_frsize=4096)
    monkeypatch.setattr("uploads.space.os.statvfs", lambda _: disk)
    store = FileStore(tmp_path, headroom=900 * 4096)
    store.check_room(100 * 4096)
    with pytest.raises(StoreFull):
        store.check_room(100 * 4096 + 1)


def test_a_creation_that_dies_half_way_leaves_no_upload(tmp_path: Path) -> None:
    """Data without description is no upload, and goes after an hour; nothing else does."""
    store = FileStore(tmp_path)
    store.create(an_upload(FIRST))
    data = tmp_path / "data"
    young, old, draft = "1" * 32, "2" * 32, "3" * 32 + ".draft"
    for name in (young, old, draft):
        (data / name).touch()
    long_ago = time.time() - ORPHAN_SECONDS - 10
    for name in (old, draft, FIRST):
        os.utime(data / name, (long_ago, long_ago))
    assert set(store.ids(range(256))) == {FIRST}
    assert store.tidy(range(256)) == 2
    assert {path.name for path in data.iterdir()} == {FIRST, f"{FIRST}.info", young}


def test_a_broken_description_is_trouble_not_absence(tmp_path: Path) -> None:
    """404 would make a client begin again; the bytes are still there for whoever repairs it."""
    store = FileStore(tmp_path)
    store.create(an_upload(FIRST))
    (tmp_path / "data" / f"{FIRST}.info").write_text("{")
    with pytest.raises(StoreTrouble) as caught:
        store.load(FIRST)
    assert "surat" not in str(caught.value)


def test_more_data_than_declared_is_trouble(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    store.create(an_upload(FIRST, length=2))
    (tmp_path / "data" / FIRST).write_bytes(b"abc")
    with pytest.raises(StoreTrouble):
        store.load(FIRST)


LIMITED = """
import resource, sys
from pathlib import Path
from tests.contracts.store_contract import FIRST
from uploads.errors import StoreFull
from uploads.filestore import FileStore
resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500))
writer = FileStore(Path(sys.argv[1])).open(FIRST)
try:
    writer.write(0, [b"x" * 1000, b"y" * 1000])
except StoreFull:
    print("full")
"""


def test_a_write_the_system_cuts_short_keeps_a_prefix(tmp_path: Path) -> None:
    """RLIMIT_FSIZE stands in for a quota: the kernel writes what fits, then refuses."""
    FileStore(tmp_path, preallocate=False).create(an_upload(FIRST, length=5000))
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path)],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.stdout.strip() == "full"
    assert (tmp_path / "data" / FIRST).read_bytes() == b"x" * 1000 + b"y" * 500


def test_no_room_for_the_reservation_creates_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(descriptor: int, length: int, *, keep_size: bool = True) -> bool:
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr("uploads.space.reserve", no_room)
    with pytest.raises(StoreFull):
        FileStore(tmp_path).create(an_upload(FIRST))
    assert list((tmp_path / "data").iterdir()) == []


ROOM = 64 << 20


@pytest.mark.parametrize("preallocate", [True, False])
def test_creations_side_by_side_never_overshoot_the_headroom(
    tmp_path: Path, preallocate: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several stores, as several processes have them, want ten times the room there is."""
    data = tmp_path / "data"

    def statvfs(path: Path) -> SimpleNamespace:
        """A disk of its own: 1 GiB, and nobody else writes to it."""
        used = 0
        for path in data.iterdir():
            with suppress(FileNotFoundError):
                used += 0 if path.suffix else path.stat().st_blocks * 512
        return SimpleNamespace(f_bavail=(1 << 30) - used, f_frsize=1)

    monkeypatch.setattr("uploads.space.os.statvfs", statvfs)
    headroom = (1 << 30) - ROOM
    stores = [FileStore(tmp_path, headroom=headroom, preallocate=preallocate) for _ in range(4)]

    def create(n: int) -> bool:
        try:
            stores[n % 4].create(an_upload(f"{n:032x}", ROOM // 8, max_size=ROOM))
        except StoreFull:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(create, range(80))) == 8
    made = list(stores[0].ids(range(256)))
    assert len(made) == 8
    for upload_id in made[:4]:
        stores[1].remove(upload_id)
    stores[2].create(an_upload(FIRST, ROOM // 2, max_size=ROOM))


def test_where_nothing_can_be_reserved_a_promise_shrinks_with_every_byte(tmp_path: Path) -> None:
    store = FileStore(tmp_path, preallocate=False)
    store.create(an_upload(FIRST, 10 << 20, max_size=10 << 20))
    writer = store.open(FIRST)
    assert FileStore(tmp_path).space.promised() == 10 << 20
    writer.write(0, [bytes(4 << 20)])
    assert FileStore(tmp_path).space.promised() == 6 << 20
    writer.write(4 << 20, [bytes(6 << 20)])
    writer.close()
    store.create(an_upload(SECOND, 1000))
    assert store.space.promised() == 1000
    store.remove(SECOND)
    assert store.space.promised() == 0
    assert list((tmp_path / "promised").iterdir()) == []


def test_a_declared_length_is_reserved_where_the_file_ends(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    store.create(an_upload(FIRST, None, max_size=2**24))
    store.declare(FIRST, 8 << 20)
    status = (tmp_path / "data" / FIRST).stat()
    assert (status.st_size, status.st_blocks * 512 >= 8 << 20) == (0, True)


def test_no_sync_is_made_where_durability_is_switched_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(descriptor: int) -> None:
        raise AssertionError

    monkeypatch.setattr(os, "fsync", never)
    monkeypatch.setattr(os, "fdatasync", never)
    store = FileStore(tmp_path, durable=False)
    store.create(an_upload(FIRST, 3))
    writer = store.open(FIRST)
    writer.write(0, [b"abc"])
    writer.sync()
    writer.close()
    store.join(an_upload(SECOND, 3), [FIRST])
    assert store.load(SECOND).finished


@pytest.mark.parametrize("preallocate", [True, False])
def test_room_for_a_length_that_comes_later_is_kept_and_the_rest_given_back(
    tmp_path: Path, preallocate: bool
) -> None:
    store = FileStore(tmp_path, preallocate=preallocate)
    store.create(an_upload(FIRST, None, max_size=8 << 20))
    assert store.space.promised() == 8 << 20
    writer = store.open(FIRST)
    writer.write(0, [b"x" * 4096])
    writer.close()
    assert store.space.promised() == (8 << 20) - 4096
    store.declare(FIRST, 1 << 20)
    assert store.space.promised() <= (1 << 20) - 4096
    store.remove(FIRST)
    assert store.space.promised() == 0
