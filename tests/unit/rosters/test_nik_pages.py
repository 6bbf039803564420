"""The index by NIK of a version: sorted pages, found again one by one and all together."""

from __future__ import annotations

import hashlib

import polars as pl
import pytest
from sqlalchemy import delete, func, select

from tests.rosters import people
from tests.unit.rosters.stand import KEYS, Stand
from verification.models import NikPage
from verification.rosters import nik_pages


def test_every_member_is_found_by_nik(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nik_pages, "PAGE", 4)
    rows = people(30)
    for row in rows[10:22]:
        row["nik"] = rows[10]["nik"]
    done = stand.load(stand.write("a", rows))
    version = done.version_id
    members = stand.members(version)
    with stand.sessions.read() as session:
        pages = session.scalar(select(func.count()).select_from(NikPage))
        assert pages == 8
        for member in members:
            found = set(nik_pages.lines_of(session, [version], [member.nik]))
            assert found == {
                (version, other.line, other.nik) for other in members if other.nik == member.nik
            }
        strange = hashlib.sha256(b"nobody").digest()[:16]
        assert list(nik_pages.lines_of(session, [version, version + 1], [strange])) == []
        everybody = nik_pages.niks_of(session, version)
    assert everybody.height == 30
    assert everybody.equals(everybody.sort("high", "low", "line"))
    assert set(everybody["line"]) == {member.line for member in members}


def test_a_version_without_pages_is_read_from_its_rows(stand: Stand) -> None:
    done = stand.load(stand.write("a", people(5)))
    with stand.sessions.begin() as session:
        before = nik_pages.niks_of(session, done.version_id)
        session.execute(delete(NikPage))
        after = nik_pages.niks_of(session, done.version_id)
        assert before.equals(after)
        nik = KEYS.encipher(people(3)[2]["nik"])
        assert [line for _, line, _ in nik_pages.lines_of(session, [done.version_id], [nik])] == [4]


def test_an_attempt_that_was_cut_short_leaves_no_page(stand: Stand) -> None:
    version = stand.send(stand.write("a", people(5)))
    pages = nik_pages.pack(
        nik_pages.places(pl.Series([b"x" * 16], dtype=pl.Binary), pl.Series([9]))
    )
    ((least, content),) = pages
    with stand.sessions.begin() as session:
        session.add(NikPage(version_id=version, number=7, least=least, content=content))
    stand.take_in(version, stand.hand(stand.folder / "a.csv"))
    with stand.sessions.read() as session:
        assert session.scalars(select(NikPage.number)).all() == [0]
