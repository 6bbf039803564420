"""Images that are not there are drawn when somebody asks, and nothing else changes by it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests import files as contents
from tests.unit.verification.test_handlers import Stand, build_stand
from tests.world import NOON
from uploads.arrivals import ArrivalLog
from verification.db import Sessions
from verification.drawing import ask_for_images
from verification.files import derived_path, erase
from verification.models import JournalEntry
from verification.sandbox.launcher import Bubblewrap


@pytest.fixture
def stand(sessions: Sessions, tmp_path: Path) -> Stand:
    return build_stand(sessions, tmp_path, Bubblewrap())


@pytest.fixture
def derived(tmp_path: Path) -> Path:
    return tmp_path / "derived"


def draw(stand: Stand, upload_id: str) -> None:
    with stand.sessions.begin() as session:
        ask_for_images(session, upload_id, NOON)
    stand.work()


def images(derived: Path, upload_id: str) -> set[str]:
    return {path.name for path in derived_path(derived, upload_id).glob("*.webp")}


def events(stand: Stand) -> int:
    with stand.sessions.read() as session:
        return session.query(JournalEntry).count()


def test_later_pages_of_a_long_document(stand: Stand, derived: Path) -> None:
    upload_id = stand.send("ad-art", "ID", contents.pdf(43))
    stand.work()
    first = {name for name in images(derived, upload_id) if ".page." in name}
    assert first == {f"{page:04d}.page.webp" for page in range(1, 41)}
    before = events(stand)
    draw(stand, upload_id)
    every = {name for name in images(derived, upload_id) if ".page." in name}
    assert every == {f"{page:04d}.page.webp" for page in range(1, 44)}
    assert events(stand) == before


@pytest.mark.parametrize(
    ("code", "region", "content", "more"),
    [
        ("ad-art", "ID", contents.pdf(2), {}),
        (
            "kartu-anggota",
            "32.73",
            contents.card("1" * 16),
            {"purpose": "scans", "filename": "KTA_P01-00000001.jpg", "filetype": "image/jpeg"},
        ),
        (
            "kartu-anggota",
            "32.73",
            contents.scans(2),
            {"purpose": "scans", "filename": "kartu.zip", "filetype": "application/zip"},
        ),
    ],
    ids=["document", "card", "archive"],
)
def test_a_lost_cache_is_drawn_again(
    stand: Stand, derived: Path, code: str, region: str, content: bytes, more: dict[str, str]
) -> None:
    upload_id = stand.send(code, region, content, **more)
    stand.work()
    before, told = images(derived, upload_id), events(stand)
    assert before
    shutil.rmtree(derived)
    draw(stand, upload_id)
    assert images(derived, upload_id) == before
    assert events(stand) == told


def test_what_is_whole_is_left_alone(stand: Stand, derived: Path) -> None:
    upload_id = stand.send("ad-art", "ID", contents.pdf(1))
    stand.work()
    page = derived_path(derived, upload_id) / "0001.page.webp"
    page.write_bytes(b"as it was")
    draw(stand, upload_id)
    assert page.read_bytes() == b"as it was"


def test_nothing_is_drawn_of_what_was_erased_or_is_gone(stand: Stand, derived: Path) -> None:
    erased, gone = (stand.send("ad-art", "ID", contents.pdf(n)) for n in (1, 2))
    stand.work()
    shutil.rmtree(derived)
    with stand.sessions.begin() as session:
        file = session.merge(stand.file(erased))
        erase(session, file, actor="system", reason="uji", now=NOON)
    ArrivalLog(stand.root).data_path(gone).unlink()
    for upload_id in (erased, gone, "0" * 32):
        draw(stand, upload_id)
        assert images(derived, upload_id) == set()
