"""The desk's pages: forms first, the same as JSON, one item after the other, nobody else's data."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from portal.desk import views
from tests.office_stand import NIK
from tests.portal_stand import Browser, Stand
from verification.models import AccessEntry, Decision, Item, Member
from verification.rosters.rules.person import AGE_UNDER
from verification.states import ItemState

SPACED = "327301 530587 0001"


def begin(browser: Browser) -> str:
    """Take the next item; its address."""
    reply = browser.send("/antrean/ambil")
    assert reply.status_code == 303
    assert re.fullmatch(r"/periksa/[0-9a-f]{32}", reply.location)
    return reply.location


def item_of(stand: Stand, address: str) -> Item:
    with stand.sessions.read() as session:
        return session.scalars(
            select(Item).where(Item.public_id == address.rpartition("/")[2])
        ).one()


def test_a_version_beyond_all_numbers_is_no_fault_of_ours(stand: Stand) -> None:
    browser = stand.browser("verifikator.a")
    reply = browser.send(f"{begin(browser)}/keputusan", outcome="MS", version="9" * 5000)
    assert reply.status_code < 500


def test_the_queue_says_how_much_there_is_and_offers_one_thing(stand: Stand) -> None:
    page = stand.browser("verifikator.a").get("/antrean").text
    assert "5 menunggu" in page
    content = page[page.index("<main") : page.index("</main>")]
    assert content.count('class="govuk-button"') == 1
    assert "Mulai memeriksa" in content


def test_the_holder_sees_the_claim_in_clear_with_what_fits(stand: Stand) -> None:
    browser = stand.browser("verifikator.a")
    page = browser.get(begin(browser)).text
    assert SPACED in page
    assert "klaim berakhir 15 menit lagi" in page
    assert "4 menunggu" in page
    assert "desk-mark--" in page
    for key in "SLBT":
        assert f'aria-keyshortcuts="{key}"' in page


def test_a_long_queue_is_not_counted_to_its_end(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = stand.browser("verifikator.a")
    monkeypatch.setattr(views, "MOST_COUNTED", 3)
    assert "lebih dari 3 menunggu" in browser.get(begin(browser)).text


@pytest.mark.parametrize("login", ["verifikator.b", "pengawas"])
def test_others_see_it_masked_without_buttons_and_it_is_logged(stand: Stand, login: str) -> None:
    address = begin(stand.browser("verifikator.a"))
    page = stand.browser(login).get(address).text
    assert "3273************" in page
    assert SPACED not in page
    assert NIK not in page
    assert "/keputusan" not in page
    with stand.sessions.read() as session:
        last = session.scalars(select(AccessEntry).order_by(AccessEntry.id.desc())).first()
        assert last is not None
        assert last.action == "item.read"


def test_page_and_api_say_a_rule_with_its_numbers(stand: Stand) -> None:
    with stand.sessions.begin() as session:
        for member in session.scalars(select(Member)):
            member.warnings = AGE_UNDER.flag
    browser = stand.browser("verifikator.a")
    address = begin(browser)
    said = "Belum berumur 17 tahun pada 14-02-2029"
    assert said in browser.get(address).text
    item = browser.call("GET", f"/api/v1/items/{address.rpartition('/')[2]}").json
    assert item["notices"][0]["message"].startswith(said)


def test_a_decision_by_form_leads_to_the_next_item(stand: Stand) -> None:
    browser = stand.browser("verifikator.a")
    first = begin(browser)
    reply = browser.send(f"{first}/keputusan", outcome="MS", version=item_of(stand, first).version)
    assert reply.status_code == 303
    assert reply.location.startswith("/periksa/")
    assert reply.location != first
    assert item_of(stand, first).outcome == "MS"


def test_the_same_as_json_brings_the_next_item_along(stand: Stand) -> None:
    browser = stand.browser("verifikator.a")
    first = begin(browser)
    body = {"outcome": "BMS", "reason": "ktp-tidak-terbaca", "version": "2"}
    reply = browser.call("POST", f"{first}/keputusan", body)
    assert reply.status_code == 200
    assert reply.json["address"] != first
    assert "desk-bar" in reply.json["html"]
    assert "<html" not in reply.json["html"]
    assert reply.json["said"] == "BMS disimpan."


def test_a_verdict_sent_again_because_its_answer_was_lost_counts_once(stand: Stand) -> None:
    browser = stand.browser("verifikator.a")
    first = begin(browser)
    body = {"outcome": "MS", "version": "2"}
    once = browser.call("POST", f"{first}/keputusan", body)
    again = browser.call("POST", f"{first}/keputusan", body)
    assert again.status_code == 200
    assert again.json["address"] == once.json["address"]
    with stand.sessions.read() as session:
        assert len(session.scalars(select(Decision)).all()) == 1


def test_a_lost_claim_is_said_and_nothing_is_decided(stand: Stand) -> None:
    browser = stand.browser("verifikator.a")
    first = begin(browser)
    stand.clock.turn(minutes=16)
    reply = browser.call("POST", f"{first}/keputusan", {"outcome": "MS"})
    assert (reply.status_code, reply.json["code"]) == (409, "lease_lost")
    assert item_of(stand, first).outcome is None


def test_the_heartbeat_says_how_long_the_claim_lasts(stand: Stand) -> None:
    browser = stand.browser("verifikator.a")
    first = begin(browser)
    stand.clock.turn(minutes=10)
    assert browser.call("POST", f"{first}/perpanjang", {}).json == {"seconds": 900}


def test_undo_brings_the_item_back_and_releases_the_one_held(stand: Stand) -> None:
    browser = stand.browser("verifikator.a")
    first = begin(browser)
    second = browser.send(f"{first}/keputusan", outcome="MS").location
    page = browser.get(second).text
    assert f'{first}/urungkan"' in page
    assert browser.send(f"{first}/urungkan").location == first
    assert item_of(stand, first).state == ItemState.CLAIMED
    assert item_of(stand, second).state == ItemState.QUEUED


def test_a_flag_needs_words_and_the_supervisor_reads_them(stand: Stand) -> None:
    browser = stand.browser("verifikator.a")
    first = begin(browser)
    assert browser.send(f"{first}/tandai", note=" ").status_code == 422
    assert browser.send(f"{first}/tandai", note="Foto tampak lain").status_code == 303
    chief = stand.browser("pengawas")
    assert "Foto tampak lain" in chief.get("/pengawas").text
    taken = chief.send(f"/pengawas/butir/{first.rpartition('/')[2]}/periksa")
    assert taken.location == first
    assert "Foto tampak lain" in chief.get(first).text


def test_skipping_puts_the_item_behind_the_others(stand: Stand) -> None:
    browser = stand.browser("verifikator.a")
    first = begin(browser)
    assert browser.send(f"{first}/lewati").location != first


def test_releasing_leads_back_to_the_queue(stand: Stand) -> None:
    browser = stand.browser("verifikator.a")
    first = begin(browser)
    assert browser.send(f"{first}/lepas").location == "/antrean"
    assert item_of(stand, first).state == ItemState.QUEUED


def test_the_last_decision_leads_to_an_empty_queue_with_words(stand: Stand) -> None:
    browser = stand.browser("verifikator.a")
    address = begin(browser)
    while address != "/antrean":
        address = browser.send(f"{address}/keputusan", outcome="MS").location
    page = browser.get("/antrean").text
    assert "Tidak ada butir yang menunggu" in page
    assert page.count("/urungkan") == 5


@pytest.mark.parametrize(
    "move", ["", "/keputusan", "/urungkan", "/klaim", "/perpanjang", "/lewati"]
)
def test_a_foreign_item_and_an_unknown_one_are_the_same_bytes(stand: Stand, move: str) -> None:
    mine = begin(stand.browser("verifikator.a"))
    other = stand.browser("verifikator.lain")
    replies = [
        other.send(f"{address}{move}", outcome="MS") if move else other.get(address)
        for address in (mine, f"/periksa/{'0' * 32}")
    ]
    assert [reply.status_code for reply in replies] == [404, 404]
    assert replies[0].data == replies[1].data


def test_no_page_of_the_desk_has_inline_script_or_style(stand: Stand) -> None:
    browser = stand.browser("verifikator.a")
    for page in (browser.get("/antrean").text, browser.get(begin(browser)).text):
        assert not re.search(r"<style|style=|<script(?! type=\"module\" src=)| on[a-z]+=", page)
