"""What every page carries: headers, languages, the clock, words; and errors that say what to do."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from flask import Blueprint
from sqlalchemy.exc import OperationalError

from portal import formatting
from portal.answers import ANSWERS, HTTP_ANSWERS
from portal.light import STATIC
from portal.words import STATES
from tests.portal_stand import HOST, Stand
from tests.world import build_window


def test_every_answer_carries_the_headers(stand: Stand) -> None:
    for path in ("/masuk", "/healthz", "/tidak-ada", "/api/v1/me", "/static/css/app.css"):
        reply = stand.client().get(path)
        policy = reply.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["Referrer-Policy"] == "same-origin"
        assert reply.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "camera=()" in reply.headers["Permissions-Policy"]
        reply.close()


def test_pages_of_somebody_are_kept_nowhere(stand: Stand) -> None:
    assert stand.browser("pengamat").get("/keluar").headers["Cache-Control"] == "no-store"


def test_pages_hold_no_inline_script_or_style(stand: Stand) -> None:
    for page in (stand.client().get("/masuk").text, stand.browser("pengamat").get("/keluar").text):
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", page)


def test_static_files_are_named_by_their_content_and_kept_for_ever(stand: Stand) -> None:
    page = stand.client().get("/masuk").text
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert addresses
    for address in addresses:
        assert re.search(r"\?v=[0-9a-f]{12}$", address)
        reply = stand.client().get(address)
        assert reply.status_code == 200
        assert "immutable" in reply.headers["Cache-Control"]
        reply.close()
    plain = stand.client().get("/static/css/app.css")
    assert plain.headers["Cache-Control"] == "no-cache"
    plain.close()


def test_our_own_files_stay_small() -> None:
    assert (STATIC / "css/app.css").stat().st_size < 8_000
    assert (STATIC / "js/session.js").stat().st_size < 6_000


@pytest.mark.parametrize(
    ("headers", "cookie", "lang"),
    [({}, None, "id"), ({"Accept-Language": "en-GB,en"}, None, "en"),
     ({"Accept-Language": "fr"}, None, "id"), ({"Accept-Language": "en"}, "id", "id")],
)  # fmt: skip
def test_the_language_is_the_readers(
    stand: Stand, headers: dict[str, str], cookie: str | None, lang: str
) -> None:
    client = stand.client()
    if cookie:
        client.set_cookie("sipol_bahasa", cookie)
    page = client.get("/masuk", headers=headers).text
    assert f'<html lang="{lang}"' in page
    assert ("Nama masuk" if lang == "id" else "Login name") in page


def test_changing_the_language_leads_back_to_the_page(stand: Stand) -> None:
    client = stand.client()
    reply = client.get("/bahasa/en", headers={"Referer": f"{HOST}/masuk?lanjut=/dosir"})
    assert reply.headers["Location"] == "/"  # never back to signing in with somebody's target
    reply = client.get("/bahasa/en", headers={"Referer": f"{HOST}/keluar/../status?a=1"})
    assert reply.headers["Location"].startswith("/keluar/../status")
    reply = client.get("/bahasa/en", headers={"Referer": "https://jahat.invalid/x"})
    assert reply.headers["Location"] == "/"
    assert 'lang="en"' in client.get("/masuk").text
    assert client.get("/bahasa/xx").status_code == 404


def test_the_clock_says_what_closes_next_and_counts_only_at_the_end(stand: Stand) -> None:
    stage = stand.world.stages[0]
    with stand.sessions.begin() as session:
        build_window(session, session.merge(stage), opens=datetime(2026, 8, 1, tzinfo=UTC),
                     closes=datetime(2026, 8, 16, 16, 59, tzinfo=UTC), version=2)  # fmt: skip
    page = " ".join(stand.client().get("/masuk").text.split())
    assert "14 Agustus 2026 19.00 WIB" in page
    assert "16 Agustus 2026 23.59 WIB" in page
    assert "sisa" not in page
    stand.clock.at = datetime(2026, 8, 16, 14, 49, tzinfo=UTC)
    assert "(sisa 2 jam 10 menit)" in " ".join(stand.client().get("/masuk").text.split())
    stand.clock.at = datetime(2026, 8, 16, 16, 30, tzinfo=UTC)
    assert "Kurang dari satu jam lagi" in stand.client().get("/masuk").text


def test_times_stand_in_wib_with_the_readers_zone_beside_when_it_differs(stand: Stand) -> None:
    at = datetime(2022, 8, 14, 16, 59, 7, tzinfo=UTC)
    with stand.app.test_request_context("/"):
        assert formatting.moment(at) == "14 Agustus 2022 23.59 WIB"
        assert formatting.moment(at, seconds=True) == "14 Agustus 2022 23.59.07 WIB"
    with stand.sessions.begin() as session:
        session.merge(stand.people["pengamat"]).time_zone = "Asia/Jayapura"
    browser = stand.browser("pengamat")
    token = browser.get_cookie("sipol_session")
    assert token is not None
    cookie = {"Cookie": f"sipol_session={token.value}"}
    with stand.app.test_request_context("/", headers=cookie):
        assert formatting.moment(at) == "14 Agustus 2022 23.59 WIB (15 Agustus 01.59 WIT)"
        assert formatting.clock_time(at) == "23.59 WIB (01.59 WIT)"
    with stand.app.test_request_context("/?bahasa=en"):
        assert formatting.moment(at) == "14 August 2022 23:59 WIB"


def test_numbers_sizes_and_durations(stand: Stand) -> None:
    with stand.app.test_request_context("/"):
        assert formatting.number(1234567) == "1.234.567"
        assert formatting.number(12.5) == "12,5"
        sizes = {0: "0 B", 999: "999 B", 43_400_000: "43 MB", 2_100_000: "2,1 MB",
                 1_200_000_000: "1,2 GB", 999_700: "1 MB"}  # fmt: skip
        assert {n: formatting.size(n) for n in sizes} == sizes
        spans = {59: "kurang dari satu menit", 240: "4 menit", 7800: "2 jam 10 menit",
                 90_000: "1 hari 1 jam", -5: "kurang dari satu menit"}  # fmt: skip
        assert {n: formatting.duration(n) for n in spans} == spans
        assert formatting.percent(999, 1000) == "99 %"
        assert formatting.percent(0, 0) == "0 %"


def test_a_state_is_a_word_with_a_colour_and_a_shape(stand: Stand) -> None:
    macro = "{% from 'macros.html' import state %}{{ state(code, detail) }}"
    with stand.app.test_request_context("/"):
        template = stand.app.jinja_env.from_string(macro)
        for code, word in STATES.items():
            text = re.sub(r"<[^>]+>", "", template.render(code=code, detail=None))
            assert text.split() == [word.shape, *str(word.word).split()]
        render = {code: " ".join(re.sub(r"<[^>]+>", "", template.render(code=code, detail=d)).split())
                  for code, d in (("queued", 1128), ("uploading", "43 %"),
                                  ("rejected", "foto buram"))}  # fmt: skip
    assert render["queued"] == "⋯ Antre verifikasi (ke-1.128)"
    assert render["uploading"] == "↑ Mengunggah 43 %"
    assert render["rejected"] == "✕ Ditolak sistem: foto buram"
    assert len({word.shape for word in STATES.values()}) == len(STATES)


def test_errors_are_pages_for_people_and_problems_for_programs(stand: Stand) -> None:
    page = stand.client().get("/tidak-ada")
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert "Periksa alamatnya" in page.text
    for path, accept in (("/api/v1/tidak-ada", "*/*"), ("/tidak-ada", "application/json")):
        problem = stand.client().get(path, headers={"Accept": accept})
        assert (problem.status_code, problem.mimetype) == (404, "application/problem+json")
        assert problem.json["code"] == "not_found"
        assert problem.json["type"] == "urn:sipol:problem:not_found"
    refused = stand.client().delete("/masuk")
    assert refused.status_code == 405
    assert set(refused.headers["Allow"].split(", ")) >= {"GET", "POST"}


def test_the_problem_speaks_the_readers_language(stand: Stand) -> None:
    reply = stand.client().get("/api/v1/me", headers={"Accept-Language": "en"})
    assert reply.json["title"] == "Please sign in"


def test_an_error_says_more_than_its_code_and_blames_nobody() -> None:
    for answer in (*ANSWERS.values(), *HTTP_ANSWERS.values()):
        sentence = str(answer.sentence)
        assert sentence.count(". ") >= 1 or answer.status < 500, answer.code
        assert not re.search(r"\b(error|invalid|failed|server error)\b", sentence), answer.code


@pytest.fixture
def broken(stand_to_extend: Stand) -> Stand:
    """With two addresses that fail: one by a fault of ours, one by an overloaded database."""
    pages = Blueprint("public", __name__)

    def fault() -> str:
        raise RuntimeError("NIK 3273015305870001")

    def overload() -> str:
        raise OperationalError("UPDATE", {}, Exception("database is locked"))

    pages.add_url_rule("/rusak", view_func=fault)
    pages.add_url_rule("/penuh", view_func=overload)
    for rule in pages.deferred_functions:
        rule(pages.make_setup_state(stand_to_extend.app, {}, first_registration=False))
    return stand_to_extend


def test_a_fault_of_ours_shows_nothing_of_itself(
    broken: Stand, capsys: pytest.CaptureFixture[str]
) -> None:
    reply = broken.client().get("/rusak")
    assert reply.status_code == 500
    assert "sudah tercatat" in reply.text
    assert "3273015305870001" not in reply.text + capsys.readouterr().out


def test_an_overloaded_database_is_trouble_that_passes(broken: Stand) -> None:
    reply = broken.client().get("/penuh")
    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "5")


def test_every_template_renders_in_both_languages(stand: Stand) -> None:
    for lang in ("id", "en"):
        for browser, path in ((stand.client(), "/masuk"), (stand.browser("pengamat"), "/keluar")):
            page = browser.get(f"{path}?bahasa={lang}").text
            assert f'<html lang="{lang}"' in page
            assert page.count("<h1") == 1


def test_the_language_goes_along_to_public_pages_and_back(stand: Stand) -> None:
    reader = stand.client()
    reader.set_cookie("sipol_bahasa", "en")
    page = reader.get("/masuk").text
    assert 'href="/publik?bahasa=en"' in page
    assert 'href="/status?bahasa=en"' in page
    public = stand.client().get("/publik?bahasa=en").text
    assert 'href="/masuk?bahasa=en"' in public
    assert 'href="/?bahasa=en"' in public
    assert "bahasa=id" not in stand.client().get("/masuk").text
    assert 'href="/publik"' in stand.client().get("/masuk").text


def test_an_ended_session_is_told_in_the_words_of_ones_work(stand: Stand) -> None:
    page = stand.browser("koordinator.a").get("/keluar").text
    assert "unggahan tetap berjalan" in page
    assert "kembali ke antrean" not in page
    page = stand.browser("verifikator.a").get("/keluar").text
    assert "unggahan tetap berjalan" not in page
    assert "yang sudah tersimpan aman" in page
    assert "kembali ke antrean" in page
