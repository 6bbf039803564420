"""Every store under a disk that forgets: cut the power at any sync, and what was acknowledged is there."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.uploads.builders import an_upload
from tests.unit.uploads.forgetful_disk import ForgetfulDisk
from uploads.arrivals import ArrivalLog
from uploads.errors import Refusal, UnknownUpload
from uploads.filestore import FileStore
from uploads.packs import PackStore
from uploads.packs.layout import arrival_of

NOON = datetime(2026, 8, 14, 12, 0, tzinfo=UTC)
IDS = [f"{n:02x}" + "0" * 30 for n in range(6)]
CONTENT = bytes(range(1, 256)) * 200
MOMENT = st.integers(0, 40)
SEED = st.integers(0, 2**32)
common = settings(max_examples=50)


@contextmanager
def a_disk(seed: int, cut_at: int | None) -> Iterator[ForgetfulDisk]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        root.mkdir()
        disk = ForgetfulDisk(root, seed=seed, cut_at=cut_at)
        yield disk
        disk.forget()


def read(store: FileStore | PackStore, upload_id: str) -> bytes:
    with store.read(upload_id) as file:
        return file.read()


@common
@given(
    seed=SEED,
    cut_at=MOMENT,
    pieces=st.lists(
        st.tuples(st.integers(0, 2), st.integers(1, 9000), st.booleans()), min_size=1, max_size=8
    ),
)
def test_offsets_that_were_told_survive(
    seed: int, cut_at: int, pieces: list[tuple[int, int, bool]]
) -> None:
    """Uploads are created, written and sometimes synced; only what was synced was told."""
    told: dict[str, int] = {}
    written: dict[str, int] = {}
    with a_disk(seed, cut_at) as disk:
        with disk.watched():
            store = FileStore(disk.root)
            for number, size, synced in pieces:
                upload_id = IDS[number]
                if upload_id not in written:
                    written[upload_id] = 0
                    store.create(an_upload(upload_id, len(CONTENT), max_size=2**20))
                    told[upload_id] = 0
                at = written[upload_id]
                writer = store.open(upload_id)
                written[upload_id] = writer.write(at, [CONTENT[at : at + size]])
                if synced:
                    writer.sync()
                    told[upload_id] = written[upload_id]
                writer.close()
        store = FileStore(disk.lose())
        for upload_id, there in written.items():
            if upload_id in told:
                offset = store.load(upload_id).offset
                assert told[upload_id] <= offset <= there
                assert read(store, upload_id) == CONTENT[:offset]
            else:
                assert_whole_or_absent(store, upload_id, 0)
        store.tidy(range(256))


def assert_whole_or_absent(store: FileStore, upload_id: str, size: int) -> None:
    try:
        found = store.load(upload_id)
    except UnknownUpload:
        return
    assert found.offset == size


@common
@given(seed=SEED, cut_at=MOMENT)
def test_a_removal_a_declared_length_and_an_arrival_survive(seed: int, cut_at: int) -> None:
    removed = declared = arrived = False
    with a_disk(seed, cut_at) as disk:
        with disk.watched():
            store, log = FileStore(disk.root), ArrivalLog(disk.root)
            for number in range(3):
                store.create(an_upload(IDS[number], None if number else 5))
            store.remove(IDS[0])
            removed = True
            store.declare(IDS[1], 7)
            declared = True
            log.write(arrival_of(an_upload(IDS[2], 0), "0" * 64))
            arrived = True
        store, log = FileStore(disk.lose()), ArrivalLog(disk.lose())
        if removed:
            with pytest.raises(UnknownUpload):
                store.load(IDS[0])
            assert store.load(IDS[1]).length in ({7} if declared else {None, 7})
            assert store.load(IDS[2]).length is None
        if arrived:
            assert log.read(IDS[2]) is not None


@common
@given(seed=SEED, cut_at=MOMENT, before=st.booleans())
def test_a_joined_upload_is_there_wholly_or_not_at_all(
    seed: int, cut_at: int, before: bool
) -> None:
    whole, parts = CONTENT[:30_000] + CONTENT[:20_001], (IDS[0], IDS[1])
    ready = joined = False
    with a_disk(seed, cut_at) as disk:
        with disk.watched():
            store = FileStore(disk.root)
            for upload_id, size in zip(parts, (30_000, 20_001), strict=True):
                store.create(an_upload(upload_id, size, max_size=2**20, partial=True))
                writer = store.open(upload_id)
                writer.write(0, [CONTENT[:size]])
                writer.sync()
                writer.close()
            final = an_upload(IDS[2], None if before else len(whole), max_size=2**20, parts=parts)
            if before:
                store.create(final)
            ready = True
            store.join(final, parts)
            joined = True
        store = FileStore(disk.lose())
        if joined:
            assert store.load(IDS[2]).finished
        elif ready and before:
            assert store.load(IDS[2]).offset in {0, len(whole)}
        if ready:
            assert read(store, IDS[0]) == CONTENT[:30_000]
            try:
                offset = store.load(IDS[2]).offset
            except UnknownUpload:
                assert not before
            else:
                assert read(store, IDS[2]) == whole[:offset]


@common
@given(
    seed=SEED,
    cut_at=MOMENT,
    steps=st.lists(st.tuples(st.integers(0, 5), st.integers(1, 20_000)), min_size=1, max_size=12),
)
def test_packed_documents_survive_and_erased_ones_do_not(
    seed: int, cut_at: int, steps: list[tuple[int, int]]
) -> None:
    """A step puts a document, or erases it if it is there; the index is lost or old at the end."""
    bodies: dict[str, bytes] = {}
    told: set[str] = set()
    erased: set[str] = set()
    store: PackStore | None = None
    with a_disk(seed, cut_at) as disk:
        with disk.watched():
            store = PackStore(disk.root, segment_bytes=128 * 1024)
            remembering(disk, store)
            try:
                for number, size in steps:
                    upload_id = IDS[number]
                    if upload_id in erased:
                        continue
                    if upload_id in told:
                        told.discard(upload_id)
                        store.erase(upload_id)
                        erased.add(upload_id)
                        continue
                    bodies[upload_id] = CONTENT[number : number + size]
                    upload = an_upload(upload_id, size, max_size=2**20)
                    store.put(upload, bodies[upload_id], NOON)
                    told.add(upload_id)
                    disk.remember_index()
            except Refusal:
                assert disk.lost is not None, "nothing but the power cut may fail"
        lost = disk.lose()
        if store is not None:
            store.close()
        again = PackStore(lost)
        again.adopt()
        found = {arrival.upload_id: read(again, arrival.upload_id) for arrival in again.scan()}
        assert told <= set(found)
        assert not erased & set(found)
        assert found.items() <= bodies.items()
        assert set(again.unreported(range(256))) == set(found)
        again.close()


def remembering(disk: ForgetfulDisk, store: PackStore) -> None:
    """What the index syncs is never lost."""
    index = store._index

    def durably(change: Callable[[str], None]) -> Callable[[str], None]:
        def changed(upload_id: str) -> None:
            change(upload_id)
            disk.remember_index(durably=True)

        return changed

    index.erasing = durably(index.erasing)  # type: ignore[method-assign]
    index.erased = durably(index.erased)  # type: ignore[method-assign]


def test_the_model_forgets_what_nobody_synced() -> None:
    """Without this the tests above would show nothing."""
    kept = 0
    for seed in range(30):
        with a_disk(seed, None) as disk:
            with disk.watched():
                store = FileStore(disk.root)
                unsynced = FileStore(disk.root, durable=False)
                unsynced.create(an_upload(IDS[0], 5))
                writer = unsynced.open(IDS[0])
                writer.write(0, [b"12345"])
                writer.sync()
                writer.close()
            store = FileStore(disk.lose())
            try:
                kept += store.load(IDS[0]).finished
            except Refusal:
                continue
    assert kept < 15
