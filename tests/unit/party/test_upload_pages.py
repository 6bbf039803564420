"""The queue's page and what its script asks: claims, states by batches, leftovers."""

from __future__ import annotations

import gzip
import html
import json
import re
import secrets
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal.light import STATIC
from portal.models import Reservation
from tests.builders import build_roster
from tests.portal_stand import Stand
from verification.models import Participation, ReceivedFile
from verification.reference import region_of, requirement_by_code

COORDINATOR = "koordinator.a"
OPERATOR = "operator.a"
PLACES = ("/unggah", "/dosir/sk-kabupaten", "/dosir/sk-kabupaten/32.73")


def config_of(page: str) -> dict[str, Any]:
    found = re.search(r'data-config="([^"]*)"', page)
    assert found is not None
    config: dict[str, Any] = json.loads(html.unescape(found.group(1)))
    return config


def leave_upload(stand: Stand, login: str, requirement: str, region: str) -> str:
    upload_id = secrets.token_hex(16)
    with stand.sessions.begin() as session:
        party = session.get_one(Participation, stand.parties["a"].id)
        session.add(
            Reservation(
                upload_id=upload_id,
                participation_id=party.id,
                account_id=stand.people[login].id,
                requirement_id=requirement_by_code(session, party.election, requirement).id,
                region_id=region_of(session, party.election, region).id,
                purpose="document",
                filename="KEPUTUSAN.pdf",
                bytes=100_000_000,
                created_at=stand.clock(),
                expires_at=stand.clock() + timedelta(days=7),
            )
        )
    return upload_id


@pytest.mark.parametrize("path", PLACES)
def test_a_page_that_uploads_says_so_without_a_script(stand: Stand, path: str) -> None:
    page = stand.browser(COORDINATOR).get(path).text
    assert "sipol upload" in re.findall(r"<noscript>(.*?)</noscript>", page, re.DOTALL)[0]
    assert "js/upload/page.js" in page


def test_pages_hold_no_inline_script_or_style(stand: Stand) -> None:
    browser = stand.browser(COORDINATOR)
    for path in (*PLACES, "/dosir", "/anggota", "/kirim", "/tanda-terima", "/riwayat", "/hasil"):
        page = browser.get(path).text
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", page)


def test_the_claim_follows_the_page(stand: Stand) -> None:
    browser = stand.browser(COORDINATOR)
    free, fixed, slot = (config_of(browser.get(path).text) for path in PLACES)
    assert (free["requirement"], free["region"]) == (None, None)
    assert (fixed["requirement"], fixed["region"]) == ("sk-kabupaten", None)
    assert (slot["requirement"], slot["region"]) == ("sk-kabupaten", "32.73")
    assert free["requirements"][0]["code"] == "ad-art"


def test_an_operator_is_offered_what_his_regions_send_and_told_of_the_rest(stand: Stand) -> None:
    config = config_of(stand.browser(OPERATOR).get("/unggah").text)
    levels = {row["level"] for row in config["requirements"]}
    assert levels == {"regency", "district"}
    assert "ad-art" not in {row["code"] for row in config["requirements"]}
    assert "ad-art" in config["beyond"]
    everything = config_of(stand.browser(COORDINATOR).get("/unggah").text)
    assert everything["beyond"] == {}
    codes = {row["code"] for row in config["requirements"]} | set(config["beyond"])
    assert codes == {row["code"] for row in everything["requirements"]}


@pytest.mark.parametrize("path", ["/unggah?syarat=ad-art", "/dosir/ad-art"])
def test_what_somebody_else_sends_has_no_queue(stand: Stand, path: str) -> None:
    page = stand.browser(OPERATOR).get(path).text
    assert "Ini di luar wilayah kerja akun Anda." in page
    assert 'id="queue"' not in page
    assert 'id="queue"' in stand.browser(COORDINATOR).get(path).text


def test_nothing_can_be_chosen_when_the_window_is_closed(stand: Stand) -> None:
    stand.clock.turn(days=40)
    page = stand.browser(COORDINATOR).get("/unggah").text
    assert "tidak terbuka untuk mengunggah" in page
    assert "js/upload/page.js" not in page


def test_regions_are_found_by_code_and_by_name_within_ones_own(stand: Stand) -> None:
    browser = stand.browser(COORDINATOR)
    by_code = browser.get("/unggah/wilayah?syarat=sk-kabupaten&kode=32.73&kode=99.99").json
    assert by_code == [["32.73", "Kota Contoh Dua"]]
    by_name = browser.get("/unggah/wilayah?syarat=sk-kabupaten&cari=contoh+lima").json
    assert by_name == [["73.71", "Kota Contoh Lima"]]
    assert stand.browser(OPERATOR).get("/unggah/wilayah?syarat=sk-kabupaten&kode=73.71").json == []


def test_states_are_told_by_batches_and_only_of_ones_own(stand: Stand) -> None:
    with stand.sessions.begin() as session:
        version = build_roster(
            session, session.get_one(Participation, stand.parties["a"].id), 3, region="32.78"
        )
        roster_file = version.file.public_id
        files = list(session.scalars(select(ReceivedFile.public_id)))
    query = "&".join(f"id={file}" for file in files)
    told = {
        row["id"]: row for row in stand.browser(COORDINATOR).get(f"/unggah/keadaan?{query}").json
    }
    assert set(told) == set(files)
    assert told[roster_file]["sent"] == told[roster_file]["stored"] == 3
    assert stand.browser("koordinator.b").get(f"/unggah/keadaan?{query}").json == []
    assert len(stand.browser(OPERATOR).get(f"/unggah/keadaan?{query}").json) == 2


def test_an_unfinished_upload_is_offered_to_its_sender_and_the_coordinator(stand: Stand) -> None:
    leave_upload(stand, OPERATOR, "sk-kabupaten", "32.73")
    for login, seen in ((OPERATOR, True), (COORDINATOR, True), ("koordinator.b", False)):
        assert ("KEPUTUSAN.pdf" in stand.browser(login).get("/unggah").text) is seen


def test_an_unfinished_upload_is_named_before_sending(stand: Stand) -> None:
    leave_upload(stand, COORDINATOR, "berita-negara", "ID")
    page = stand.browser(COORDINATOR).get("/kirim").text
    assert "KEPUTUSAN.pdf: unggahan belum selesai, 0 B dari 100 MB" in page


def test_the_page_is_light(stand: Stand) -> None:
    browser = stand.browser(COORDINATOR)
    page = browser.get("/unggah")
    weight = len(gzip.compress(page.data, 5))
    later = {"ask.js", "group.js"}  # with the first file that needs them
    own = [path for path in STATIC.glob("js/upload/*.js") if path.name not in later]
    own += [STATIC / "js/api.js", STATIC / "js/session.js",
            STATIC / "css/app.css", STATIC / "css/party.css"]  # fmt: skip
    weight += sum(len(gzip.compress(path.read_bytes(), 5)) for path in own)
    # GOV.UK's stylesheet comes to 16.5 KB beside these; tus-js-client follows with the first file.
    assert weight < 28_000
