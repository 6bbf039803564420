"""The beginning of a list that is still arriving, looked at behind the real walls."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.early import EarlyLooks
from portal.models import Account, Reservation
from tests.builders import build_party
from tests.rosters import VALID_ROW, people, write_rows
from tests.world import NOON, build_world
from uploads.arrivals import ArrivalLog
from uploads.shelf import Shelf
from verification.db import Sessions
from verification.models import EarlyWord, Region, Requirement
from verification.rosters import early
from verification.rosters.rules import EIGHT_FIELDS, FOUR_FIELDS
from verification.rosters.synthetic import synthetic_list, write_xlsx
from verification.sandbox.launcher import Bubblewrap


def content_of(tmp_path: Path, **changes: str) -> bytes:
    return write_rows(tmp_path / "list.csv", people(60, **changes)).read_bytes()


def word_of(content: bytes, tmp_path: Path) -> early.Word:
    return early.judge(Bubblewrap(), io.BytesIO(content), tmp_path, EIGHT_FIELDS.fields)


def test_a_sound_beginning_says_nothing_and_a_cut_line_is_no_fault(tmp_path: Path) -> None:
    content = content_of(tmp_path)
    for cut in (0, 1, 7):
        assert word_of(content[: len(content) - cut], tmp_path).code is None
    assert word_of(content.decode().encode("utf-16")[:-5], tmp_path).code is None
    assert [path.name for path in tmp_path.iterdir()] == ["list.csv"]


def test_what_the_heading_tells(tmp_path: Path) -> None:
    content = content_of(tmp_path)
    unclear = content.replace(b",name,", b",Nama Si Anggota,")
    assert word_of(unclear, tmp_path).code == "list.columns_unclear"
    lines = [line.split(b",") for line in content.splitlines()]
    cut = b"\n".join(b",".join(cells[:4]) for cells in lines)
    word = word_of(cut, tmp_path)
    assert word.code == "list.columns_missing"
    assert "NIK" in str(word.params["columns"])


def test_a_preset_asks_for_its_own_columns_only(tmp_path: Path) -> None:
    names = [name for name in VALID_ROW if name not in ("row_ref", "occupation", "address")]
    content = write_rows(tmp_path / "list.csv", people(60), *names).read_bytes()
    assert word_of(content, tmp_path).code == "list.columns_missing"
    four = early.judge(Bubblewrap(), io.BytesIO(content), tmp_path, FOUR_FIELDS.fields)
    assert four.code is None


def test_what_the_cells_tell(tmp_path: Path) -> None:
    damaged = content_of(tmp_path, nik="3,27302E+15").replace(b'"3,27302E+15"', b"3.27302E+15")
    assert word_of(damaged, tmp_path).code == "list.nik_scientific"
    zeros = content_of(tmp_path, nik="3273015305870010")
    assert word_of(zeros, tmp_path).code == "list.nik_zeros"
    assert word_of(b"%PDF-1.7\n" + bytes(2_000), tmp_path).code == "list.other_type"
    assert word_of(bytes(range(256)) * 400, tmp_path).code == "list.not_text"


def test_a_workbook_says_nothing_before_its_end(tmp_path: Path) -> None:
    members = synthetic_list(50, seed=1, districts=["32.73.01"])
    book = write_xlsx(tmp_path / "list.xlsx", members).read_bytes()
    assert word_of(book[: len(book) // 2], tmp_path).code is None


def test_an_open_upload_is_looked_at_once_it_has_grown(
    sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(early, "FIRST", 4_000)
    upload_id = "a" * 32
    data = ArrivalLog(tmp_path).data_path(upload_id)
    data.parent.mkdir(parents=True)
    with sessions.begin() as session:
        reserve(session, upload_id)
    looks = EarlyLooks(sessions, Shelf(tmp_path), Bubblewrap(), tmp_path, clock=lambda: NOON)
    content = content_of(tmp_path, nik="3273015305870010")
    data.write_bytes(content[:3_999])
    assert looks.run() == 0
    data.write_bytes(content)
    assert looks.run() == 1
    assert looks.run() == 0
    with sessions.read() as session:
        word = session.scalars(select(EarlyWord)).one()
        assert (word.upload_id, word.code) == (upload_id, "list.nik_zeros")


def reserve(session: Session, upload_id: str) -> None:
    """An open upload of a list, as the Policy leaves it."""
    party = build_party(session, build_world(session))
    account = Account(
        login="uji", name="Uji", role="coordinator", party_id=party.party_id, password_hash="x",
        created_at=NOON,
    )  # fmt: skip
    session.add(account)
    session.flush()
    requirement = session.scalars(select(Requirement).where(Requirement.code == "anggota")).one()
    region = session.scalars(select(Region).where(Region.code == "32.73")).one()
    session.add(
        Reservation(
            upload_id=upload_id,
            participation_id=party.id,
            account_id=account.id,
            requirement_id=requirement.id,
            region_id=region.id,
            purpose="roster",
            filename="daftar.csv",
            bytes=50_000_000,
            created_at=NOON,
            expires_at=NOON + timedelta(days=1),
        )
    )
