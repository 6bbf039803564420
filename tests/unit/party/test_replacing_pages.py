"""A whole list that waits: what the page asks, what the API tells, and who may answer."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.builders import build_roster
from tests.portal_stand import Stand
from verification.models import Roster, RosterVersion
from verification.states import ListStage

COORDINATOR = "koordinator.a"


@pytest.fixture
def waiting(stand: Stand) -> str:
    """Party A's list of 60 members; a list of 20 would replace it. The list's id."""
    with stand.sessions.begin() as session:
        roster = session.scalars(select(Roster)).one()
        party = stand.party(session, "a")
        version = build_roster(session, party, 20, roster=roster, stage=ListStage.WAITING)
        version.against, version.added, version.removed, version.changed = 1, 5, 45, 2
        return roster.public_id


def in_force(stand: Stand) -> tuple[int, str]:
    """Number of the version in force, and stage of the newest."""
    with stand.sessions.read() as session:
        roster = session.scalars(select(Roster)).one()
        newest = session.scalars(select(RosterVersion).order_by(RosterVersion.id.desc())).first()
        current = session.get_one(RosterVersion, roster.current_version_id)
        assert newest is not None
        return current.number, newest.stage


def test_the_page_asks_with_the_difference_and_shows_the_list_in_force(
    stand: Stand, waiting: str
) -> None:
    browser = stand.browser(COORDINATOR)
    page = browser.get(f"/anggota/{waiting}").text
    assert "Menunggu kepastian Anda" in page
    assert "45 dari 60 anggota versi 1" in page
    assert "−45 anggota" in page
    assert "+5 anggota" in page
    assert "<strong>60</strong> terkirim" in page
    assert "menunggu kepastian Anda" in page
    assert "Menunggu kepastian Anda" in browser.get("/anggota").text
    assert "Unggah perbaikan" not in page
    assert "js/upload/page.js" not in page
    assert "<strong>20</strong> terkirim" in browser.get(f"/anggota/{waiting}?versi=2").text


def test_yes_and_back_again_by_hand(stand: Stand, waiting: str) -> None:
    browser = stand.browser(COORDINATOR)
    assert browser.send(f"/anggota/{waiting}/pastikan", versi="2").status_code == 303
    assert in_force(stand) == (2, ListStage.DONE)
    page = browser.get(f"/anggota/{waiting}").text
    assert "Versi 2 berlaku sekarang" in page
    assert "Kembali ke versi 1" in page
    assert browser.send(f"/anggota/{waiting}/tetap", versi="2").status_code == 303
    assert in_force(stand) == (1, ListStage.DISCARDED)
    assert "Versi 2 tidak dipakai. Pakai juga?" in browser.get(f"/anggota/{waiting}").text
    journal = browser.get("/riwayat").text
    assert "versi 2 menggantikan versi 1: 5 ditambah, 45 dikeluarkan, 2 berubah" in journal
    assert "versi 2 tidak dipakai, versi 1 yang berlaku" in journal


def test_the_check_page_says_which_list_goes_in(stand: Stand, waiting: str) -> None:
    del waiting
    page = stand.browser(COORDINATOR).get("/kirim").text
    assert "daftar baru menunggu kepastian Anda; yang ikut adalah daftar yang berlaku" in page


def test_the_api_tells_and_takes_the_word(stand: Stand, waiting: str) -> None:
    browser, path = stand.browser(COORDINATOR), f"/api/v1/rosters/{waiting}"
    told = browser.call("GET", path).json
    assert told["stage"] == "waiting"
    assert told["replacing"] == {
        "version": 2, "stage": "waiting", "against": 1, "question": "removes", "before": 60,
        "after": 20, "added": 5, "removed": 45, "changed": 2, "may_confirm": True,
        "may_discard": True,
    }  # fmt: skip
    told = browser.call("POST", f"{path}/discard", {"version": 2}).json
    assert (told["stage"], told["version"], told["replacing"]["stage"]) == ("done", 1, "discarded")
    told = browser.call("POST", f"{path}/confirm", {"version": 2}).json
    assert (told["stage"], told["version"]) == ("done", 2)
    assert told["replacing"]["may_discard"]
    refused = browser.call("POST", f"{path}/confirm", {"version": 1})
    assert (refused.status_code, refused.json["code"]) == (409, "not_allowed_now")


@pytest.mark.parametrize("login", ["koordinator.b", "verifikator.a", "pengamat"])
def test_nobody_else_answers(stand: Stand, waiting: str, login: str) -> None:
    browser = stand.browser(login)
    for call in ("confirm", "discard"):
        reply = browser.call("POST", f"/api/v1/rosters/{waiting}/{call}", {"version": 2})
        assert reply.status_code in (403, 404)
    for path in ("pastikan", "tetap"):
        reply = browser.send(f"/anggota/{waiting}/{path}", versi="2")
        assert reply.status_code in (403, 404)
    assert in_force(stand) == (1, ListStage.WAITING)
