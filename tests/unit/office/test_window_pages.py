"""`/kelola/tahapan` at 23.40: form, what changes, confirmed; and the API that does the same."""

from __future__ import annotations

import html
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from tests.portal_stand import Browser, Stand, hidden
from tests.world import build_window
from verification import schedule
from verification.models import Window

PAGE = "/kelola/tahapan"
ADDRESS = f"{PAGE}/pendaftaran"
API = "/api/v1/windows/pendaftaran"
BASIS = "Keputusan KPU 9/2029 (uji)"
# 23.59 WIB.
CLOSE = datetime.fromisoformat("2026-08-14T16:59:00+00:00")


@pytest.fixture(autouse=True)
def last_night(stand: Stand) -> None:
    """It is 23.40 WIB, and registration closes at 23.59."""
    stage = stand.world.stages[0]
    with stand.sessions.begin() as session:
        session.execute(delete(Window).where(Window.stage_id == stage.id))
        build_window(session, stage, opens=CLOSE - timedelta(days=14), closes=CLOSE)
    stand.clock.at = CLOSE - timedelta(minutes=19)


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def fields_of(page: str) -> dict[str, str]:
    """The hidden fields of the page's form."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {name: html.unescape(value) for name, value in found if name != "csrf_token"}


def fill_in(browser: Browser, party: str = "", **fields: Any) -> Any:
    seen = hidden(browser.get(f"{ADDRESS}?bagi={party}").text, "terlihat")
    usual = {"bagi": party, "terlihat": seen, "tutup": "1", "tenggang": "60", "dasar": BASIS}
    return browser.send(ADDRESS, langkah="lihat", **(usual | fields))


def confirm(browser: Browser, preview: str, step: str = "simpan") -> Any:
    return browser.send(ADDRESS, **(fields_of(preview) | {"langkah": step}))


def closes(stand: Stand, letter: str = "a") -> datetime:
    with stand.sessions.read() as session:
        party = stand.party(session, letter)
        return schedule.window_for(session, stand.world.stages[0], party).closes_at


def test_an_hour_more_for_everybody_is_four_pages(stand: Stand) -> None:
    browser = stand.browser("administrator")
    assert f'href="{ADDRESS}"' in browser.get(PAGE).text
    form = text_of(browser.get(ADDRESS).text)
    assert "14 Agustus 2026 23.59 WIB · 15 Agustus 00.59 WITA · 15 Agustus 01.59 WIT" in form
    assert "+1 jam : 15 Agustus 2026 00.59 WIB · 01.59 WITA · 02.59 WIT" in form
    reply = fill_in(browser)
    shown = text_of(reply.text)
    assert "Menjadi ditutup 15 Agustus 2026 00.59 WIB · 01.59 WITA · 02.59 WIT" in shown
    assert "1 jam lebih lama" in shown
    assert "Bagi 2 partai" in shown
    assert closes(stand) == CLOSE
    assert confirm(browser, reply.text).status_code == 303
    assert closes(stand) == CLOSE + timedelta(hours=1)
    after = text_of(browser.get(PAGE).text)
    assert "1 versi sebelumnya" in after
    assert "Contoh administrator" in after
    # The clock of this process is no longer that of before.
    assert "ditutup 15 Agustus 2026 00.59 WIB" in after
    assert BASIS in browser.get("/kelola/riwayat?jenis=window.changed").text


def test_what_is_confirmed_is_the_moment_that_was_shown(stand: Stand) -> None:
    """The choice says how much later; time passes between preview and confirmation."""
    stand.clock.at = CLOSE + timedelta(hours=3, seconds=40)
    browser = stand.browser("administrator")
    preview = fill_in(browser, tutup="2").text
    stand.clock.turn(minutes=20)
    assert confirm(browser, preview).status_code == 303
    assert closes(stand) == CLOSE + timedelta(hours=5)


def test_a_time_of_ones_own_is_read_as_wib_also_with_a_dot(stand: Stand) -> None:
    browser = stand.browser("administrator")
    preview = fill_in(browser, tutup="lain", tanggal="2026-08-16", jam="06.30").text
    confirm(browser, preview)
    assert closes(stand) == datetime.fromisoformat("2026-08-15T23:30:00+00:00")


def test_a_party_alone_and_those_everybodys_change_does_not_touch(stand: Stand) -> None:
    browser = stand.browser("administrator")
    party = stand.parties["b"].public_id
    preview = fill_in(browser, party, tutup="1").text
    assert "punya jendela sendiri" in text_of(preview)
    confirm(browser, preview)
    assert (closes(stand, "a"), closes(stand, "b")) == (CLOSE, CLOSE + timedelta(hours=1))
    assert f"bagi={party}" in browser.get(PAGE).text
    everybody = text_of(fill_in(browser, tutup="2").text)
    assert "Tidak ikut berubah: 1 partai dengan jendela sendiri" in everybody
    assert "Partai Contoh B: tetap ditutup 15 Agustus 2026 00.59 WIB" in everybody
    assert "Lebih awal daripada yang lain" in everybody


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"dasar": "a\0b"}, 422, "Dasar hukum belum disebut"),
        ({"dasar": " "}, 422, "Dasar hukum belum disebut"),
        ({"tutup": "lain", "tanggal": "2026-08-14", "jam": "23.00"}, 422, "sudah lewat"),
        ({"tutup": "lain", "tanggal": "2026-08-14", "jam": "23.50"}, 409, "tidak dikurangi"),
        ({"tutup": "lain", "tanggal": "2062-08-14", "jam": "23.59"}, 422, "Waktu belum sesuai"),
        ({"tutup": "lain", "tanggal": "besok", "jam": "23.59"}, 422, "Waktu belum sesuai"),
        ({"tutup": "7"}, 422, "Waktu belum sesuai"),
        ({"tutup": "", "tanggal": "2026-08-14", "jam": "23:59"}, 422, "Waktu belum sesuai"),
        ({"tenggang": "0"}, 303, ""),
        ({"tenggang": "banyak"}, 422, "Waktu belum sesuai"),
        ({"tenggang": "9" * 30}, 422, "Waktu belum sesuai"),
    ],
)
def test_a_refusal_keeps_what_was_typed_and_changes_nothing(
    stand: Stand, fields: dict[str, str], status: int, said: str
) -> None:
    browser = stand.browser("administrator")
    if status == 303:
        # An hour later with no grace at all still ends when the old one with its hour did.
        assert fill_in(browser, **fields).status_code == 200
        return
    reply = fill_in(browser, **fields)
    assert reply.status_code == status
    assert said in reply.text
    if "dasar" not in fields:
        assert f'value="{BASIS}"' in reply.text
    with stand.sessions.read() as session:
        assert len(session.scalars(select(Window)).all()) == 2


def test_going_back_keeps_the_fields(stand: Stand) -> None:
    browser = stand.browser("administrator")
    reply = confirm(browser, fill_in(browser, tutup="2").text, "ubah")
    assert reply.status_code == 200
    assert 'value="01.59"' in reply.text
    assert f'value="{BASIS}"' in reply.text


def test_who_comes_second_is_told_and_nothing_is_overwritten(stand: Stand) -> None:
    first, second = stand.browser("administrator"), stand.browser("administrator")
    mine, other = fill_in(first, tutup="24").text, fill_in(second, tutup="1").text
    assert confirm(first, mine).status_code == 303
    late = confirm(second, other)
    assert late.status_code == 412
    assert "15 Agustus 2026 23.59 WIB" in text_of(late.text)
    assert closes(stand) == CLOSE + timedelta(hours=24)
    # The same button pressed twice is no second change.
    assert confirm(first, mine).status_code == 303
    with stand.sessions.read() as session:
        assert len(session.scalars(select(Window)).all()) == 3


def test_a_stage_that_has_not_opened_may_be_moved_both_ways(stand: Stand) -> None:
    browser = stand.browser("administrator")
    stand.clock.at = CLOSE - timedelta(days=20)
    reply = fill_in(
        browser, tutup="lain", tanggal="2026-08-10", jam="23:59",
        buka_tanggal="2026-08-01", buka_jam="08:00",
    )  # fmt: skip
    assert "lebih singkat" in text_of(reply.text)
    assert confirm(browser, reply.text).status_code == 303
    assert closes(stand) == CLOSE - timedelta(days=4)


@pytest.mark.parametrize("login", ["pengawas.ri", "koordinator.a", "pengamat"])
def test_nobody_else_comes_near(stand: Stand, login: str) -> None:
    browser = stand.browser(login)
    assert browser.get(ADDRESS).status_code in (403, 404)
    assert browser.send(ADDRESS, langkah="simpan").status_code in (403, 404)
    assert browser.call("GET", API).status_code == 403


def test_no_such_stage_or_party_is_not_found(stand: Stand) -> None:
    browser = stand.browser("administrator")
    assert browser.get(f"{PAGE}/pleno").status_code == 404
    for party in ("0" * 32, "a%00b"):
        assert browser.get(f"{ADDRESS}?bagi={party}").status_code == 404


def test_the_api_does_what_the_page_does(stand: Stand) -> None:
    client, bearer = stand.client(), stand.bearer("administrator")
    held = client.get(API, headers=bearer)
    assert (held.json["revision"], held.headers["ETag"]) == (1, '"1"')
    party = stand.parties["a"].public_id
    wanted = {
        "participation": party, "closes_at": "2026-08-14T18:59:00Z", "grace_seconds": 600,
        "legal_basis": BASIS,
    }  # fmt: skip
    effect = client.get(f"{API}/effect", query_string=wanted, headers=bearer).json
    assert (effect["parties"], effect["running"], effect["was"]["version"]) == (1, 0, 1)
    nothing_seen = client.post(API, json=wanted, headers=bearer)
    assert (nothing_seen.status_code, nothing_seen.json["code"]) == (422, "bad_input")
    made = client.post(API, json=wanted, headers=bearer | {"If-Match": '"1"'})
    assert (made.status_code, made.headers["ETag"]) == (201, '"2"')
    assert [(row["participation"], row["version"]) for row in made.json["versions"]] == [
        (None, 1), (party, 1),
    ]  # fmt: skip
    stale = client.post(
        API, json=wanted | {"closes_at": "2026-08-15T18:59:00Z"},
        headers=bearer | {"If-Match": '"1"'},
    )  # fmt: skip
    assert (stale.status_code, stale.json["code"]) == (412, "stale")
    everything = client.get("/api/v1/windows", headers=bearer).json["stages"]
    assert [stage["stage"] for stage in everything] == ["pendaftaran", "perbaikan"]
    short = wanted | {"closes_at": "2026-08-14T17:30:00Z"}
    refused = client.get(f"{API}/effect", query_string=short, headers=bearer)
    assert (refused.status_code, refused.json["code"]) == (409, "window_shortened")
