"""A citizen asks for his NIK: yes or no, of one size, so many times, and nothing of it stays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text
from werkzeug.test import TestResponse

from portal import budgets
from portal.context import EXTENSION
from portal.public.nik import JSON_BYTES, PAGE_BYTES
from tests.citizens import LISTED, UNLISTED, fill
from tests.portal_stand import Stand

PATH = "/publik/nik"


@pytest.fixture
def listed(stand: Stand, tmp_path: Path) -> Stand:
    return fill(stand, tmp_path)


def limited(stand: Stand, **limits: int) -> None:
    services = replace(stand.services, config=replace(stand.services.config, **limits))
    stand.app.extensions[EXTENSION] = services


def ask(stand: Stand, nik: str, address: str = "192.0.2.1", **how: Any) -> TestResponse:
    given = {"data": {"nik": nik}} | how
    return stand.client().post(PATH, environ_base={"REMOTE_ADDR": address}, **given)


def test_the_answer_is_yes_or_no_with_its_time(stand_on_each: Stand, tmp_path: Path) -> None:
    stand = fill(stand_on_each, tmp_path)
    for spelled in (LISTED.nik, f" {LISTED.nik[:6]}.{LISTED.nik[6:12]} {LISTED.nik[12:]} "):
        page = ask(stand, spelled)
        assert page.status_code == 200
        assert "NIK ini tercantum" in page.text
        assert "Data per" in page.text
        assert "Partai Contoh" not in page.text
    assert "NIK ini tidak tercantum" in ask(stand, UNLISTED).text


@pytest.mark.parametrize("language", ["id", "en"])
def test_both_answers_are_of_one_size_and_kept_nowhere(listed: Stand, language: str) -> None:
    def told(nik: str) -> tuple[int, int, dict[str, str]]:
        reply = listed.client().post(f"{PATH}?bahasa={language}", data={"nik": nik})
        return reply.status_code, len(reply.data), dict(reply.headers)

    yes, no = told(LISTED.nik), told(UNLISTED)
    yes[2].pop("X-Request-ID"), no[2].pop("X-Request-ID")
    assert yes == no
    assert yes[1] == PAGE_BYTES
    assert yes[2]["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in yes[2]


def test_a_program_gets_the_same_answer_in_the_same_size(listed: Stand) -> None:
    replies = [ask(listed, "", json={"nik": nik}, data=None) for nik in (LISTED.nik, UNLISTED)]
    assert [reply.json["listed"] for reply in replies] == ["yes", "no"]
    assert {len(reply.data) for reply in replies} == {JSON_BYTES}
    assert replies[0].json["as_of"] == "2026-08-14T12:00:00.000000Z"
    bad = ask(listed, "", json={"nik": 7}, data=None)
    assert (bad.status_code, bad.json["code"]) == (422, "bad_input")
    assert ask(listed, "", json=[LISTED.nik], data=None).status_code == 422


def test_yes_and_no_ask_the_same_of_the_database(listed: Stand) -> None:
    asked: list[str] = []

    def listen(*told: Any) -> None:
        asked.append(told[2])

    def work(nik: str) -> list[str]:
        asked.clear()
        assert ask(listed, nik).status_code == 200
        return list(asked)

    work(UNLISTED)  # what closes next is looked up once in a while
    event.listen(listed.sessions.engine, "before_cursor_execute", listen)
    yes, no = work(LISTED.nik), work(UNLISTED)
    event.remove(listed.sessions.engine, "before_cursor_execute", listen)
    assert yes == no
    assert any("submitted_nik" in statement for statement in yes)


@pytest.mark.parametrize(
    "given", ["", "32730147", "3273-0147-11AA", "x" * 16, LISTED.nik + "0", "٣" * 16, "𝟛" * 16]
)
def test_what_is_no_nik_is_told_so_and_costs_nothing(listed: Stand, given: str) -> None:
    limited(listed, nik_checks_network_hour=1)
    for _ in range(3):
        page = ask(listed, given)
        assert page.status_code == 422
        assert "16 angka" in page.text
        assert not given or given not in page.text
    assert ask(listed, LISTED.nik).status_code == 200


def test_a_network_is_answered_so_often_an_hour_and_no_other_suffers(listed: Stand) -> None:
    limited(listed, nik_checks_network_hour=3)
    statuses = [ask(listed, UNLISTED, f"192.0.2.{n}").status_code for n in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    refused = ask(listed, LISTED.nik)
    assert "Pemeriksaan NIK sedang dibatasi" in refused.text
    assert int(refused.headers["Retry-After"]) == 1200
    assert refused.headers["Cache-Control"] == "no-store"
    assert ask(listed, LISTED.nik, "198.51.100.9").status_code == 200
    listed.clock.turn(minutes=20)
    assert ask(listed, LISTED.nik).status_code == 200
    # Of IPv6 a customer has 2^80 addresses.
    several = [ask(listed, UNLISTED, f"2001:db8:1:{n}::1").status_code for n in range(4)]
    assert several == [200, 200, 200, 429]


def networks() -> Iterator[str]:
    return (f"10.{high}.{low}.7" for high in range(200) for low in range(200))


@pytest.mark.parametrize("limit", ["nik_checks_minute", "nik_checks_day"])
def test_whoever_has_many_networks_ends_at_everybodys_budget(listed: Stand, limit: str) -> None:
    limited(listed, **{limit: 12})
    statuses = [
        ask(listed, UNLISTED, address).status_code
        for address, _ in zip(networks(), range(40), strict=False)
    ]
    assert statuses == [200] * 12 + [429] * 28


def test_refusing_uses_up_nobodys_budget(listed: Stand) -> None:
    limited(listed, nik_checks_network_hour=1, nik_checks_day=2)
    assert [ask(listed, UNLISTED).status_code for _ in range(4)] == [200, 429, 429, 429]
    assert ask(listed, UNLISTED, "198.51.100.9").status_code == 200


def test_no_token_is_asked_for_and_another_site_is_refused(listed: Stand) -> None:
    page = listed.client().get(PATH)
    assert page.headers["Cache-Control"] == "no-store"
    assert "csrf" not in page.text
    assert "Set-Cookie" not in page.headers
    for site, status in (
        ("same-origin", 200),
        ("none", 200),
        ("cross-site", 403),
        ("same-site", 403),
    ):
        assert ask(listed, UNLISTED, headers={"Sec-Fetch-Site": site}).status_code == status
    # Somebody signed in asks as everybody does.
    assert listed.browser("pengawas").post(PATH, data={"nik": UNLISTED}).status_code == 200


def test_the_nik_is_nowhere_afterwards(listed: Stand, capsys: pytest.CaptureFixture[str]) -> None:
    for how in (
        {},
        {"headers": {"Sec-Fetch-Site": "cross-site"}},
        {"json": {"nik": UNLISTED}, "data": None},
    ):
        assert UNLISTED not in ask(listed, UNLISTED, **how).text
    with listed.sessions.begin() as session:
        session.execute(text("ALTER TABLE submitted_nik RENAME TO away"))
    broken = ask(listed, LISTED.nik)
    assert broken.status_code == 503
    written = "".join(capsys.readouterr())
    folder = listed.services.config.home
    written += "".join(path.name for path in folder.rglob("*"))
    for nik in (LISTED.nik, UNLISTED):
        assert nik not in written + broken.text
    database = b"".join(path.read_bytes() for path in folder.parent.glob("sipol.db*"))
    assert UNLISTED.encode() not in database


def test_a_get_does_not_ask_and_an_address_is_no_place_for_a_nik(listed: Stand) -> None:
    page = listed.client().get(f"{PATH}?nik={LISTED.nik}")
    assert "tercantum</h1>" not in page.text
    assert LISTED.nik not in page.text


def test_a_network_is_a_network() -> None:
    assert budgets.network_of("192.0.2.77") == "192.0.2.0/24"
    assert budgets.network_of("2001:db8:1:2::3") == "2001:db8:1::/48"
    assert budgets.network_of(None) == budgets.network_of("unix:") == "unknown"
