"""Every page of every role: fits its screen, breaks no rule of WCAG 2.2 A/AA, weighs what it may.

Pages are found as a person finds them, by following links; addresses that differ in their ids only
count as one page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from portal.clock import system_clock
from tests.browser import DESK, PHONE, chromium, sign_in, trouble_on
from tests.journeys.api import Account
from tests.large_files import padded_pdf
from tests.stack import Stack, sipol
from tests.traffic import AD_ART, Caller, upload_id, wait_for
from tests.world import build_window
from verification.db import Sessions, make_engine
from verification.journal import entries, facts_of
from verification.models import Participation, Party, Stage

LIMIT = 60
KIB = 1024
# Downloads are no pages.
FILES = re.compile(
    r"\.(csv|xlsx|json|jsonl|pdf|svg|webp)$|/(gambar|files|static|api)/|/keluar|/ekspor"
)
# The same for everybody, and walked once.
PUBLIC = re.compile(r"/(publik|status)(/|$)")

PARTY = ("/dosir", "/unggah", "/anggota", "/kirim", "/tanda-terima", "/riwayat", "/hasil")
STARTS = {
    "koordinator.a": PARTY,
    "koordinator.b": PARTY,
    "operator.a.bandung": ("/dosir", "/unggah"),
    "verifikator.bandung.1": ("/antrean",),
    "pengawas.bandung": ("/pengawas", "/antrean", "/keberatan"),
    "administrator.pusat": ("/kelola", "/kelola/mesin", "/pengawas", "/keberatan"),
    "pengamat.bawaslu": ("/pengamat",),
}


@pytest.fixture(scope="module")
def stack(seeded_home: Path) -> Iterator[Stack]:
    """A stack in which party A has everything before it, and party B has sent, locked, partly been judged."""
    with Stack(seeded_home) as running:
        sipol("demo", "--filled", "--rows", "40", "--cards", "4", environ=running.environ)
        party = Account(running, "koordinator.b")
        wait_for(lambda: all_checked(party), "the checks of party B")
        party.queued(party.submit()["id"])
        with Account(running, "verifikator.bandung.1") as verifier:
            for outcome, reason in (("MS", None), ("MS", None), ("BMS", None)):
                item = verifier.claim()
                assert item is not None
                if outcome == "BMS":
                    reason = next(r["code"] for r in item["reasons"] if r["outcome"] == outcome)
                verifier.decide(item, outcome, reason).expect(200)
        yield running


def all_checked(party: Account) -> bool:
    files = list(party.everything("files"))
    lists = list(party.everything("rosters"))
    return (
        len(files) > 10
        and all(file["state"] in ("passed", "rejected") for file in files)
        and all(one["stage"] in ("done", "failed") for one in lists)
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def context(browser: Browser, stack: Stack) -> Iterator[BrowserContext]:
    # axe-core is injected by the test; the product's own policy would rightly refuse it.
    context = browser.new_context(base_url=stack.base_url, bypass_csp=True, viewport=PHONE)
    yield context
    context.close()


def shape(address: str) -> str:
    """An address without its ids."""
    path = urlsplit(address).path
    return re.sub(r"/([0-9a-f]{32}|[0-9]{2}(\.[0-9]{2}){0,2}|ID|[0-9]+)(?=/|$)", "/…", path)


def links(page: Page, host: str) -> list[str]:
    found = page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")
    kept = [str(href) for href in found if urlsplit(str(href)).netloc == host]
    return [href for href in kept if "#" not in href and not FILES.search(urlsplit(href).path)]


def walk(
    page: Page, starts: tuple[str, ...], host: str, *, apart: re.Pattern[str] | None = None
) -> dict[str, list[str]]:
    """Every page that can be reached, with its troubles on a phone and on a desk."""
    waiting = [f"http://{host}{start}" for start in starts]
    seen: dict[str, list[str]] = {}
    while waiting and len(seen) < LIMIT:
        address = waiting.pop(0)
        if shape(address) in seen:
            continue
        answer = page.goto(address)
        assert answer is not None, address
        assert answer.status == 200, f"{answer.status} at {address}"
        seen[shape(address)] = trouble_on(page, PHONE) + trouble_on(page, DESK)
        waiting += [
            href
            for href in links(page, host)
            if apart is None or not apart.match(urlsplit(href).path)
        ]
    return seen


@pytest.mark.parametrize("login", STARTS)
def test_every_page_of_a_role_fits_and_can_be_used_by_everybody(
    context: BrowserContext, stack: Stack, login: str
) -> None:
    page = context.new_page()
    sign_in(page, stack.base_url, login, stack.logins[login].password)
    seen = walk(page, STARTS[login], urlsplit(stack.base_url).netloc, apart=PUBLIC)
    assert set(STARTS[login]) <= set(seen)
    assert {path: found for path, found in seen.items() if found} == {}


def test_every_public_page_fits_and_can_be_used_by_everybody(
    context: BrowserContext, stack: Stack
) -> None:
    page = context.new_page()
    starts = ("/", "/publik", "/publik/nik", "/publik/keberatan", "/status", "/masuk")
    seen = walk(page, starts, urlsplit(stack.base_url).netloc)
    assert set(starts) <= set(seen)
    assert {path: found for path, found in seen.items() if found} == {}


def test_the_desk_does_not_scroll_at_its_size(context: BrowserContext, stack: Stack) -> None:
    page = context.new_page()
    login = stack.logins["verifikator.bandung.2"]
    sign_in(page, stack.base_url, login.login, login.password)
    page.set_viewport_size(DESK)
    page.goto("/antrean")
    page.keyboard.press("Enter")
    page.wait_for_url("**/periksa/*")
    high = page.evaluate("document.documentElement.scrollHeight - window.innerHeight")
    assert high <= 0
    assert trouble_on(page, DESK) == []
    assert trouble_on(page, PHONE) == []


@contextmanager
def weighing(page: Page) -> Iterator[Callable[[], int]]:
    """Bytes over the wire from here on, to be asked for at the end: bodies as sent, after compression."""
    finished: list[Request] = []

    def finish(request: Request) -> None:
        finished.append(request)

    page.on("requestfinished", finish)
    # Asked for afterwards: a question inside a listener lets others in, and sums are lost.
    yield lambda: sum(request.sizes()["responseBodySize"] for request in finished)
    page.remove_listener("requestfinished", finish)


def weight(page: Page, address: str) -> int:
    """Of a first visit."""
    with weighing(page) as weighed:
        page.goto(address, wait_until="networkidle")
        return weighed()


def cold(browser: Browser, stack: Stack, login: str) -> BrowserContext:
    """Somebody signed in whose browser keeps nothing yet of any page."""
    with browser.new_context(base_url=stack.base_url) as context:
        sign_in(context.new_page(), stack.base_url, login, stack.logins[login].password)
        cookies = context.cookies()
    fresh = browser.new_context(base_url=stack.base_url)
    fresh.add_cookies(cookies)  # type: ignore[arg-type]  # Playwright's own shape, given back
    return fresh


@pytest.mark.parametrize("address", ["/publik", "/status"])
def test_a_public_page_weighs_no_more_than_a_slow_line_bears(
    browser: Browser, stack: Stack, address: str
) -> None:
    with browser.new_context(base_url=stack.base_url) as context:
        assert weight(context.new_page(), address) < 25 * KIB


def test_a_first_visit_with_a_first_file_weighs_no_more_than_a_slow_line_bears(
    browser: Browser, stack: Stack
) -> None:
    """What opens the page, and what the first file that is picked brings: tus-js-client, its ticket."""
    with cold(browser, stack, "koordinator.a") as context:
        page = context.new_page()
        # Asked again and again as long as the page is open: how often is the machine's speed.
        page.route("**/unggah/keadaan?*", lambda route: route.abort())
        with weighing(page) as weighed:
            page.goto("/unggah", wait_until="networkidle")
            file = {
                "name": "ad-art.pdf",
                "mimeType": "application/pdf",
                "buffer": b"%PDF-1.7\n%%EOF",
            }
            page.set_input_files('[data-queue="files"]', file)  # type: ignore[arg-type]
            expect(page.locator('[data-part="tag"].govuk-tag--blue')).to_be_visible(timeout=60_000)
            page.wait_for_load_state("networkidle")
            assert weighed() < 50 * KIB


def test_a_review_item_with_its_scan_weighs_no_more_than_an_office_line_bears(
    browser: Browser, stack: Stack
) -> None:
    with cold(browser, stack, "verifikator.ambon.1") as context:
        page = context.new_page()
        page.goto("/antrean")
        page.keyboard.press("Enter")
        page.wait_for_url("**/periksa/*")
        address, cookies = page.url, context.cookies()
    with browser.new_context(base_url=stack.base_url) as context:
        context.add_cookies(cookies)  # type: ignore[arg-type]  # Playwright's own shape, given back
        assert weight(context.new_page(), address) < 150 * KIB


def test_a_close_that_moves_is_followed_by_everything_that_is_open(
    context: BrowserContext, browser: Browser, stack: Stack, tmp_path: Path
) -> None:
    """The last of the module: party A gets a window of its own. No page is loaded anew."""
    engine = make_engine(stack.config.database_url)
    sessions = Sessions(engine)
    opened, closed = system_clock() - timedelta(days=2), system_clock() - timedelta(seconds=1)
    login = stack.logins["koordinator.a"]
    party = Caller(stack.base_url, login.token)
    running = padded_pdf(tmp_path / "berjalan.pdf", 400_000, seed="running").read_bytes()
    path = party.create(len(running), AD_ART)
    party.patch(path, 0, running[:200_000]).expect(204)
    seat = browser.new_context(base_url=stack.base_url).new_page()
    seat.set_default_timeout(120_000)
    sign_in(seat, stack.base_url, login.login, login.password)
    seat.goto("/unggah")
    shown = seat.locator(".app-where__clock time").nth(1).get_attribute("datetime")

    with sessions.begin() as session:
        own = session.query(Participation).join(Party).filter_by(name=login.party).one()
        stage = session.query(Stage).filter_by(code="pendaftaran").one()
        build_window(session, stage, opens=opened, closes=closed, participation=own)
    late = padded_pdf(tmp_path / "terlambat_ad-art.pdf", 300_000, seed="late")
    seat.set_input_files("[data-queue=files]", late)
    row = seat.locator("[data-queue=rows] .app-upload")
    expect(row).to_contain_text("Bila waktunya diperpanjang", timeout=120_000)

    page = context.new_page()
    page.set_default_timeout(120_000)
    administrator = stack.logins["administrator.pusat"]
    sign_in(page, stack.base_url, administrator.login, administrator.password)
    page.goto(f"/kelola/tahapan/pendaftaran?bagi={own.public_id}")
    faults = [each for size in (PHONE, DESK) for each in trouble_on(page, size, picture="jadwal")]
    page.check("#tutup-2")
    page.fill("#dasar", "Putusan uji 5/2029")
    page.get_by_role("button", name="Lihat yang berubah").click()
    expect(page.locator("h1")).to_have_text("Yang berubah", timeout=120_000)
    faults += [each for size in (PHONE, DESK) for each in trouble_on(page, size, picture="berubah")]
    page.get_by_role("button", name="Simpan jadwal baru").click()
    page.wait_for_url("**/kelola/tahapan")
    faults += [each for size in (PHONE, DESK) for each in trouble_on(page, size, picture="tahapan")]
    assert faults == []

    # The page asks by itself every five minutes, and whenever it comes into view again.
    seat.wait_for_function(
        """before => {
            document.dispatchEvent(new Event("visibilitychange"));
            return document.querySelectorAll(".app-where__clock time")[1].dateTime !== before;
        }""",
        arg=shown,
        polling=500,
    )
    expect(row).to_contain_text("Lolos pemeriksaan sistem", timeout=120_000)
    party.patch(path, 200_000, running[200_000:]).expect(204)
    party.wait_until(upload_id(path), "passed", "rejected")
    with sessions.read() as session:
        chain = session.get_one(Participation, own.id).chain
        newest = [facts_of(each) for each in entries(session, chain, kinds=["file.received"])[:2]]
    assert {facts["late"] for facts in newest} == {False}
    assert upload_id(path) in {facts["file"] for facts in newest}
    seat.context.close()
    engine.dispose()
