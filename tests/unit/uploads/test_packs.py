"""Packed documents: put, found, read, reported, erased, by several stores at once, on disk and in memory."""

import hashlib
import mmap
import os
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.uploads.builders import CLAIM, an_upload
from uploads.errors import ChecksumMismatch, StoreFull, StoreTrouble, UnknownUpload
from uploads.headers import Checksum
from uploads.packs import LARGEST, Mark, Packs, PackStore
from uploads.packs import segment as segments
from uploads.packs.layout import MOST_TEXT_BYTES
from uploads.space import Space

NOON = datetime(2026, 8, 14, 12, 0, 0, 123456, tzinfo=UTC)
FIRST, SECOND, THIRD = "0a" + "0" * 30, "7c" + "1" * 30, "ff" + "2" * 30
SMALL = 1 << 20


@pytest.fixture(params=["disk", "memory"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """ext4 or the like, and a file system without O_DIRECT or with its own."""
    if request.param == "disk":
        yield tmp_path
    else:
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            yield Path(folder)


@pytest.fixture
def store(root: Path) -> Iterator[PackStore]:
    store = PackStore(root, segment_bytes=SMALL)
    yield store
    store.close()


def put(store: PackStore, upload_id: str, body: bytes, **changes: object) -> None:
    store.put(an_upload(upload_id, len(body), **changes), body, NOON)


def read(store: Packs, upload_id: str) -> bytes:
    with store.read(upload_id) as file:
        return file.read()


@pytest.mark.parametrize("size", [1, 4095, 4096, 4097, 200_000, LARGEST])
def test_a_document_is_found_as_it_was_put(store: PackStore, root: Path, size: int) -> None:
    body = os.urandom(size)
    upload = an_upload(FIRST, size, metadata={"filename": "naïve ☂.pdf", "kosong": ""})
    arrival = store.put(upload, body, NOON)
    assert (arrival.size, arrival.sha256) == (size, hashlib.sha256(body).hexdigest())
    assert (arrival.finished_at, arrival.claim) == (NOON, CLAIM)
    elsewhere = Packs(root)
    assert elsewhere.arrival(FIRST) == arrival
    assert list(elsewhere.scan()) == [arrival]
    assert read(elsewhere, FIRST) == body
    assert elsewhere.size(FIRST) == size
    found = elsewhere.load(FIRST)
    assert found.finished
    for name in ("upload_id", "length", "metadata", "owner", "claim", "created_at", "expires_at"):
        assert getattr(found, name) == getattr(upload, name), name


def test_what_was_never_packed_is_unknown(store: PackStore) -> None:
    put(store, FIRST, b"abc")
    for method in (store.load, store.read):
        for name in (SECOND, "", "../etc/passwd", "0" * 31 + "\n"):
            with pytest.raises(UnknownUpload):
                method(name)
    assert store.arrival(SECOND) is None
    assert store.size(SECOND) is None
    assert not store.erase(SECOND)


def test_without_packs_there_is_nothing_and_nothing_is_made(tmp_path: Path) -> None:
    packs = Packs(tmp_path)
    assert not packs.holds(FIRST)
    assert list(packs.scan()) == []
    assert packs.since(Mark()) == ([], Mark())
    assert packs.totals() == (0, 0, 0)
    assert list(tmp_path.iterdir()) == []


def test_what_may_be_packed(store: PackStore) -> None:
    assert store.fits(an_upload(FIRST, LARGEST))
    assert not store.fits(an_upload(FIRST, LARGEST + 1))
    assert not store.fits(an_upload(FIRST, 0))
    assert not store.fits(an_upload(FIRST, None))
    assert not store.fits(an_upload(FIRST, 5, partial=True))
    assert not store.fits(an_upload(FIRST, 5, parts=(SECOND,)))
    assert not store.fits(an_upload(FIRST, 5, metadata={"x": "y" * MOST_TEXT_BYTES}))
    long = an_upload(FIRST, 5, metadata={"x": "y" * (MOST_TEXT_BYTES - 2000)})
    assert store.fits(long)
    store.put(long, b"12345", NOON)
    assert store.load(FIRST).metadata == long.metadata


@pytest.mark.parametrize("size", [65_536, 65_537, 200_000, LARGEST])
def test_a_document_in_aligned_memory_is_written_from_there(store: PackStore, size: int) -> None:
    memory = memoryview(mmap.mmap(-1, LARGEST))
    memory[:size] = os.urandom(size)
    futures = [
        store.submit(an_upload(FIRST, size), [memory[:size]], NOON),
        store.submit(an_upload(SECOND, 3), [b"abc"], NOON),
        store.submit(an_upload(THIRD, size), [memory[:100], memory[100:size]], NOON),
    ]
    for future in futures:
        future.result()
    assert read(store, FIRST) == read(store, THIRD) == memory[:size]
    assert read(store, SECOND) == b"abc"


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_checksum_is_verified_before_anything_is_kept(store: PackStore, algorithm: str) -> None:
    def checksum(content: bytes) -> Checksum:
        return Checksum(algorithm=algorithm, digest=hashlib.new(algorithm, content).digest())

    wrong = store.submit(an_upload(FIRST, 3), [b"abc"], NOON, checksum=checksum(b"abd"))
    right = store.submit(an_upload(SECOND, 3), [b"ab", b"c"], NOON, checksum=checksum(b"abc"))
    with pytest.raises(ChecksumMismatch):
        wrong.result()
    assert right.result().upload_id == SECOND
    assert [arrival.upload_id for arrival in store.scan()] == [SECOND]


def test_many_callers_share_segments_and_syncs(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several stores, as several processes have them, each with several callers."""
    syncs = []
    real = os.fdatasync

    def fdatasync(descriptor: int) -> None:
        syncs.append(threading.get_ident())
        real(descriptor)

    monkeypatch.setattr(segments.os, "fdatasync", fdatasync)
    stores = [PackStore(root, segment_bytes=SMALL) for _ in range(3)]
    bodies = {f"{n:032x}": os.urandom(20_000 + n) for n in range(150)}

    def deliver(item: tuple[str, bytes]) -> None:
        put(stores[int(item[0], 16) % 3], *item)

    with ThreadPoolExecutor(24) as pool:
        list(pool.map(deliver, bodies.items()))
    assert {arrival.upload_id for arrival in stores[0].scan()} == set(bodies)
    assert all(read(stores[1], upload_id) == body for upload_id, body in bodies.items())
    assert len(syncs) < 150
    for store in stores:
        store.close()
    # Closed segments give back what was reserved behind their last document.
    for path in (root / "packs").glob("*.pack"):
        assert path.stat().st_size <= SMALL
    count, size, used = Packs(root).totals()
    assert (count, size) == (150, sum(map(len, bodies.values())))
    assert size < used < size + 150 * 2 * 4096 + len(list(root.glob("packs/*.pack"))) * 8192


def test_reports_are_remembered_by_shard(store: PackStore, root: Path) -> None:
    for upload_id in (FIRST, SECOND, THIRD):
        put(store, upload_id, b"abc")
    assert store.unreported(range(256)) == [FIRST, SECOND, THIRD]
    assert store.unreported(range(128)) == [FIRST, SECOND]
    store.mark_reported([FIRST, THIRD])
    store.close()
    again = PackStore(root)
    assert again.unreported(range(256)) == [SECOND]
    again.close()


def test_who_reads_regularly_sees_each_document_once_and_in_order(store: PackStore) -> None:
    put(store, THIRD, b"abc")
    put(store, FIRST, b"abc")
    ids, mark = store.since(Mark())
    assert ids == [THIRD, FIRST]
    assert store.since(mark) == ([], mark)
    put(store, SECOND, b"abc")
    some, middle = store.since(Mark(), limit=2)
    assert (some, store.since(middle)[0]) == ([THIRD, FIRST], [SECOND])
    assert store.since(mark)[0] == [SECOND]
    assert store.since(Mark("another index", 99))[0] == [THIRD, FIRST, SECOND]


def test_an_erased_document_is_gone_from_the_disk_and_the_others_stay(
    store: PackStore, root: Path
) -> None:
    secret = b"rahasia besar " * 20_000
    put(store, FIRST, b"a" * 5000)
    put(store, SECOND, secret, metadata={"filename": "rahasia besar.pdf"})
    put(store, THIRD, b"c" * 5000)
    used = Packs(root).totals()[2]
    assert Packs(root).erase(SECOND)
    assert not Packs(root).erase(SECOND)
    with pytest.raises(UnknownUpload):
        store.load(SECOND)
    assert store.arrival(SECOND) is None
    assert [arrival.upload_id for arrival in store.scan()] == [FIRST, THIRD]
    assert read(store, THIRD) == b"c" * 5000
    assert Packs(root).totals()[2] <= used - len(secret) // 4096 * 4096 + 4096
    for path in root.rglob("*"):
        if path.is_file():
            assert b"rahasia besar" not in path.read_bytes()
    store.close()
    (root / "packs" / "index.db").unlink()
    again = PackStore(root)
    again.adopt()
    assert [arrival.upload_id for arrival in again.scan()] == [FIRST, THIRD]
    again.close()


def test_a_segment_without_documents_is_removed(store: PackStore, root: Path) -> None:
    put(store, FIRST, b"a" * 5000)
    store.erase(FIRST)
    assert list(root.glob("packs/*.pack")), "still written to"
    put(store, SECOND, b"b" * 5000)
    store.close()
    assert Packs(root).erase(SECOND)
    assert not list(root.glob("packs/*.pack"))


def test_no_room_is_no_room_and_nothing_stays(root: Path) -> None:
    full = PackStore(root, Space(root, headroom=2**62))
    with pytest.raises(StoreFull):
        put(full, FIRST, b"abc")
    assert not list(root.glob("packs/*.pack"))
    assert not full.holds(FIRST)
    full.close()
    roomy = PackStore(root)
    put(roomy, FIRST, b"abc")
    roomy.close()


@pytest.mark.parametrize("failing", ["pwritev", "fdatasync"])
def test_a_disk_that_fails_acknowledges_nothing_and_the_next_document_is_kept(
    store: PackStore, root: Path, failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, FIRST, b"abc")
    real, errors = getattr(os, failing), [OSError(5, "EIO")]

    def fail(*args: object) -> object:
        if errors:
            raise errors.pop()
        return real(*args)

    monkeypatch.setattr(segments.os, failing, fail)
    with pytest.raises(StoreTrouble):
        put(store, SECOND, b"def")
    put(store, THIRD, b"ghi")
    store.close()
    (root / "packs" / "index.db").unlink()
    again = PackStore(root)
    again.adopt()
    assert [arrival.upload_id for arrival in again.scan()] == [FIRST, THIRD]
    again.close()


def test_a_closed_store_takes_nothing(store: PackStore) -> None:
    put(store, FIRST, b"abc")
    store.close()
    with pytest.raises(StoreTrouble):
        put(store, SECOND, b"def")
