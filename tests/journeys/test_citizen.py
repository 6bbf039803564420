"""A citizen whose NIK a party has sent in, without an account: he asks and objects, his office acts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy import select

from tests.browser import DESK, PHONE, chromium, sign_in, trouble_on
from tests.files import pdf
from tests.journeys.api import Account
from tests.rosters import people, write_rows
from tests.stack import Stack
from tests.traffic import AD_ART, MEMBERS, Caller, ask, wait_for
from verification.db import Sessions, make_engine
from verification.models import Comparison

PEOPLE = people(3)
NOBODY = "3273019999999999"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def stack(seeded_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack in which party A has submitted a list of three people, compared and put together."""
    with Stack(seeded_home) as running:
        caller = Caller(running.base_url, running.logins["koordinator.a"].token)
        listed = write_rows(tmp_path_factory.mktemp("rows") / "anggota.csv", PEOPLE)
        for content, target in ((pdf(), AD_ART), (listed.read_bytes(), MEMBERS)):
            caller.wait_until(caller.send(content, target), "passed")
        party = Account(running, "koordinator.a")
        party.queued(party.submit()["id"])
        sessions = Sessions(make_engine(running.config.database_url))
        indexed = select(Comparison.id).where(Comparison.indexed_at.is_not(None))

        def is_indexed() -> bool:
            with sessions.read() as session:
                return session.scalar(indexed) is not None

        wait_for(is_indexed, "the index of what was submitted")
        sessions.engine.dispose()
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def context(
    browser: Browser, stack: Stack, request: pytest.FixtureRequest
) -> Iterator[BrowserContext]:
    # axe-core is injected by the test; the product's own policy would rightly refuse it.
    context = browser.new_context(
        base_url=stack.base_url, bypass_csp=True, viewport=PHONE, java_script_enabled=request.param
    )
    yield context
    context.close()


def asked(page: Page, nik: str) -> str:
    page.goto("/publik/nik")
    page.fill("input[name=nik]", nik)
    with page.expect_navigation():
        page.click("main button[type=submit]")
    return page.text_content("h1") or ""


def test_a_citizen_asks_for_his_nik(context: BrowserContext) -> None:
    page = context.new_page()
    assert asked(page, PEOPLE[1]["nik"]) == "NIK ini tercantum"
    assert asked(page, NOBODY) == "NIK ini tidak tercantum"
    assert asked(page, "3273 01") == "Periksa NIK"
    assert "16 angka" in (page.text_content("[role=alert]") or "")
    assert context.cookies() == []


def test_the_answers_fit_and_can_be_read_by_everybody(browser: Browser, stack: Stack) -> None:
    with browser.new_context(base_url=stack.base_url, bypass_csp=True) as context:
        page = context.new_page()
        for nik, name in ((PEOPLE[1]["nik"], "tercantum"), (NOBODY, "tidak"), ("1", "salah")):
            asked(page, nik)
            for size in (PHONE, DESK):
                assert trouble_on(page, size, picture=f"nik-{name}") == []


def test_both_answers_are_of_one_size_on_the_line(stack: Stack) -> None:
    asking = FORM | {"Accept-Encoding": "gzip, br"}
    yes, no = (
        ask(stack.base_url, "POST", "/publik/nik", asking, f"nik={nik}".encode())
        for nik in (PEOPLE[0]["nik"], NOBODY)
    )
    assert (b"NIK ini tercantum" in yes.body, b"NIK ini tercantum" in no.body) == (True, False)
    assert len(yes.body) == len(no.body)
    assert "content-encoding" not in yes.headers
    assert "set-cookie" not in yes.headers


def objected(page: Page, nik: str) -> tuple[str, str]:
    """From the answer to the form to the sheet; ticket and code."""
    asked(page, nik)
    page.click("main a[role=button]")
    page.fill("input[name=nik]", nik)
    page.fill("input[name=nama]", "WARGA CONTOH")
    page.fill("input[name=kontak]", "warga@contoh.invalid")
    page.check("input[name=bukan]")
    page.click("main button[type=submit]")
    ticket, code = page.locator("main .app-digits").all_inner_texts()
    return ticket, code


def looked(page: Page, ticket: str, code: str) -> str:
    page.goto("/publik/keberatan")
    page.fill("input[name=nomor]", ticket)
    page.fill("input[name=kode]", code)
    page.click("main button[type=submit]")
    return page.inner_text("main")


def test_a_citizen_objects_and_his_office_suspends(context: BrowserContext, stack: Stack) -> None:
    page = context.new_page()
    ticket, code = objected(page, PEOPLE[2]["nik"])
    assert re.fullmatch(r"KB(-[0-9A-Z]{4}){2}", ticket)
    party = stack.logins["koordinator.a"].party
    assert party is not None
    before = looked(page, ticket, code)
    assert "Menunggu identitas" in before
    assert party not in before
    office = Account(stack, "pengawas.bandung")
    [row] = [each for each in office.everything("offices/32.73/objections")
             if each["ticket"] == ticket.replace("-", "")]  # fmt: skip
    step = {"action": "identify", "reference": "BA-1/2026"}
    office.api("POST", f"objections/{row['id']}/steps", step).expect(200)
    after = looked(page, ticket, code)
    assert "Ditangguhkan" in after
    assert party in after
    assert context.cookies() == []


def test_every_page_of_an_objection_fits_and_can_be_used(browser: Browser, stack: Stack) -> None:
    def sound(page: Page, name: str) -> None:
        for size in (PHONE, DESK):
            assert trouble_on(page, size, picture=f"keberatan-{name}") == []

    with browser.new_context(base_url=stack.base_url, bypass_csp=True) as context:
        page = context.new_page()
        page.goto("/publik/keberatan/baru")
        page.click("main button[type=submit]")
        sound(page, "kurang")
        ticket, code = objected(page, PEOPLE[1]["nik"])
        sound(page, "lembar")
        page.goto("/publik/keberatan")
        sound(page, "cari")
        looked(page, ticket, code)
        sound(page, "keadaan")
    for login, path, name in (
        ("pengawas.bandung", "/keberatan", "kantor"),
        ("koordinator.a", "/anggota", "partai"),
    ):
        with browser.new_context(base_url=stack.base_url, bypass_csp=True) as context:
            page = context.new_page()
            sign_in(page, stack.base_url, login, stack.logins[login].password)
            page.goto(path)
            sound(page, name)
            if name == "kantor":
                page.click("main table a")
                sound(page, "dibuka")


def test_the_mark_leaves_the_desk_its_size(browser: Browser, stack: Stack) -> None:
    """Whoever judges the member sees it, and nothing scrolls for it."""
    login = stack.logins["verifikator.bandung.2"]
    with (
        browser.new_context(base_url=stack.base_url, bypass_csp=True, viewport=DESK) as context,
        Account(stack, "verifikator.bandung.2") as verifier,
    ):
        page = context.new_page()
        for person in PEOPLE:
            objected(page, person["nik"])
        item = verifier.claim()
        assert item is not None
        assert item["disputed"] == "filed"
        sign_in(page, stack.base_url, login.login, login.password)
        page.goto(f"/periksa/{item['id']}")
        assert "keberatan warga" in page.inner_text("h1")
        high = page.evaluate("document.documentElement.scrollHeight - window.innerHeight")
        assert high <= 0
        for size in (PHONE, DESK):
            assert trouble_on(page, size, picture="keberatan-meja") == []
