"""`/hitung`: every region with a shape and a word, in the account's scope; offices see all parties."""

from __future__ import annotations

import re

from tests.builders import build_file, build_roster
from tests.portal_stand import Stand


def test_a_party_sees_where_it_stands(stand: Stand) -> None:
    with stand.sessions.begin() as session:
        party = stand.party(session, "b")
        build_roster(session, party, 4, region="32.79")
        for code, region in (
            ("sk-provinsi", "32"), ("sk-kabupaten", "32.79"),
            ("sk-kecamatan", "32.79.01"), ("sk-kecamatan", "32.79.02"),
        ):  # fmt: skip
            build_file(session, party, code, region)
    browser = stand.browser("koordinator.b")
    page = browser.get("/hitung").text
    assert "0 dari 2 provinsi lengkap, 1 dari 5 kabupaten/kota; 4 anggota dihitung." in page
    assert re.search(r"◐</span> kurang", page)
    page = browser.get("/hitung?wilayah=32").text
    row = page[page.index("Kota Contoh Empat") :]
    assert re.search(r"●</span> lengkap", row[:600])
    api = browser.call("GET", "/api/v1/counting?province=32").json
    (west,) = api["provinces"]
    assert (west["complete"], west["needed"], west["short"]) == (1, 3, 2)
    told = {each["code"]: each for each in west["regencies"]}
    assert (told["32.79"]["state"], told["32.78"]["short"]) == ("complete", 740)


def test_an_operator_sees_his_own_regions(stand: Stand) -> None:
    page = stand.browser("operator.a").get("/hitung").text
    assert "Kota Contoh Dua" in page
    assert "Kota Contoh Tiga" not in page
    assert "Provinsi Contoh B" not in page


def test_an_office_sees_every_party_in_its_region(stand: Stand) -> None:
    browser = stand.browser("verifikator.a")
    page = browser.get("/hitungan").text
    assert "Partai Contoh A" in page
    assert "Partai Contoh B" in page
    shown = browser.get(f"/hitungan/{stand.parties['b'].public_id}").text
    assert "Kota Contoh Dua" in shown
    assert "Kota Contoh Tiga" not in shown
    ours = stand.parties["a"].public_id
    api = browser.call("GET", f"/api/v1/counting?participation={ours}").json
    assert [row["code"] for row in api["provinces"]] == ["32"]


def test_a_party_reaches_no_other_s_numbers(stand: Stand) -> None:
    browser = stand.browser("koordinator.b")
    rival = stand.parties["a"].public_id
    assert browser.call("GET", f"/api/v1/counting?participation={rival}").status_code == 404
    assert browser.get(f"/hitungan/{rival}").status_code == 403
