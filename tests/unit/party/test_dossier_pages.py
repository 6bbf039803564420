"""The dossier's pages: numbers that lead to their rows, regions of one's own, files taken back."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from tests.builders import build_file
from tests.portal_stand import Stand
from verification.models import Participation, ReceivedFile
from verification.states import FileState

COORDINATOR = "koordinator.a"
OPERATOR = "operator.a"


def file_of(stand: Stand, requirement: str) -> str:
    with stand.sessions.read() as session:
        files = session.scalars(select(ReceivedFile).order_by(ReceivedFile.id))
        return next(file.public_id for file in files if file.requirement.code == requirement)


def test_the_task_list_says_how_far_the_party_is(stand: Stand) -> None:
    page = stand.browser(COORDINATOR).get("/dosir").text
    assert "0 dari 2 provinsi, 1 dari 5 kabupaten/kota, 60 anggota tersimpan" in page
    assert "/dosir/sk-kabupaten?keadaan=kurang" in page


def test_only_what_is_missing_is_a_link_one_can_send(stand: Stand) -> None:
    page = stand.browser(COORDINATOR).get("/dosir?kurang=1").text
    assert "/dosir/ad-art/ID" not in page
    assert "/dosir/berita-negara/ID" in page


def test_an_operator_sees_his_region_and_nothing_else(stand: Stand) -> None:
    browser = stand.browser(OPERATOR)
    page = browser.get("/dosir").text
    assert "Kota Contoh Dua" in page
    assert "/dosir/ad-art" not in page
    assert "32.01" not in browser.get("/dosir/sk-kabupaten").text
    for path in ("/dosir/sk-kabupaten/32.01", "/dosir/ad-art/ID", "/dosir?wilayah=73"):
        assert browser.get(path).status_code == 404
    assert browser.get("/dosir?wilayah=32").status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/dosir/tidak-ada", "/dosir/sk-kabupaten/99.99", "/dosir/sk-kabupaten/32",
     "/anggota/" + "0" * 32, "/tanda-terima/" + "0" * 32],
)  # fmt: skip
def test_what_does_not_exist_is_not_found(stand: Stand, path: str) -> None:
    assert stand.browser(COORDINATOR).get(path).status_code == 404


def test_regions_are_filtered_by_state_and_province(stand: Stand) -> None:
    browser = stand.browser(COORDINATOR)
    assert regions(browser.get("/dosir/sk-kabupaten?keadaan=passed").text) == ["32.73"]
    assert regions(browser.get("/dosir/sk-kabupaten?keadaan=rejected").text) == ["32.01"]
    assert regions(browser.get("/dosir/sk-kabupaten?wilayah=73").text) == ["73.71"]
    assert "32.73" not in regions(browser.get("/dosir/sk-kabupaten?keadaan=kurang").text)
    assert browser.get("/dosir/sk-kabupaten?keadaan=apa").status_code == 422


def regions(page: str) -> list[str]:
    return re.findall(r'<span class="app-digits">([0-9.]+)</span>', page)


def test_a_refused_file_says_why_and_what_to_do(stand: Stand) -> None:
    page = stand.browser(COORDINATOR).get("/dosir/sk-kabupaten/32.01").text
    assert "Ditolak sistem: " in page
    assert "/tanda-terima/" not in page


def test_a_file_is_taken_back_with_a_reason_and_brought_again(stand: Stand) -> None:
    browser, file = stand.browser(COORDINATOR), file_of(stand, "ad-art")
    refused = browser.send(f"/berkas/{file}/hapus", alasan=" ")
    assert refused.status_code == 422
    assert "Berkas belum dikeluarkan" in refused.text
    done = browser.send(f"/berkas/{file}/hapus", alasan="salah berkas")
    assert (done.status_code, done.location) == (303, "/dosir/ad-art/ID")
    page = browser.get("/dosir/ad-art/ID").text
    assert "Belum ada berkas" in page
    assert "salah berkas" in page
    assert f"/berkas/{file}/pulihkan" in page
    browser.send(f"/berkas/{file}/pulihkan")
    assert "Belum ada berkas" not in browser.get("/dosir/ad-art/ID").text


def test_nobody_takes_back_what_is_not_his(stand: Stand) -> None:
    file = file_of(stand, "ad-art")
    for login in ("koordinator.b", OPERATOR):
        reply = stand.browser(login).send(f"/berkas/{file}/hapus", alasan="coba")
        assert reply.status_code == 404


def test_the_other_party_sees_none_of_it(stand: Stand) -> None:
    page = stand.browser("koordinator.b").get("/dosir/ad-art/ID").text
    assert "Belum ada berkas" in page


def test_a_page_of_many_regions_goes_on_by_cursor(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.party.dossier.PAGE", 2)
    browser = stand.browser(COORDINATOR)
    first = browser.get("/dosir/sk-kabupaten").text
    assert regions(first) == ["32.01", "32.73"]
    assert "setelah=32.73" in first
    assert regions(browser.get("/dosir/sk-kabupaten?setelah=32.73").text) == ["32.78", "32.79"]


def test_older_versions_stay_readable(stand: Stand) -> None:
    with stand.sessions.begin() as session:
        party = session.get_one(Participation, stand.parties["a"].id)
        build_file(session, party, "ad-art", "ID", state=FileState.RECEIVED, filename="baru.pdf")
    page = stand.browser(COORDINATOR).get("/dosir/ad-art/ID").text
    assert "Berkas di dosir (2)" in page
    assert "baru.pdf" in page
