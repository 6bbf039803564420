"""What is finished is found, read and erased by its id, however it is stored."""

import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.uploads.builders import an_upload
from uploads.arrivals import ArrivalLog
from uploads.errors import UnknownUpload
from uploads.filestore import FileStore
from uploads.packs import Mark, PackStore
from uploads.packs.layout import arrival_of
from uploads.policy import Arrival
from uploads.shelf import Shelf

NOON = datetime(2026, 8, 14, 12, 0, tzinfo=UTC)
PLAIN, PACKED, OPEN, NOTHING = ("0a" + "0" * 30, "7c" + "1" * 30, "ff" + "2" * 30, "e" * 32)
CONTENT = b"isi berkas " * 1000


def put_plain(root: Path) -> Arrival:
    store, upload = FileStore(root), an_upload(PLAIN, len(CONTENT), max_size=2**20)
    store.create(upload)
    writer = store.open(PLAIN)
    writer.write(0, [CONTENT])
    writer.close()
    arrival = arrival_of(store.load(PLAIN), "0" * 64)
    ArrivalLog(root).write(arrival)
    return arrival


def put_packed(root: Path) -> Arrival:
    packs = PackStore(root, segment_bytes=1 << 20)
    arrival = packs.put(an_upload(PACKED, len(CONTENT), max_size=2**20), CONTENT, NOON)
    packs.close()
    return arrival


@pytest.fixture(params=[put_plain, put_packed])
def arrival(request: pytest.FixtureRequest, tmp_path: Path) -> Arrival:
    put: Callable[[Path], Arrival] = request.param
    return put(tmp_path)


def test_a_file_is_found_by_its_id(arrival: Arrival, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    assert shelf.arrival(arrival.upload_id) == arrival
    assert list(shelf.scan()) == [arrival]
    assert shelf.exists(arrival.upload_id)
    assert shelf.size(arrival.upload_id) == len(CONTENT)
    with shelf.open(arrival.upload_id) as file:
        assert file.read() == CONTENT


def test_as_a_file_it_has_its_bytes_and_leaves_nothing(arrival: Arrival, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    with Shelf(tmp_path).as_file(arrival.upload_id, scratch) as path:
        assert path.read_bytes() == CONTENT
        if scratch in path.parents:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not scratch.exists() or list(scratch.iterdir()) == []
    assert Shelf(tmp_path).exists(arrival.upload_id)


def test_an_erased_file_leaves_nothing_that_was_sent(arrival: Arrival, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    assert shelf.erase(arrival.upload_id)
    assert not shelf.erase(arrival.upload_id)
    assert shelf.arrival(arrival.upload_id) is None
    assert shelf.size(arrival.upload_id) is None
    assert not shelf.exists(arrival.upload_id)
    with pytest.raises(UnknownUpload), shelf.as_file(arrival.upload_id, tmp_path):
        pass
    left = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"isi berkas" not in left
    assert b"surat keputusan" not in left


def test_what_is_not_there(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    FileStore(tmp_path).create(an_upload(OPEN))
    assert (shelf.exists(OPEN), shelf.size(OPEN), shelf.arrival(OPEN)) == (True, 0, None)
    assert (shelf.exists(NOTHING), shelf.size(NOTHING)) == (False, None)
    with pytest.raises(UnknownUpload):
        shelf.open(NOTHING)
    for text in ("", "../etc/passwd"):
        with pytest.raises(ValueError, match="upload id"):
            shelf.arrival(text)
    assert shelf.packed_since(Mark()) == ([], Mark())


def test_plain_files_and_packed_documents_stand_side_by_side(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    plain, packed = put_plain(tmp_path), put_packed(tmp_path)
    assert list(shelf.scan()) == [plain, packed]
    assert shelf.packed_since(Mark())[0] == [PACKED]
