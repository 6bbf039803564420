"""The promises of `uploads/store.py` as tests. Every store runs them: subclass, give a `store` fixture."""

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.uploads.builders import START, an_upload
from uploads.errors import StoreFull, StoreTrouble, UnknownUpload
from uploads.store import CanDeclare, CanJoin, CanRemove, CanStage

FIRST = "0a" + "0" * 30
SECOND = "ff" + "1" * 30


THIRD = "7c" + "2" * 30


def content(store: Any, upload_id: str = FIRST) -> bytes:
    with store.read(upload_id) as file:
        return bytes(file.read())


def put(store: Any, upload_id: str, piece: bytes, **changes: Any) -> None:
    """A finished upload of these bytes."""
    store.create(an_upload(upload_id, len(piece), **changes))
    writer = store.open(upload_id)
    writer.write(0, [piece])
    writer.sync()
    writer.close()


class StoreContract:
    def test_a_created_upload_is_loaded_as_it_was_described(self, store: Any) -> None:
        upload = an_upload(FIRST, metadata={"filename": "naïve ☂.pdf", "empty": ""})
        store.create(upload)
        found = store.load(FIRST)
        assert found.changed_at.tzinfo is not None
        for name in ("upload_id", "length", "offset", "metadata", "owner", "claim", "max_size",
                     "created_at", "expires_at"):  # fmt: skip
            assert getattr(found, name) == getattr(upload, name), name

    def test_before_creation_there_is_nothing(self, store: Any) -> None:
        for method in (store.load, store.sync, store.open, store.read):
            with pytest.raises(UnknownUpload):
                method(FIRST)

    def test_an_id_is_created_once(self, store: Any) -> None:
        store.create(an_upload(FIRST, length=3))
        with pytest.raises(StoreTrouble):
            store.create(an_upload(FIRST, length=4))
        assert store.load(FIRST).length == 3

    def test_an_upload_of_no_bytes_is_finished(self, store: Any) -> None:
        store.create(an_upload(FIRST, length=0))
        assert store.load(FIRST).finished

    def test_a_write_moves_the_offset_and_only_its_own(self, store: Any) -> None:
        store.create(an_upload(FIRST))
        store.create(an_upload(SECOND))
        writer = store.open(FIRST)
        assert writer.write(0, [b"abc", b"", b"de"]) == 5
        assert store.load(FIRST).offset == 5
        assert store.load(SECOND).offset == 0
        writer.close()
        assert content(store) == b"abcde"

    def test_writes_of_several_writers_follow_each_other(self, store: Any) -> None:
        store.create(an_upload(FIRST))
        for offset, piece in ((0, b"abc"), (3, b"defg"), (7, b"hij")):
            writer = store.open(FIRST)
            writer.write(offset, [piece])
            writer.sync()
            writer.close()
        assert store.load(FIRST).finished
        assert content(store) == b"abcdefghij"

    def test_more_pieces_than_one_system_call_takes(self, store: Any) -> None:
        pieces = [bytes([n % 256]) for n in range(5000)]
        store.create(an_upload(FIRST, length=5000))
        writer = store.open(FIRST)
        assert writer.write(0, pieces) == 5000
        writer.close()
        assert content(store) == b"".join(pieces)

    def test_a_cut_forgets_what_follows(self, store: Any) -> None:
        store.create(an_upload(FIRST))
        writer = store.open(FIRST)
        writer.write(0, [b"abcdef"])
        writer.cut(4)
        assert store.load(FIRST).offset == 4
        assert writer.write(4, [b"XY"]) == 6
        writer.close()
        assert content(store) == b"abcdXY"

    def test_the_offset_is_never_beyond_the_bytes(self, store: Any) -> None:
        """Reserving space for the declared length must not move the end."""
        store.create(an_upload(FIRST, length=100_000))
        assert store.load(FIRST).offset == 0
        assert content(store) == b""

    def test_the_last_change_is_the_last_write(self, store: Any) -> None:
        store.create(an_upload(FIRST))
        before = store.load(FIRST).changed_at
        writer = store.open(FIRST)
        writer.write(0, [b"x"])
        writer.close()
        assert store.load(FIRST).changed_at >= before > START - timedelta(days=10_000)

    def test_ids_lists_what_was_created_by_shard(self, store: Any) -> None:
        store.create(an_upload(FIRST))
        store.create(an_upload(SECOND, length=0))
        assert set(store.ids(range(256))) == {FIRST, SECOND}
        assert list(store.ids({0x0A})) == [FIRST]
        assert list(store.ids([])) == []

    def test_room_is_judged_by_length(self, store: Any) -> None:
        store.check_room(1)
        with pytest.raises(StoreFull):
            store.check_room(2**62)

    def test_what_no_upload_id_can_be_is_unknown(self, store: Any) -> None:
        for name in ("", "../etc/passwd", "0" * 31, "0" * 33, "G" * 32, "0" * 31 + "\n"):
            with pytest.raises(UnknownUpload):
                store.load(name)


class RemovalContract:
    def test_a_removed_upload_is_gone(self, store: Any) -> None:
        assert isinstance(store, CanRemove)
        store.create(an_upload(FIRST))
        store.remove(FIRST)
        with pytest.raises(UnknownUpload):
            store.load(FIRST)
        assert list(store.ids(range(256))) == []

    def test_removing_nothing_is_quiet(self, store: Any) -> None:
        store.remove(FIRST)

    def test_a_removed_id_can_be_created_again(self, store: Any) -> None:
        store.create(an_upload(FIRST))
        store.remove(FIRST)
        store.create(an_upload(FIRST, length=3))
        assert store.load(FIRST).length == 3


class StagingContract:
    @pytest.mark.parametrize("size", [0, 3, 3_000_000])
    def test_a_stage_keeps_what_is_written(self, store: Any, size: int) -> None:
        assert isinstance(store, CanStage)
        with store.stage() as stage:
            stage.write(b"x" * size)
            stage.seek(0)
            assert stage.read() == b"x" * size

    def test_a_stage_is_no_upload(self, store: Any) -> None:
        with store.stage() as stage:
            stage.write(b"x" * 3_000_000)
            assert list(store.ids(range(256))) == []


class FinishedContract:
    """A store of finished documents only, `put` whole: packs."""

    def test_a_document_is_there_once_it_was_put(self, store: Any) -> None:
        upload = an_upload(FIRST, 5, metadata={"filename": "naïve ☂.pdf", "empty": ""})
        store.put(upload, b"abcde", START)
        found = store.load(FIRST)
        assert (found.finished, found.changed_at) == (True, START)
        for name in ("upload_id", "length", "metadata", "owner", "claim", "max_size",
                     "created_at", "expires_at"):  # fmt: skip
            assert getattr(found, name) == getattr(upload, name), name
        assert content(store) == b"abcde"

    def test_before_there_is_nothing(self, store: Any) -> None:
        for method in (store.load, store.read):
            with pytest.raises(UnknownUpload):
                method(FIRST)

    @pytest.mark.parametrize("size", [1, 4096, 70_001, 1 << 20])
    def test_its_bytes_are_those_that_were_put(self, store: Any, size: int) -> None:
        body = bytes(range(256)) * (size // 256 + 1)
        store.put(an_upload(FIRST, size, max_size=2**20), body[:size], START)
        store.put(an_upload(SECOND, 3), b"xyz", START)
        assert content(store) == body[:size]
        assert content(store, SECOND) == b"xyz"

    def test_an_erased_document_is_gone_and_the_others_stay(self, store: Any) -> None:
        store.put(an_upload(FIRST, 3), b"abc", START)
        store.put(an_upload(SECOND, 3), b"xyz", START)
        assert store.erase(FIRST)
        assert not store.erase(FIRST)
        with pytest.raises(UnknownUpload):
            store.load(FIRST)
        assert content(store, SECOND) == b"xyz"

    def test_what_no_upload_id_can_be_is_unknown(self, store: Any) -> None:
        for name in ("", "../etc/passwd", "0" * 31, "0" * 33, "G" * 32, "0" * 31 + "\n"):
            with pytest.raises(UnknownUpload):
                store.load(name)


class DeclaringContract:
    """Creation-defer-length: `CanDeclare`."""

    def test_a_length_is_declared_once(self, store: Any) -> None:
        assert isinstance(store, CanDeclare)
        store.create(an_upload(FIRST, length=None))
        found = store.load(FIRST)
        assert (found.length, found.offset, found.finished) == (None, 0, False)
        store.declare(FIRST, 5)
        store.declare(FIRST, 5)
        assert store.load(FIRST).length == 5
        with pytest.raises(StoreTrouble):
            store.declare(FIRST, 6)
        assert store.load(FIRST).length == 5

    def test_bytes_may_come_before_the_length(self, store: Any) -> None:
        store.create(an_upload(FIRST, length=None))
        writer = store.open(FIRST)
        assert writer.write(0, [b"abc"]) == 3
        writer.close()
        assert not store.load(FIRST).finished
        with pytest.raises(StoreTrouble):
            store.declare(FIRST, 2)
        store.declare(FIRST, 3)
        assert store.load(FIRST).finished
        assert content(store) == b"abc"

    def test_without_a_length_there_must_be_room_for_the_most_it_may_be(self, store: Any) -> None:
        with pytest.raises(StoreFull):
            store.create(an_upload(FIRST, length=None, max_size=2**62))
        with pytest.raises(UnknownUpload):
            store.load(FIRST)

    def test_everything_else_of_the_description_stays(self, store: Any) -> None:
        upload = an_upload(FIRST, length=None, metadata={"filename": "naïve ☂.pdf"}, partial=True)
        store.create(upload)
        store.declare(FIRST, 7)
        found = store.load(FIRST)
        for name in ("metadata", "owner", "claim", "max_size", "created_at", "partial"):
            assert getattr(found, name) == getattr(upload, name), name


class JoiningContract:
    """Concatenation: `CanJoin`."""

    @pytest.mark.parametrize("sizes", [(0, 0), (1, 2), (5000, 0), (4096, 100_000), (70_001, 8192)])
    def test_a_joined_upload_has_the_bytes_of_its_parts(
        self, store: Any, sizes: tuple[int, int]
    ) -> None:
        assert isinstance(store, CanJoin)
        parts = [bytes([65 + n]) * size for n, size in enumerate(sizes)]
        put(store, FIRST, parts[0], partial=True)
        put(store, SECOND, parts[1], partial=True)
        whole = an_upload(THIRD, sum(sizes), max_size=2**40, parts=(FIRST, SECOND))
        store.join(whole, [FIRST, SECOND])
        found = store.load(THIRD)
        assert (found.finished, found.parts) == (True, (FIRST, SECOND))
        assert content(store, THIRD) == b"".join(parts)
        assert content(store, FIRST) == parts[0]

    def test_a_part_may_come_twice_and_in_any_order(self, store: Any) -> None:
        put(store, FIRST, b"ab")
        put(store, SECOND, b"cd")
        store.join(an_upload(THIRD, 6), [SECOND, FIRST, SECOND])
        assert content(store, THIRD) == b"cdabcd"

    def test_an_upload_created_before_gets_all_its_bytes_at_once(self, store: Any) -> None:
        """Concatenation-unfinished: the final upload stands before its parts are whole."""
        store.create(an_upload(THIRD, None, parts=(FIRST,)))
        put(store, FIRST, b"abc")
        store.join(store.load(THIRD), [FIRST])
        assert (store.load(THIRD).length, store.load(THIRD).finished) == (3, True)
        assert content(store, THIRD) == b"abc"

    def test_without_a_part_there_is_no_joined_upload(self, store: Any) -> None:
        put(store, FIRST, b"abc")
        with pytest.raises(UnknownUpload):
            store.join(an_upload(THIRD, 6), [FIRST, SECOND])
        with pytest.raises(UnknownUpload):
            store.load(THIRD)
        assert set(store.ids(range(256))) == {FIRST}
