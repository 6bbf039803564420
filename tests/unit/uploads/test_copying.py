"""A copy of an upload root in use is a root itself, and takes from the one before what did not change."""

import hashlib
import os
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.uploads.builders import an_upload
from uploads.arrivals import ArrivalLog
from uploads.copying import Copied, copy_root, settle_root
from uploads.filestore import FileStore
from uploads.packs import PackStore
from uploads.packs.layout import arrival_of
from uploads.policy import Arrival
from uploads.shelf import Shelf

NOON = datetime(2026, 8, 14, 12, 0, tzinfo=UTC)
LONG_AGO = NOON.timestamp()
PLAIN, PACKED, OPEN, LATER = ("0a" + "0" * 30, "7c" + "1" * 30, "ff" + "2" * 30, "1b" + "3" * 30)
CONTENT = b"isi berkas " * 1000


def put_plain(root: Path, upload_id: str = PLAIN, content: bytes = CONTENT) -> Arrival:
    store = FileStore(root)
    put_open(root, upload_id, content, len(content))
    arrival = replace(
        arrival_of(store.load(upload_id), "0" * 64), sha256=hashlib.sha256(content).hexdigest()
    )
    ArrivalLog(root).write(arrival)
    return arrival


def put_open(root: Path, upload_id: str, content: bytes, length: int) -> None:
    store = FileStore(root)
    store.create(an_upload(upload_id, length, max_size=2**20))
    writer = store.open(upload_id)
    writer.write(0, [content])
    writer.close()


def put_packed(root: Path) -> Arrival:
    packs = PackStore(root, segment_bytes=1 << 20)
    arrival = packs.put(an_upload(PACKED, len(CONTENT), max_size=2**20), CONTENT, NOON)
    packs.close()
    return arrival


def settle(root: Path) -> None:
    """As if nothing had been written for a while."""
    for path in root.rglob("*"):
        if path.is_file():
            os.utime(path, (LONG_AGO, LONG_AGO))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    put_plain(root)
    put_packed(root)
    put_open(root, OPEN, CONTENT[:500], len(CONTENT))
    settle(root)
    return root


def test_a_copy_holds_what_arrived_and_open_uploads_as_far_as_they_are(
    root: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    copied = copy_root(root, copy)
    settle_root(copy)
    assert copied.damaged == ()
    assert list(Shelf(copy).scan()) == list(Shelf(root).scan())
    for upload_id in (PLAIN, PACKED):
        with Shelf(copy).open(upload_id) as file:
            assert file.read() == CONTENT
    assert FileStore(copy).load(OPEN) == FileStore(root).load(OPEN)


def test_what_did_not_change_is_not_read_again(root: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    whole = copy_root(root, first)
    put_plain(root, LATER)
    copied = copy_root(root, second, before=first)
    assert whole.written == whole.size
    assert copied.written == copied.size - whole.size
    assert copied.files == whole.files + 3
    assert (second / "data" / PLAIN).stat().st_ino == (first / "data" / PLAIN).stat().st_ino
    settle_root(second)
    assert {each.upload_id for each in Shelf(second).scan()} == {PLAIN, LATER, PACKED}


def test_what_changed_within_a_tick_of_the_clock_is_read_again(root: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    growing, this_tick = root / "data" / OPEN, time.time() + 3600  # however slow the machine is
    os.utime(growing, (this_tick, this_tick))
    copy_root(root, first)
    changed = b"x" * growing.stat().st_size
    growing.write_bytes(changed)
    os.utime(growing, (this_tick, this_tick))
    copy_root(root, second, before=first)
    assert (second / "data" / OPEN).read_bytes() == changed


def test_an_erased_document_is_not_in_the_next_copy(root: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    copy_root(root, first)
    for upload_id in (PLAIN, PACKED):
        assert Shelf(root).erase(upload_id)
    copy_root(root, second, before=first)
    settle_root(second)
    assert list(Shelf(second).scan()) == []
    left = b"".join(path.read_bytes() for path in second.rglob("*") if path.is_file())
    assert left.count(b"isi berkas") == CONTENT[:500].count(b"isi berkas")


def test_bytes_that_are_not_those_that_arrived_are_named(root: Path, tmp_path: Path) -> None:
    (root / "data" / PLAIN).write_bytes(CONTENT[:-1] + b"?")
    assert copy_root(root, tmp_path / "copy").damaged == (PLAIN,)


def test_holes_stay_holes(root: Path, tmp_path: Path) -> None:
    hole = 8 << 20
    with (root / "data" / OPEN).open("r+b") as file:
        file.seek(hole)
        file.write(b"!")
    copy = tmp_path / "copy"
    copy_root(root, copy)
    copied = (copy / "data" / OPEN).stat()
    assert (copy / "data" / OPEN).read_bytes() == (root / "data" / OPEN).read_bytes()
    assert copied.st_blocks * 512 < hole


def test_drafts_locks_and_indexes_stay_behind(root: Path, tmp_path: Path) -> None:
    for name in (f"{OPEN}.draft", f"{OPEN}.lock", "catatan"):
        (root / "data" / name).write_text("?")
    copy_root(root, tmp_path / "copy")
    names = {path.name for path in (tmp_path / "copy").rglob("*") if path.is_file()}
    packs = {name for name in names if name.endswith(".pack")}
    assert len(packs) == 1
    assert names - packs == {PLAIN, f"{PLAIN}.info", f"{PLAIN}.json", OPEN, f"{OPEN}.info"}


def test_a_root_in_which_nothing_was_ever_sent(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    copied = copy_root(tmp_path / "root", tmp_path / "copy")
    assert copied == Copied(files=0, size=0, written=0, damaged=())
