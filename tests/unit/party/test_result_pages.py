"""Where a coordinator sees what was published: marks in the task list, rows to download in a list."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.builders import ADMINISTRATOR, build_roster
from tests.portal_stand import Stand
from tests.unit.party.test_sending_pages import decide_everything, publish
from verification import publication
from verification.models import Roster
from verification.states import Outcome, Role

COORDINATOR = "koordinator.a"


def the_list(stand: Stand) -> str:
    with stand.sessions.read() as session:
        return session.scalars(select(Roster.public_id).order_by(Roster.id)).all()[0]


def open_repair(stand: Stand) -> None:
    with stand.sessions.begin() as session:
        publication.open_next_round(
            session, session.merge(stand.world.election),
            actor=ADMINISTRATOR, role=Role.ADMINISTRATOR, now=stand.clock(),
        )  # fmt: skip


def test_nothing_is_marked_before_it_is_published(stand: Stand) -> None:
    decide_everything(stand, Outcome.BMS)
    browser = stand.browser(COORDINATOR)
    for path in ("/dosir", "/anggota", f"/anggota/{the_list(stand)}"):
        page = browser.get(path).text
        assert "app-state--bms" not in page
        assert "Hasil verifikasi" not in page
        assert "results.xlsx" not in page


def test_the_task_list_marks_where_work_waits_and_leads_there(stand: Stand) -> None:
    decide_everything(stand, Outcome.BMS)
    publish(stand)
    browser = stand.browser(COORDINATOR)
    assert "Babak perbaikan:" not in browser.get("/dosir").text
    open_repair(stand)
    page = browser.get("/dosir").text
    assert "Babak perbaikan: 62 butir diumumkan BMS" in page
    assert page.count("app-state--bms") == 3
    assert 'href="/dosir/ad-art/ID">' in page
    assert 'href="/dosir/sk-kabupaten?keadaan=BMS">' in page
    assert "Kota Contoh Dua" in browser.get("/dosir/sk-kabupaten?keadaan=BMS").text
    lists = browser.get("/anggota").text
    assert f'href="/anggota/{the_list(stand)}#hasil"' in lists
    assert "BMS 60" in lists


def test_what_is_to_be_repaired_is_short_while_it_can_be(stand: Stand) -> None:
    decide_everything(stand, Outcome.BMS)
    publish(stand)
    browser = stand.browser(COORDINATOR)
    assert 'href="/dosir/ad-art/ID">' not in browser.get("/dosir?kurang=1").text
    open_repair(stand)
    page = browser.get("/dosir?kurang=1").text
    assert 'href="/dosir/ad-art/ID">' in page
    assert page.count("app-state--bms") == 3


def test_an_operator_sees_the_marks_of_his_regions(stand: Stand) -> None:
    decide_everything(stand, Outcome.BMS)
    publish(stand)
    page = stand.browser("operator.a").get("/dosir").text
    assert page.count("app-state--bms") == 2
    assert stand.browser("koordinator.b").get("/dosir").text.count("app-state--bms") == 0


def test_a_list_hands_out_its_rows_and_says_how_they_come_back(stand: Stand) -> None:
    decide_everything(stand, Outcome.BMS)
    publish(stand)
    browser, roster = stand.browser(COORDINATOR), the_list(stand)
    page = browser.get(f"/anggota/{roster}").text
    assert f'href="/api/v1/rosters/{roster}/results.xlsx"' in page
    assert "waktunya tertulis di halaman Hasil" in page
    assert "outcome=failed" not in page
    open_repair(stand)
    page = browser.get(f"/anggota/{roster}").text
    assert f'href="/api/v1/rosters/{roster}/results.csv"' in page
    assert "barisnya dikenali dari row_ref" in page
    assert "Pilih unduhan baris BMS yang sudah diperbaiki" in page
    assert "unggah gambar kartu" in page


def test_what_cannot_be_repaired_is_handed_out_beside_it(stand: Stand) -> None:
    decide_everything(stand, Outcome.TMS)
    publish(stand)
    page = stand.browser(COORDINATOR).get(f"/anggota/{the_list(stand)}").text
    assert "results.xlsx?outcome=failed" in page
    assert "Baris BMS, masing-masing" not in page
    assert "app-state--tms" in stand.browser(COORDINATOR).get("/dosir").text


def test_a_list_without_results_says_nothing_of_them(stand: Stand) -> None:
    decide_everything(stand, Outcome.BMS)
    publish(stand)
    with stand.sessions.begin() as session:
        other = build_roster(session, stand.party(session, "a"), 2, region="32.78")
        public_id = other.roster.public_id
    page = stand.browser(COORDINATOR).get(f"/anggota/{public_id}").text
    assert "Hasil verifikasi" not in page


@pytest.mark.parametrize("path", ["/dosir", "/anggota", "/anggota/{}"])
def test_the_words_are_there_in_english(stand: Stand, path: str) -> None:
    decide_everything(stand, Outcome.BMS)
    publish(stand)
    open_repair(stand)
    page = stand.browser(COORDINATOR).get(f"{path.format(the_list(stand))}?bahasa=en").text
    for word in ("Babak perbaikan", "Hasil verifikasi", "Baris BMS", "diperbaiki"):
        assert word not in page
