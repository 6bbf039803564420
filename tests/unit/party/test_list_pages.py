"""Member lists: sent is stored and rejected, tabs, columns to confirm, templates, cards."""

from __future__ import annotations

from sqlalchemy import select

from tests.builders import build_file, build_roster
from tests.portal_stand import Stand
from verification.models import Member, Participation, Roster, RosterVersion
from verification.rosters.rules.listwide import NIK_REPEATED
from verification.rosters.rules.person import AGE_UNDER
from verification.rosters.versions import UNCLEAR
from verification.states import FileState, ListStage

COORDINATOR = "koordinator.a"
ASK = {
    "matches": [
        {"index": 0, "heading": "Kec", "field": "district_code", "sure": False, "samples": ["32"]},
        {"index": 1, "heading": "KTA", "field": "kta_number", "sure": True, "samples": []},
        {"index": 2, "heading": "NIK", "field": "nik", "sure": True, "samples": []},
        {"index": 3, "heading": "Nm", "field": None, "sure": True, "samples": []},
        {"index": 4, "heading": "JK", "field": "sex", "sure": True, "samples": []},
        {"index": 5, "heading": "Lahir", "field": "birth_date", "sure": True, "samples": []},
    ],
    "missing": ["name"],
}
CHOSEN = {
    "kolom-0": "district_code", "kolom-1": "kta_number", "kolom-2": "nik",
    "kolom-3": "name", "kolom-4": "sex", "kolom-5": "birth_date",
}  # fmt: skip


def the_list(stand: Stand) -> str:
    with stand.sessions.read() as session:
        return session.scalars(select(Roster.public_id).order_by(Roster.id)).all()[0]


def test_sent_is_stored_plus_rejected(stand: Stand) -> None:
    browser = stand.browser(COORDINATOR)
    assert "Kota Contoh Dua" in browser.get("/anggota").text
    page = browser.get(f"/anggota/{the_list(stand)}").text
    assert "<strong>60</strong> terkirim = <strong>60</strong> tersimpan" in page


def test_a_list_is_found_by_its_file_before_it_is_read(stand: Stand) -> None:
    with stand.sessions.begin() as session:
        file = build_file(
            session, session.get_one(Participation, stand.parties["a"].id), "anggota", "32.78",
            purpose="roster", state=FileState.RECEIVED,
        ).public_id  # fmt: skip
    browser = stand.browser(COORDINATOR)
    page = browser.get(f"/anggota/{file}").text
    assert "Menunggu giliran: ke-" in page
    assert "js/party-list.js" in page
    assert f"/anggota/{file}" in browser.get("/anggota").text


def test_repeated_rows_have_a_tab_of_their_own(stand: Stand) -> None:
    with stand.sessions.begin() as session:
        rows = list(session.scalars(select(Member).order_by(Member.line).limit(2)))
        for row in rows:
            row.warnings = NIK_REPEATED.flag
        session.scalars(select(RosterVersion)).one().repeated = 1
    page = stand.browser(COORDINATOR).get(f"/anggota/{the_list(stand)}?tab=ganda").text
    assert "Ganda (2)" in page
    assert page.count("(ganda identik); orangnya") == 2
    assert "NIK dan nama sama (ganda identik): 2 baris" in page
    assert "ANGGOTA CONTOH 3" not in page


def test_page_and_api_say_a_rule_with_its_numbers(stand: Stand) -> None:
    with stand.sessions.begin() as session:
        session.scalars(select(Member).order_by(Member.line)).all()[0].warnings = AGE_UNDER.flag
    browser, said = stand.browser(COORDINATOR), "Belum berumur 17 tahun pada 14-02-2029"
    assert said in browser.get(f"/anggota/{the_list(stand)}?tab=peringatan").text
    rows = browser.call("GET", f"/api/v1/rosters/{the_list(stand)}/warnings").json["items"]
    assert rows[0]["problems"][0]["message"].startswith(said)


def test_no_row_is_shown_to_another_party_or_region(stand: Stand) -> None:
    with stand.sessions.begin() as session:
        version = build_roster(
            session, session.get_one(Participation, stand.parties["a"].id), 2, region="73.71"
        )
        elsewhere = version.roster.public_id
    assert stand.browser("koordinator.b").get(f"/anggota/{elsewhere}").status_code == 404
    operator = stand.browser("operator.a")
    assert operator.get(f"/anggota/{elsewhere}").status_code == 404
    assert operator.get(f"/anggota/{the_list(stand)}").status_code == 200
    assert elsewhere not in operator.get("/anggota").text


def test_a_list_is_taken_back_and_brought_again(stand: Stand) -> None:
    browser, roster = stand.browser(COORDINATOR), the_list(stand)
    assert browser.send(f"/anggota/{roster}/hapus", alasan="").status_code == 422
    assert browser.send(f"/anggota/{roster}/hapus", alasan="keliru").status_code == 303
    assert "keliru" in browser.get(f"/anggota/{roster}").text
    assert browser.send(f"/anggota/{roster}/pulihkan").status_code == 303
    assert "keliru" not in browser.get(f"/anggota/{roster}").text
    told = browser.get("/riwayat").text
    assert "Daftar anggota dikeluarkan dari dosir: 60 anggota" in told
    assert "Daftar anggota dipulihkan ke dosir: 60 anggota" in told


def test_unclear_columns_are_asked_for_and_read_again(stand: Stand) -> None:
    roster = unclear(stand)
    browser = stand.browser(COORDINATOR)
    page = browser.get(f"/anggota/{roster}").text
    assert "Pastikan kolomnya" in page
    twice = browser.send(f"/anggota/{roster}/kolom", **CHOSEN | {"kolom-4": "name"})
    missing = browser.send(f"/anggota/{roster}/kolom", **CHOSEN | {"kolom-3": ""})
    unknown = browser.send(f"/anggota/{roster}/kolom", **CHOSEN | {"kolom-99": "address"})
    assert [reply.status_code for reply in (twice, missing, unknown)] == [422, 422, 422]
    assert browser.send(f"/anggota/{roster}/kolom", **CHOSEN).status_code == 303
    assert "Pastikan kolomnya" not in browser.get(f"/anggota/{roster}").text


def unclear(stand: Stand) -> str:
    with stand.sessions.begin() as session:
        party = session.get_one(Participation, stand.parties["a"].id)
        version = build_roster(session, party, 0, region="32.78", stage=ListStage.FAILED)
        version.columns = {"ask": ASK}
        version.file.state, version.file.rejection = FileState.REJECTED.value, UNCLEAR
        return version.roster.public_id


def test_templates_are_files(stand: Stand) -> None:
    browser = stand.browser(COORDINATOR)
    assert b"NIK" in browser.get("/anggota/templat.csv").data
    assert browser.get("/anggota/templat.xlsx").data[:2] == b"PK"
    assert browser.get("/anggota/templat.exe").status_code == 404


def test_a_file_that_is_the_same_is_said_to_be(stand: Stand) -> None:
    browser, said = stand.browser(COORDINATOR), "sama persis dengan yang berlaku"
    assert said not in browser.get(f"/anggota/{the_list(stand)}").text
    with stand.sessions.begin() as session:
        session.scalars(select(RosterVersion)).one().columns = {"unchanged": True}
    assert said in browser.get(f"/anggota/{the_list(stand)}").text
