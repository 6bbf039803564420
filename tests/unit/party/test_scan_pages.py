"""Card scans: who lacks which card, pictures of nobody, pairings corrected by page and API."""

from __future__ import annotations

import itertools
import json
import secrets

import pytest
from sqlalchemy import select

from tests.builders import build_file
from tests.portal_stand import Stand
from verification.card_scans import CardScan, store_scans
from verification.models import JournalEntry, Member, Participation, ReceivedFile, Scan

COORDINATOR = "koordinator.a"
V1 = "/api/v1"
SAME = secrets.token_hex(32)


def kta(number: int, card: str, digest: str = "", kind: str = "kta") -> CardScan:
    return CardScan(
        number=number, kind=kind, sha256=digest or secrets.token_hex(32), name=f"{kind}-{card}.jpg",
        nik=None, kta_number=card,
    )  # fmt: skip


CARDS = [kta(1, "P01-00000001"), kta(2, "P01-99999999", SAME), kta(3, "P01-77777777", SAME)]


@pytest.fixture
def file(stand: Stand) -> str:
    """Three cards: one of a member, two that show nobody and are the same picture."""
    with stand.sessions.begin() as session:
        party = session.get_one(Participation, stand.parties["a"].id)
        file = build_file(session, party, "kartu-anggota", "32.73", purpose="scans")
        store_scans(session, file, CARDS, stand.services.field_keys)
        return file.public_id


def test_cards_that_show_nobody_are_named_to_their_party_only(stand: Stand, file: str) -> None:
    page = stand.browser(COORDINATOR).get("/anggota/kartu").text
    assert "kta-P01-99999999.jpg" in page
    assert "sama dengan kta-P01-99999999.jpg" in page
    assert "kta-P01-00000001.jpg" not in page.split("Belum berpasangan")[1].split("</table>")[0]
    other = stand.browser("koordinator.b")
    assert "Belum ada kartu" in other.get("/anggota/kartu").text
    for way in ("", "/gambar"):
        assert other.get(f"/anggota/kartu/{file}/2{way}").status_code == 404
    assert other.send(f"/anggota/kartu/{file}/2/tarik").status_code == 404


def test_members_say_which_card_they_lack(stand: Stand, file: str) -> None:
    browser = stand.browser(COORDINATOR)
    page = browser.get("/anggota/kartu?keadaan=tanpa-ktp").text
    assert "0 dari 60 anggota lengkap" in page
    assert "60 kurang KTP" in page
    assert "59 kurang KTA" in page
    assert "kta-P01-00000001.jpg" in page
    assert "ANGGOTA CONTOH 1<" not in browser.get("/anggota/kartu?keadaan=tanpa-kta").text
    roster = browser.call("GET", f"{V1}/rosters").json["items"][0]["id"]
    rows = browser.call("GET", f"{V1}/rosters/{roster}/cards?cards=semua&limit=2").json["items"]
    assert [sorted(row["cards"]) for row in rows] == [["kta"], []]


def test_what_takes_long_to_count_is_shown_with_its_time(
    stand: Stand, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    minutes = itertools.count(step=60).__next__
    monkeypatch.setattr(stand.services.card_books, "_seconds", minutes)
    browser = stand.browser(COORDINATOR)
    assert "Keadaan pada" not in browser.get("/anggota/kartu").text
    browser.send(f"/anggota/kartu/{file}/2/tarik")
    assert "Keadaan pada" in browser.get("/anggota/kartu").text
    stand.clock.turn(minutes=10)
    assert "Keadaan pada" not in browser.get("/anggota/kartu").text


def test_a_pairing_is_corrected_and_outlives_a_second_check(stand: Stand, file: str) -> None:
    browser, here = stand.browser(COORDINATOR), f"/anggota/kartu/{file}/2"
    wrong = browser.send(f"{here}/pasangkan", jenis="ktp", anggota="P01-12121212")
    assert wrong.status_code == 422
    assert "Pasangan belum diubah" in wrong.text
    assert browser.send(f"{here}/pasangkan", jenis="foto", anggota="x").status_code == 422
    assert browser.send(f"{here}/pasangkan", jenis="ktp", anggota="p01-00000002").status_code == 303
    assert "KTP milik ANGGOTA CONTOH 2" in browser.get(here).text
    with stand.sessions.begin() as session:
        row = session.scalars(select(ReceivedFile).where(ReceivedFile.public_id == file)).one()
        store_scans(session, row, CARDS, stand.services.field_keys)
    assert "KTP milik ANGGOTA CONTOH 2" in browser.get(here).text
    assert browser.send(f"{here}/nama").status_code == 303
    assert "belum menunjukkan anggota" in browser.get(here).text
    with stand.sessions.read() as session:
        kinds = list(session.scalars(select(JournalEntry.kind).order_by(JournalEntry.id.desc())))
        paired = select(JournalEntry.facts).where(JournalEntry.kind == "scan.paired")
        facts = json.loads(session.scalars(paired).one())
    assert kinds[0] == "scan.by_name"
    assert (facts["card"], facts["row"]) == ("ktp", "r00000002")


def test_a_wrong_picture_is_withdrawn_and_comes_back(stand: Stand, file: str) -> None:
    browser = stand.browser(COORDINATOR)
    call = f"{V1}/scans/{file}/1"
    assert browser.call("POST", f"{call}/withdraw", {}).json["withdrawn"] is True
    assert "ditarik" in browser.get("/anggota/kartu").text
    assert "60 kurang KTA" in browser.get("/anggota/kartu").text
    unpaired = browser.call("GET", f"{V1}/scans/unpaired").json["items"]
    assert [row["number"] for row in unpaired] == [1, 2, 3]
    again = browser.call("POST", f"{call}/pair", {"kind": "kta", "member": "P01-00000001"})
    assert again.json["withdrawn"] is False
    refused = browser.call("POST", f"{call}/pair", {"kind": "kta", "member": "P01-5"})
    assert (refused.status_code, refused.json["code"]) == (422, "no_such_member")
    assert browser.call("POST", f"{V1}/scans/{file}/9/withdraw", {}).status_code == 404


def test_a_member_is_found_by_nik(stand: Stand, file: str) -> None:
    """And a NIK stands in no address."""
    nik = "3273015305870001"
    with stand.sessions.begin() as session:
        scan = session.scalars(select(Scan).where(Scan.number == 3)).one()
        keys = stand.services.field_keys
        of_party = Member.participation_id == scan.participation_id
        member = session.scalars(select(Member).where(of_party, Member.line == 3)).one()
        member.nik, member.key_id = keys.encipher(nik), keys.current_id
    answer = stand.browser(COORDINATOR).send(
        f"/anggota/kartu/{file}/3/pasangkan", jenis="ktp", anggota=nik
    )
    assert answer.status_code == 303
    assert nik not in answer.location
    with stand.sessions.read() as session:
        scan = session.scalars(select(Scan).where(Scan.number == 3)).one()
        assert scan.kta_number == "P01-00000003"
