"""Pages at the edge: outage, cache, static files, limits. No 502 or 504 reaches anybody."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nginx import outage
from tests.edge_stand import Answered, Asked, EdgeStand, reply


@pytest.fixture
def stand() -> Iterator[EdgeStand]:
    with EdgeStand() as stand:
        yield stand


def html(asked: Asked) -> bytes:
    return reply(200, f"<p>{asked.target}</p>", Content_Type="text/html", Set_Cookie="sesi=1")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_without_the_portal_people_read_the_outage_page(stand: EdgeStand, method: str) -> None:
    got = stand.ask(method, "/dosir?a=b", b"x" if method in ("POST", "PUT") else None)
    text = got.body.decode()
    assert (got.status, got.headers["retry-after"]) == (503, "30")
    assert got.headers["content-type"] == "text/html; charset=utf-8"
    assert "Unggahan yang sudah diterima aman." in text
    assert '<meta http-equiv="refresh" content="30">' in text
    assert len(got.body) < 4096
    assert "http://" not in text
    assert "https://" not in text


def test_the_outage_page_says_since_when(stand: EdgeStand) -> None:
    outage.write(stand.config.run_dir / "pages", since=datetime(2022, 8, 14, 14, 2, tzinfo=UTC))
    assert "tidak dapat dijangkau sejak 21.02 WIB." in stand.ask("GET", "/").body.decode()


def test_its_style_is_allowed_by_its_own_policy(stand: EdgeStand) -> None:
    got = stand.ask("GET", "/")
    assert outage.style_hash() in got.headers["content-security-policy"]
    assert f"<style>{outage.style()}</style>" in got.body.decode()


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_without_the_portal_programs_get_a_problem(stand: EdgeStand, method: str) -> None:
    got = stand.ask(method, "/api/v1/me", b"{}" if method == "POST" else None)
    assert (got.status, got.headers["content-type"]) == (503, "application/problem+json")
    assert got.json()["code"] == "portal_unavailable"
    assert int(got.headers["retry-after"]) > 0


@pytest.mark.parametrize("path", ["/dosir", "/api/v1/me", "/publik/"])
def test_a_portal_that_dies_in_mid_answer_is_an_outage_too(stand: EdgeStand, path: str) -> None:
    stand.portal(lambda asked: None)
    assert stand.ask("GET", path).status == 503
    assert [line["upstream_status"] for line in stand.access_log()] == ["502"]


@pytest.mark.parametrize("status", [200, 302, 401, 403, 404, 409, 422, 500, 503])
def test_the_answers_of_the_portal_pass(stand: EdgeStand, status: int) -> None:
    stand.portal(lambda asked: reply(status, "its own page", Retry_After="4"))
    got = stand.ask("GET", "/dosir")
    assert (got.status, got.body, got.headers["retry-after"]) == (status, b"its own page", "4")


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/dosir", "text/html; charset=utf-8"), ("/api/v1/x", "application/problem+json")],
)
def test_a_form_beyond_the_bound_does_not_reach_the_portal(
    stand: EdgeStand, path: str, kind: str
) -> None:
    server = stand.portal(html)
    got = stand.ask("POST", path, b"x" * (2 * 1024 * 1024 + 1))
    assert (got.status, got.headers["content-type"]) == (413, kind)
    assert server.asked == []


@pytest.mark.parametrize(
    ("status", "target", "fields"),
    [
        (414, "/dosir?" + "x" * 17_000, {}),
        (400, "/dosir", {"Cookie": "x" * 17_000}),
        (400, "/dosir", {"Cookie": "\x00"}),
    ],
)
def test_what_cannot_be_read_is_told_in_the_reader_s_language(
    stand: EdgeStand, status: int, target: str, fields: dict[str, str]
) -> None:
    server = stand.portal(lambda asked: reply(200))
    got = stand.ask("POST", target, b"a=b", **fields)
    assert (got.status, got.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert "tidak dapat dibaca" in got.body.decode()
    assert server.asked == []


def test_the_public_reads_from_the_cache_and_brings_nothing_along(stand: EdgeStand) -> None:
    server = stand.portal(html)
    headers = {
        "Cookie": "sesi=abc; bahasa=en",
        "Authorization": "Bearer x",
        "Accept_Language": "en",
    }
    first = stand.ask("GET", "/publik/?acak=1", **headers)
    second = stand.ask("GET", "/publik/?acak=2", **headers)
    assert (first.status, second.body) == (200, first.body)
    assert "set-cookie" not in first.headers
    assert len(server.asked) == 1
    seen = server.asked[0].headers
    assert not {"cookie", "authorization", "accept-language"} & seen.keys()
    assert seen["x-forwarded-for"] == "127.0.0.1"


def test_each_language_has_its_own_public_page(stand: EdgeStand) -> None:
    server = stand.portal(html)
    for language in ("en", "id", "en", "made-up", "id", "", "up-made"):
        stand.ask("GET", f"/publik/?bahasa={language}", Host=f"{language}.example")
    asked = [asked.target.partition("=")[2] for asked in server.asked]
    assert asked == ["en", "id", "made-up"]
    assert {asked.headers["host"] for asked in server.asked} == {f"127.0.0.1:{stand.port}"}


def test_a_nik_is_asked_for_uncached_uncompressed_and_so_often(stand: EdgeStand) -> None:
    answer = reply(200, "<p>jawaban</p>" * 200, Content_Type="text/html", Cache_Control="no-store")
    server = stand.portal(lambda asked: answer)
    form = {"Content_Type": "application/x-www-form-urlencoded", "Accept_Encoding": "gzip"}

    def ask() -> Answered:
        return stand.ask("POST", "/publik/nik", b"nik=3273019999999999", Cookie="a=b", **form)

    first = ask()
    assert (first.status, "content-encoding" in first.headers) == (200, False)
    assert server.asked[0].body == b"nik=3273019999999999"
    assert "cookie" not in server.asked[0].headers
    refused = next((got for got in (ask() for _ in range(200)) if got.status != 200), first)
    assert (refused.status, refused.headers["cache-control"]) == (429, "no-store")
    assert "NIK Anda belum diperiksa" in " ".join(refused.body.decode().split())
    assert len(server.asked) > 40
    # Reading the page is not counted.
    assert stand.ask("GET", "/publik/nik").status == 200
    assert "3273019999999999" not in stand.everything_logged()


def test_the_front_page_is_public_until_somebody_signs_in(stand: EdgeStand) -> None:
    server = stand.portal(lambda asked: reply(200, asked.headers.get("cookie", "nobody")))
    mine = {"Cookie": "a=b; sipol_session=mine"}
    bodies = [stand.ask("GET", "/", **headers).body for headers in ({}, mine, {"Cookie": "a=b"})]
    assert bodies == [b"nobody", b"a=b; sipol_session=mine", b"nobody"]
    assert len(server.asked) == 2
    # Elsewhere a public page is the same for everybody, signed in or not.
    assert stand.ask("GET", "/publik", **mine).body == b"nobody"


def test_the_public_page_stays_when_the_portal_goes(stand: EdgeStand) -> None:
    server = stand.portal(
        lambda asked: reply(200, "angka", Content_Type="text/html", X_Accel_Expires="0")
    )
    # X-Accel-Expires: 0 keeps it out of the cache, so nothing is there to show.
    stand.ask("GET", "/status")
    stand.remove(server)
    assert stand.ask("GET", "/status").status == 503
    server = stand.portal(lambda asked: reply(200, "angka", X_Accel_Expires="1"))
    stand.ask("GET", "/status")
    stand.remove(server)
    stale = []
    while "STALE" not in stale and "UPDATING" not in stale:
        got = stand.ask("GET", "/status")
        assert (got.status, got.body) == (200, b"angka")
        stale.append(stand.access_log()[-1]["cache"])


@pytest.mark.parametrize(
    ("allowed", "seen", "cache"), [("", b"later", "EXPIRED"), ("60", b"first", "STALE")]
)
def test_an_old_copy_is_shown_only_as_long_as_the_portal_allows(
    stand: EdgeStand, allowed: str, seen: bytes, cache: str
) -> None:
    said = iter(["first", "later", "later"])
    control = "public, max-age=1" + (f", stale-while-revalidate={allowed}" if allowed else "")
    stand.portal(lambda asked: reply(200, next(said), Cache_Control=control))
    assert stand.ask("GET", "/publik").body == b"first"
    time.sleep(2.1)  # nginx counts whole seconds, and no answer tells that a copy has run out
    assert stand.ask("GET", "/publik").body == seen
    assert stand.access_log()[-1]["cache"] == cache


def test_what_is_compressed_already_is_sent_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("p { color: red }\n" * 100)
    packed = gzip.compress(b"p{color:red}" * 100)
    (tmp_path / "a.css.gz").write_bytes(packed)
    with EdgeStand(changes={"static_dir": tmp_path, "gzip_static": True}) as stand:
        small = stand.ask("GET", "/static/a.css?v=1", Accept_Encoding="gzip")
        plain = stand.ask("GET", "/static/a.css?v=1")
    assert (small.body, small.headers["content-encoding"]) == (packed, "gzip")
    assert small.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert (plain.body, "content-encoding" in plain.headers) == (b"p { color: red }\n" * 100, False)


def test_a_named_version_of_a_static_file_is_kept_for_ever(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("p{color:red}" * 200)
    with EdgeStand(changes={"static_dir": tmp_path}) as stand:
        named = stand.ask("GET", "/static/a.css?v=1", Accept_Encoding="gzip")
        plain = stand.ask("GET", "/static/a.css")
        missing = stand.ask("GET", "/static/b.css?v=1")
        outside = stand.ask("GET", "/static/../../etc/passwd")
    assert named.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert named.headers["content-encoding"] == "gzip"
    assert len(named.body) < 200
    assert plain.headers["cache-control"] == "no-cache"
    assert plain.headers["content-type"] == "text/css; charset=utf-8"
    assert plain.headers["x-content-type-options"] == "nosniff"
    assert (missing.status, "cache-control" in missing.headers) == (404, False)
    assert outside.status in (400, 404)


def test_nginx_says_neither_its_version_nor_the_figures(stand: EdgeStand) -> None:
    stand.portal(html)
    assert stand.ask("GET", "/metrics").status == 404
    assert stand.ask("GET", "/").headers["server"] == "nginx"
    assert stand.ask("GET", "/_edge/outage.html").status == 404


def test_queries_are_not_logged(stand: EdgeStand) -> None:
    stand.portal(html)
    stand.ask("GET", "/masuk?kembali=/rahasia", Referer="http://x/?rahasia")
    stand.ask("GET", "/dosir?rahasia")
    assert "rahasia" not in stand.everything_logged()
    assert [line["path"] for line in stand.access_log()] == ["/masuk", "/dosir"]
