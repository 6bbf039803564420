"""The disk of the uploads is full: refused before the first byte, nothing harmed, and on again later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.large_files import padded_pdf
from tests.small_disk import disk, filled, on_small_disk
from tests.stack import Stack
from tests.traffic import AD_ART, Caller, ask, assert_proven, upload_id, wait_for

MIB = 1024**2
DISK, HEADROOM = 64 * MIB, 8 * MIB
SIZE = 20 * MIB


@pytest.fixture(scope="module")
def stack(seeded_home: Path) -> Iterator[Stack]:
    with on_small_disk(seeded_home, DISK, disk_headroom=HEADROOM) as running:
        yield running


def files_of(stack: Stack) -> set[str]:
    return {path.name for path in (disk(stack) / "data").iterdir()}


def test_a_full_disk_refuses_new_uploads_and_finishes_those_begun(
    stack: Stack, party: Caller, tmp_path: Path
) -> None:
    file = padded_pdf(tmp_path / "begun.pdf", SIZE, seed="begun")
    content = file.read_bytes()
    path = party.create(SIZE, AD_ART)
    party.patch(path, 0, content[: SIZE // 2]).expect(204)
    before = files_of(stack)

    with filled(stack, left=HEADROOM - MIB):
        _refused_but_not_harmed(stack, party, path, before)
        # What was begun has its room: it was reserved before the first byte.
        party.patch(path, SIZE // 2, content[SIZE // 2 :]).expect(204)
        assert_proven(stack, party, upload_id(path), file, tmp_path)
    wait_for(lambda: ask(stack.base_url, "GET", "/readyz").status == 200, "room again")
    second = padded_pdf(tmp_path / "later.pdf", MIB, seed="later")
    assert_proven(stack, party, party.send(second.read_bytes(), AD_ART), second, tmp_path)


def _refused_but_not_harmed(stack: Stack, party: Caller, path: str, before: set[str]) -> None:
    refused = party.post(MIB, AD_ART).expect(503)
    assert refused.json()["code"] == "storage_full"
    assert int(refused.headers["retry-after"]) > 0
    assert refused.headers["tus-resumable"] == "1.0.0"
    assert files_of(stack) == before
    # No reservation is left behind for what never was.
    listed = party.api("GET", "uploads").expect(200).json()["items"]
    assert [each["id"] for each in listed] == [upload_id(path)]
    assert ask(stack.base_url, "GET", "/readyz").expect(503).json()["parts"]["disk"] == "failing"


def test_a_disk_without_any_byte_left_loses_nothing_that_was_acknowledged(
    stack: Stack, party: Caller, tmp_path: Path
) -> None:
    """Even the reserve is gone, and files without a reservation cannot be written: a quota, a snapshot."""
    file = padded_pdf(tmp_path / "last.pdf", 4 * MIB, seed="last")
    content = file.read_bytes()
    path = party.create(len(content), AD_ART)
    party.patch(path, 0, content[:MIB]).expect(204)
    with filled(stack, left=0):
        # The bytes have their place; the arrival's own small file has none until there is room.
        party.patch(path, MIB, content[MIB:]).expect(204)
        assert party.offset(path) == len(content)
        assert party.status(upload_id(path))["state"] == "uploading"
    assert_proven(stack, party, upload_id(path), file, tmp_path)
