"""CSRF without a clock, signing in again in place, and forms that outlive their login."""

from __future__ import annotations

import pytest
from flask import Blueprint, Response, request

from portal.auth.csrf import fits, token_for
from portal.context import actor
from tests.portal_stand import HOST, PASSWORD, Browser, Stand, hidden


@pytest.fixture
def stand(stand_to_extend: Stand) -> Stand:
    """With a page of the party that takes a form, and answers what it was given."""
    pages = Blueprint("party", __name__)

    def note() -> Response:
        return Response(f"{actor().login}: {request.form['note']}")

    pages.add_url_rule("/dosir/catatan", view_func=note, methods=["POST"])
    for rule in pages.deferred_functions:
        rule(pages.make_setup_state(stand_to_extend.app, {}, first_registration=False))
    return stand_to_extend


def sign_in(stand: Stand, browser: Browser, login: str) -> str:
    token = hidden(browser.get("/masuk").text)
    reply = browser.post("/masuk", data={"csrf_token": token, "login": login, "password": PASSWORD})
    assert reply.status_code == 303
    return str(reply.headers["Location"])


def test_a_form_of_the_session_goes_through_hours_after_it_was_made(stand: Stand) -> None:
    browser = stand.browser("koordinator.a")
    for _ in range(8):
        stand.clock.turn(minutes=25)
        browser.get("/masuk/keadaan")
    assert browser.send("/dosir/catatan", note="x").text == "koordinator.a: x"


@pytest.mark.parametrize("token", ["", "x", "0" * 80, "é" * 80])
def test_a_form_without_the_sessions_token_is_refused(stand: Stand, token: str) -> None:
    reply = stand.browser("koordinator.a").post(
        "/dosir/catatan", data={"csrf_token": token, "note": "x"}
    )
    assert reply.status_code == 403
    assert "Formulir tidak dikenali" in reply.text


def test_another_sessions_token_is_refused(stand: Stand) -> None:
    browser, other = stand.browser("koordinator.a"), stand.browser("koordinator.a")
    browser.csrf = other.csrf
    assert browser.send("/dosir/catatan", note="x").status_code == 403


def test_the_api_takes_the_token_in_its_header_and_not_without(stand: Stand) -> None:
    browser = stand.browser("koordinator.a")
    assert browser.call("POST", "/api/v1/tickets", {}).status_code == 201
    bare = browser.post("/api/v1/tickets", json={})
    assert (bare.status_code, bare.json["code"]) == (403, "csrf_failed")


def test_a_bearer_token_needs_no_csrf_token(stand: Stand) -> None:
    reply = stand.client().post(
        "/api/v1/tickets", json={}, headers=stand.bearer("koordinator.a", "upload")
    )
    assert reply.status_code == 201


def test_a_wrong_bearer_token_does_not_fall_back_to_the_cookie(stand: Stand) -> None:
    browser = stand.browser("koordinator.a")
    reply = browser.get("/api/v1/me", headers={"Authorization": "Bearer sipol_a_" + "x" * 43})
    assert (reply.status_code, reply.json["code"]) == (401, "login_required")


def test_signing_in_by_form_needs_the_page_it_came_from(stand: Stand) -> None:
    reply = stand.client().post("/masuk", data={"login": "pengawas", "password": PASSWORD})
    assert reply.status_code == 403
    assert "Formulir tidak dikenali" in reply.text


@pytest.mark.parametrize("origin", [None, "https://jahat.invalid", "null"])
def test_signing_in_by_json_needs_our_own_origin(stand: Stand, origin: str | None) -> None:
    headers = {"Origin": origin} if origin else {}
    reply = stand.client().post(
        "/masuk", json={"login": "pengawas", "password": PASSWORD}, headers=headers
    )
    assert (reply.status_code, reply.json["code"]) == (403, "csrf_failed")


def test_signing_in_again_in_place_swaps_the_token_and_the_call_goes_through(stand: Stand) -> None:
    browser = stand.browser("koordinator.a")
    stand.clock.turn(hours=1)
    refused = browser.call("POST", "/api/v1/tickets", {})
    assert (refused.status_code, refused.json["code"]) == (401, "login_required")
    again = browser.post(
        "/masuk", json={"login": "koordinator.a", "password": PASSWORD}, headers={"Origin": HOST}
    )
    assert again.status_code == 200
    assert again.json["account"] == stand.people["koordinator.a"].public_id
    browser.csrf = again.json["csrf_token"]
    assert browser.call("POST", "/api/v1/tickets", {}).status_code == 201


def test_a_form_sent_after_the_login_expired_is_kept_and_offered_again(stand: Stand) -> None:
    browser = stand.browser("koordinator.a")
    stand.clock.turn(hours=1)
    away = browser.send("/dosir/catatan", note="panjang & berharga", password="rahasia")
    assert away.status_code == 303
    assert away.headers["Location"] == "/masuk?tersimpan=1"
    assert "Isian Anda disimpan" in browser.get(away.headers["Location"]).text
    offered = browser.get(sign_in(stand, browser, "koordinator.a")).text
    assert 'action="/dosir/catatan"' in offered
    assert hidden(offered, "note") == "panjang &amp; berharga"
    assert "rahasia" not in offered
    form = {"csrf_token": hidden(offered), "saved_form": hidden(offered, "saved_form")}
    sent = browser.post("/dosir/catatan", data={**form, "note": "panjang & berharga"})
    assert sent.text == "koordinator.a: panjang & berharga"
    assert browser.get(f"/formulir/{form['saved_form']}").status_code == 404


def test_a_kept_form_is_nobody_elses(stand: Stand) -> None:
    browser = stand.browser("koordinator.a")
    stand.clock.turn(hours=1)
    browser.send("/dosir/catatan", note="punya a")
    assert sign_in(stand, browser, "koordinator.b") == "/dosir"
    own = stand.browser("koordinator.a")
    where = sign_in_location(stand)
    assert own.get(where).status_code == 200
    foreign = browser.get(where)
    unknown = browser.get(f"/formulir/{'0' * 32}")
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.data == unknown.data


def sign_in_location(stand: Stand) -> str:
    return sign_in(stand, stand.client(), "koordinator.a")


def test_a_form_with_a_wrong_token_is_not_kept(stand: Stand) -> None:
    browser = stand.browser("koordinator.a")
    stand.clock.turn(hours=1)
    away = browser.post("/dosir/catatan", data={"csrf_token": "0" * 80, "note": "ditanam"})
    assert away.headers["Location"] == "/masuk"
    assert sign_in(stand, browser, "koordinator.a") == "/dosir"


def test_a_form_is_not_kept_for_a_session_that_was_signed_out(stand: Stand) -> None:
    browser = stand.browser("koordinator.a")
    held = browser.get_cookie("sipol_session")
    assert held is not None
    browser.send("/keluar")
    browser.set_cookie("sipol_session", held.value)
    assert browser.send("/dosir/catatan", note="x").headers["Location"] == "/masuk"


def test_a_kept_form_is_sealed_in_its_row(stand: Stand) -> None:
    browser = stand.browser("koordinator.a")
    stand.clock.turn(hours=1)
    browser.send("/dosir/catatan", note="berharga")
    with stand.sessions.engine.connect() as connection:
        body = connection.exec_driver_sql("SELECT body FROM saved_form").scalar_one()
    assert b"berharga" not in body


def test_a_thrown_away_form_is_gone(stand: Stand) -> None:
    browser = stand.browser("koordinator.a")
    stand.clock.turn(hours=1)
    browser.send("/dosir/catatan", note="x")
    where = sign_in(stand, browser, "koordinator.a")
    token = hidden(browser.get(where).text)
    assert browser.post(f"{where}/buang", data={"csrf_token": token}).status_code == 303
    assert browser.get(where).status_code == 404


def test_tokens_are_masked_anew_each_time() -> None:
    one, two = token_for("rahasia"), token_for("rahasia")
    assert one != two
    assert fits(one, "rahasia")
    assert fits(two, "rahasia")
    assert not fits(one, "lain")


def test_public_pages_set_no_cookie(stand: Stand) -> None:
    assert "Set-Cookie" not in stand.client().get("/healthz").headers
