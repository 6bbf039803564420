"""Capability URLs, the arrivals on disk, the refusals: small things other packages build on."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.uploads.builders import CLAIM, SECRET
from uploads import errors
from uploads.arrivals import ArrivalLog
from uploads.capability import id_from_path, is_upload_id, key_for, mint_id, path_for, shard_of
from uploads.errors import NEVER_SENT, CreationRefused, Refusal, Temporary
from uploads.policy import Arrival, CreateRequest

ID = "0123456789abcdef" * 2


def an_arrival(upload_id: str = ID) -> Arrival:
    return Arrival(
        upload_id=upload_id,
        size=3,
        sha256="ab" * 32,
        created_at=datetime(2026, 8, 1, tzinfo=UTC),
        finished_at=datetime(2026, 8, 1, 1, tzinfo=UTC),
        claim=CLAIM,
        metadata={"filename": "☂.pdf"},
    )


def test_a_path_opens_its_upload_and_no_other() -> None:
    assert id_from_path(SECRET, path_for(SECRET, ID)) == ID
    assert id_from_path(b"another", path_for(SECRET, ID)) is None
    for path in ("", "/files/", f"/files/{ID}", f"/x/{ID}~{key_for(SECRET, ID)}",
                 path_for(SECRET, ID) + "\n", path_for(SECRET, ID) + "0"):  # fmt: skip
        assert id_from_path(SECRET, path) is None


def test_a_key_is_128_bits_and_differs_by_id_and_secret() -> None:
    keys = {key_for(SECRET, ID), key_for(SECRET, "1" * 32), key_for(b"another", ID)}
    assert len(keys) == 3
    assert all(len(bytes.fromhex(key)) == 16 for key in keys)


def test_ids_are_minted_in_their_shards_only() -> None:
    ids = [mint_id([3, 250]) for _ in range(200)]
    assert len(set(ids)) == 200
    assert all(is_upload_id(each) for each in ids)
    assert {shard_of(each) for each in ids} == {3, 250}


def test_an_arrival_comes_back_from_its_file(tmp_path: Path) -> None:
    log = ArrivalLog(tmp_path)
    assert log.read(ID) is None
    assert list(log.scan()) == []
    assert log.write(an_arrival())
    assert log.read(ID) == an_arrival()
    assert log.path(ID) == tmp_path / "arrivals" / "01" / f"{ID}.json"
    assert list(log.scan()) == [an_arrival()]


def test_an_arrival_is_written_once(tmp_path: Path) -> None:
    log, wins = ArrivalLog(tmp_path), []
    writers = [
        threading.Thread(target=lambda: wins.append(log.write(an_arrival()))) for _ in range(8)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(wins) == [False] * 7 + [True]
    assert [path.name for path in log.path(ID).parent.iterdir()] == [f"{ID}.json"]


def test_nothing_but_an_id_becomes_a_path(tmp_path: Path) -> None:
    log = ArrivalLog(tmp_path)
    for text in ("../" + ID, ID.upper(), "", ID + "/x"):
        with pytest.raises(ValueError, match="not an upload id"):
            log.data_path(text)
        with pytest.raises(ValueError, match="not an upload id"):
            log.read(text)


def refusals() -> list[type[Refusal]]:
    classes = [each for each in vars(errors).values() if isinstance(each, type)]
    return [each for each in classes if issubclass(each, Refusal) and hasattr(each, "code")]


def test_no_refusal_has_a_status_that_ends_an_upload() -> None:
    assert len(refusals()) > 15
    for refusal in refusals():
        assert refusal.status not in NEVER_SENT
        assert refusal.sentence.endswith(".")
        assert refusal.english.endswith(".")
    assert len({refusal.english for refusal in refusals()}) == len(refusals())
    assert len({refusal.code for refusal in refusals()}) == len(refusals())


def test_what_passes_says_when() -> None:
    for refusal in refusals():
        if issubclass(refusal, Temporary):
            assert refusal.status in {423, 503}
            assert int(refusal().headers()["Retry-After"]) > 0


@pytest.mark.parametrize("status", [408, 429, 502, 504, 503])
def test_a_policy_cannot_end_an_upload_by_its_status(status: int) -> None:
    refusal = CreationRefused(status, "busy", "Coba lagi.", "Try again.")
    assert refusal.answer() == (503, "busy", "Coba lagi.")
    assert "Retry-After" in refusal.headers()


def test_secrets_are_not_in_the_text_of_a_request() -> None:
    request = CreateRequest(
        upload_id=ID, length=1, metadata={"filename": "rahasia.pdf"},
        authorization="Bearer rahasia", cookie="s=rahasia", origin=None, host=None,
    )  # fmt: skip
    assert "rahasia" not in repr(request)
    assert "☂" not in repr(an_arrival())
