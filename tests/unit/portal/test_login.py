"""Signing in and out: rows, cookies, budgets, and the same answer for whoever is not there."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select

from portal.auth.passwords import Passwords
from portal.models import Account, LoginSession
from portal.refusals import Busy, WeakPassword
from tests.portal_stand import HOST, PASSWORD, Browser, Stand, hidden


def sign_in(
    stand: Stand, login: str, password: str = PASSWORD, client: Browser | None = None, **more: str
) -> tuple[Browser, int, str]:
    client = client or stand.client()
    token = hidden(client.get("/masuk").text)
    reply = client.post(
        "/masuk", data={"csrf_token": token, "login": login, "password": password, **more}
    )
    return client, reply.status_code, reply.headers.get("Location", reply.text)


def test_signing_in_leads_to_the_first_page_of_the_role(stand_on_each: Stand) -> None:
    homes = {"koordinator.a": "/dosir", "verifikator.a": "/antrean", "pengawas": "/pengawas",
             "administrator": "/kelola", "pengamat": "/pengamat"}  # fmt: skip
    for login, home in homes.items():
        assert sign_in(stand_on_each, login)[1:] == (303, home)


def test_a_login_is_written_in_any_case_and_with_spaces_around(stand: Stand) -> None:
    assert sign_in(stand, "  Koordinator.A ")[1] == 303


def test_the_cookie_is_opaque_and_out_of_reach_of_scripts_and_other_sites(stand: Stand) -> None:
    client = stand.client()
    token = hidden(client.get("/masuk").text)
    reply = client.post(
        "/masuk", data={"csrf_token": token, "login": "pengawas", "password": PASSWORD}
    )
    cookie = next(c for c in reply.headers.getlist("Set-Cookie") if c.startswith("sipol_session="))
    assert re.fullmatch(r"sipol_session=sipol_s_[\w-]{43}; HttpOnly; Path=/; SameSite=Lax", cookie)
    value = cookie.split(";")[0].partition("=")[2]
    with stand.sessions.read() as session:
        stored = session.scalars(select(LoginSession.token_sha256)).all()
    assert value not in stored


def test_with_https_the_cookie_is_bound_to_the_host(stand: Stand) -> None:
    object.__setattr__(stand.services.config, "public_url", "https://contoh.invalid")
    client, status, _ = sign_in(stand, "pengawas")
    assert status == 303
    cookie = client.get_cookie("__Host-sipol_session")
    assert cookie is not None
    assert cookie.secure


def test_a_session_known_beforehand_is_worth_nothing_after_signing_in(stand: Stand) -> None:
    attacker = stand.browser("koordinator.b")
    planted = attacker.get_cookie("sipol_session")
    assert planted is not None
    victim = stand.client()
    victim.set_cookie("sipol_session", planted.value)
    token = hidden(victim.get("/keluar").text)
    reply = victim.post(
        "/masuk", data={"csrf_token": token, "login": "koordinator.a", "password": PASSWORD}
    )
    assert reply.status_code == 303
    now_held = victim.get_cookie("sipol_session")
    assert now_held is not None
    assert now_held.value != planted.value
    assert attacker.get("/masuk/keadaan").json == {"signed_in": False}
    assert victim.get("/api/v1/me").json["login"] == "koordinator.a"


def test_a_wrong_password_and_an_unknown_login_give_the_same_page(stand: Stand) -> None:
    client = stand.client()
    pages = []
    for login in ("pengawas", "siapa.ini"):
        token = hidden(client.get("/masuk").text)
        reply = client.post(
            "/masuk", data={"csrf_token": token, "login": login, "password": "bukan-sandinya"}
        )
        assert reply.status_code == 403
        page = re.sub(r'name="csrf_token" value="[^"]*"', "", reply.text)
        pages.append(page.replace(f'value="{login}"', ""))
    assert pages[0] == pages[1]


def test_the_hash_is_worked_for_an_unknown_login_too(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str | None] = []
    check = Passwords.check

    def noting(self: Passwords, stored: str | None, password: str) -> bool:
        asked.append(stored)
        return check(self, stored, password)

    monkeypatch.setattr(Passwords, "check", noting)
    sign_in(stand, "siapa.ini")
    assert asked == [None]


@pytest.mark.parametrize("login", ["peng\0awas", "\ud800", "x" * 500, ""])
def test_what_no_database_can_take_is_no_login(stand_on_each: Stand, login: str) -> None:
    reply = stand_on_each.client().post(
        "/masuk", json={"login": login, "password": "a\0\ud800"}, headers={"Origin": HOST}
    )
    assert (reply.status_code, reply.json["code"]) == (403, "wrong_password")


def test_a_session_ends_idle_and_again_at_the_end_of_its_life(stand: Stand) -> None:
    browser = stand.browser("pengawas")
    for _ in range(23):
        stand.clock.turn(minutes=29)
        assert browser.get("/masuk/keadaan").json["signed_in"] is True
    stand.clock.turn(minutes=29)
    stand.clock.turn(minutes=29)
    assert browser.get("/masuk/keadaan").json == {"signed_in": False}
    browser = stand.browser("pengawas")
    stand.clock.turn(minutes=31)
    assert browser.get("/masuk/keadaan").json == {"signed_in": False}


def test_a_poll_in_the_background_does_not_keep_a_session_alive(stand: Stand) -> None:
    browser = stand.browser("pengawas")
    for _ in range(2):
        stand.clock.turn(minutes=14)
        browser.get("/masuk/keadaan", headers={"Sipol-Background": "1"})
    stand.clock.turn(minutes=3)
    assert browser.get("/masuk/keadaan").json == {"signed_in": False}


def test_signing_out_ends_the_session_and_clears_the_browser(stand: Stand) -> None:
    browser = stand.browser("pengawas")
    held = browser.get_cookie("sipol_session")
    assert held is not None
    reply = browser.send("/keluar")
    assert (reply.status_code, reply.headers["Location"]) == (303, "/masuk")
    assert "cache" in reply.headers["Clear-Site-Data"]
    browser.set_cookie("sipol_session", held.value)
    assert browser.get("/masuk/keadaan").json == {"signed_in": False}


def test_a_disabled_account_is_out_at_once(stand: Stand) -> None:
    browser, bearer = stand.browser("verifikator.a"), stand.bearer("verifikator.a")
    with stand.sessions.begin() as session:
        row = session.scalars(select(Account).where(Account.login == "verifikator.a")).one()
        row.disabled_at = stand.clock()
    assert browser.get("/api/v1/me").status_code == 401
    assert stand.client().get("/api/v1/me", headers=bearer).status_code == 401
    assert sign_in(stand, "verifikator.a")[1] == 403


def test_guessing_is_slowed_and_a_known_browser_still_gets_in(stand: Stand) -> None:
    known, status, _ = sign_in(stand, "pengawas")
    assert status == 303
    guesser = stand.client()
    codes = [sign_in(stand, "pengawas", f"tebakan-{n}", guesser)[1] for n in range(9)]
    assert codes == [403] * 7 + [429] * 2  # the first of eight went into signing in above
    known.post("/keluar", data={"csrf_token": hidden(known.get("/keluar").text)})
    assert sign_in(stand, "pengawas", client=known)[1] == 303
    assert sign_in(stand, "pengawas")[1] == 429
    stand.clock.turn(minutes=1)
    assert sign_in(stand, "pengawas")[1] == 303


def test_a_demo_account_opens_nothing_in_production(stand: Stand) -> None:
    with stand.sessions.begin() as session:
        session.scalars(select(Account).where(Account.login == "pengawas")).one().demo = True
    object.__setattr__(stand.services.config, "production", True)
    assert sign_in(stand, "pengawas")[1] == 403


@pytest.mark.parametrize("password", ["pendek-1", "aaaaaaaaaaaaaaaa", "Rahasia-12345678",
                                      "12345678901234", "sandi-pengawas-9!"])  # fmt: skip
def test_weak_passwords_are_refused(password: str) -> None:
    with pytest.raises(WeakPassword):
        Passwords().hash(password, login="pengawas")


def test_password_checks_are_bounded_and_a_crowd_is_told_to_come_back() -> None:
    passwords = Passwords(at_once=1, wait_seconds=0.01)
    with passwords._turn(), pytest.raises(Busy):
        passwords.check(None, "x")
    assert passwords.check(None, "x") is False


@pytest.mark.parametrize("target", ["//jahat.invalid/", "https://jahat.invalid", "/\\jahat.invalid",
                                    "javascript:alert(1)", "/masuk"])  # fmt: skip
def test_nobody_is_sent_elsewhere_after_signing_in(stand: Stand, target: str) -> None:
    assert sign_in(stand, "pengamat", lanjut=target)[2] == "/pengamat"


def test_one_is_sent_back_to_where_one_wanted_to_go(stand: Stand) -> None:
    assert sign_in(stand, "pengamat", lanjut="/riwayat?kind=a")[2] == "/riwayat?kind=a"


def test_no_row_is_written_for_a_page_that_is_only_read(stand: Stand) -> None:
    browser = stand.browser("pengamat")
    before = _seen(stand)
    stand.clock.turn(seconds=30)
    browser.get("/masuk/keadaan")
    assert _seen(stand) == before


def _seen(stand: Stand) -> object:
    with stand.sessions.read() as session:
        return session.scalar(select(func.max(LoginSession.seen_at)))


def test_changing_ones_own_password_needs_the_old_one_and_ends_other_sessions(
    stand: Stand,
) -> None:
    browser, other = stand.browser("pengawas"), stand.browser("pengawas")
    wrong = browser.send("/akun/kata-sandi", old_password="x", new_password="gamelan-senja-41")
    assert wrong.status_code == 403
    weak = browser.send("/akun/kata-sandi", old_password=PASSWORD, new_password="pendek")
    assert weak.status_code == 422
    done = browser.send("/akun/kata-sandi", old_password=PASSWORD, new_password="gamelan-senja-41")
    assert done.status_code == 303
    assert "Kata sandi sudah diganti" in browser.get("/akun").text
    assert other.get("/masuk/keadaan").json == {"signed_in": False}
    assert sign_in(stand, "pengawas", "gamelan-senja-41")[1] == 303


def test_language_and_zone_are_the_accounts(stand: Stand) -> None:
    browser = stand.browser("pengamat")
    reply = browser.send("/akun", locale="en", time_zone="Asia/Jayapura")
    assert reply.status_code == 303
    page = browser.get("/akun").text
    assert 'lang="en"' in page
    assert "WIT)" in page
    assert browser.send("/akun", locale="xx", time_zone="Mars").status_code == 422
