"""`/unggah` in a real Chromium, through real nginx, on a line that is slow and breaks."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import update

from portal.clock import system_clock
from portal.models import LoginSession
from tests.browser import chromium, sign_in
from tests.large_files import padded_pdf
from tests.stack import Stack, sipol
from tests.traffic import SECONDS, Caller, assert_proven, wait_for
from verification.db import Sessions, make_engine

SIZE, RATE, CUTS = 200_000_000, 2_000_000, 5
SMALL = 5_000_000
SHORT = 24_000_000
LARGE = 34_000_000
MOST_RECEIVED = 1.02
IN_VAIN = 400_000
PASSED = "Lolos pemeriksaan sistem"


@pytest.fixture(scope="module")
def stack(seeded_home: Path, request: pytest.FixtureRequest) -> Iterator[Stack]:
    engine = getattr(request, "param", "builtin")
    with Stack(seeded_home, line=True, uploads=engine) as stack:
        yield stack


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(autouse=True)
def quick_line(stack: Stack) -> Iterator[None]:
    """Whatever a test did to the line, the next one finds it whole and quick."""
    assert stack.line is not None
    yield
    stack.line.rate = None
    stack.line.cut_at()


@pytest.fixture
def party(stack: Stack) -> Caller:
    """The coordinator of party A, on a good line."""
    return Caller(stack.direct_url, stack.logins["koordinator.a"].token)


@contextmanager
def seat(browser: Browser, stack: Stack, login: str = "koordinator.a") -> Iterator[Page]:
    """A browser of one's own, signed in, on `/unggah`; no script may fail, nothing break the CSP."""
    faults: list[str] = []
    context = browser.new_context(locale="id-ID")
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: dialog.accept())
    page.on(
        "console",
        lambda told: faults.append(told.text) if "Content Security" in told.text else None,
    )
    try:
        sign_in(page, stack.base_url, login, stack.logins[login].password)
        to_queue(page, stack)
        yield page
        assert faults == []
    finally:
        context.close()


def to_queue(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.base_url}/unggah")
    page.wait_for_selector("[data-queue=choose]")


def pick(page: Page, *files: Path) -> None:
    page.set_input_files("[data-queue=files]", list(files))


def row(page: Page, file: Path) -> Locator:
    return page.locator("[data-queue=rows] .app-upload").filter(has_text=file.name)


def end_logins(stack: Stack) -> None:
    """What half an hour does: every login's time is over."""
    engine = make_engine(stack.config.database_url)
    with Sessions(engine).begin() as session:
        session.execute(update(LoginSession).values(expires_at=system_clock()))
    engine.dispose()


def sign_in_again(page: Page, stack: Stack, login: str = "koordinator.a") -> None:
    """In the dialogue of the thin bar, without leaving the page."""
    page.click("#session-open")
    page.fill("#session-dialog [name=login]", login)
    page.fill("#session-dialog [name=password]", stack.logins[login].password)
    page.click("#session-dialog [type=submit]")
    expect(page.locator("#session-dialog")).to_be_hidden()


def newest(party: Caller) -> str:
    """The id of the file that came last."""
    return str(party.files()[0]["id"])


def is_open(party: Caller, file: Path) -> bool:
    """Whether an upload of that name has begun and not ended."""
    return any(each["filename"] == file.name for each in open_uploads(party))


def open_uploads(party: Caller) -> list[dict[str, Any]]:
    return list(party.api("GET", "uploads?limit=100").expect(200).json()["items"])


def creations(stack: Stack) -> int:
    return sum(
        (line["method"], line["path"], line["status"]) == ("POST", "/files/", 201)
        for line in stack.access_log()
    )


def bring(stack: Stack, browser: Browser, party: Caller, file: Path) -> float:
    """A file on a line that is cut, over a restart and an ended login; bytes received for each of its own."""
    line = stack.line
    assert line is not None
    signs = random.Random("browser")
    size = file.stat().st_size
    before = creations(stack)
    with seat(browser, stack) as page:
        start, cuts = line.up, line.cuts
        line.cut_at(*(start + signs.randrange(size // 20, size * 19 // 20) for _ in range(CUTS)))
        line.rate = RATE
        pick(page, file)
        for at, trouble in (
            (size // 4 + signs.randrange(size // 8), lambda: stack.kill("portal")),
            (size // 2 + signs.randrange(size // 8), lambda: end_logins(stack)),
        ):
            wait_in_page(page, lambda at=at: line.up >= start + at, f"{at} bytes", 300)
            with stack.fault():
                trouble()
        expect(row(page, file)).to_contain_text("Tersimpan", timeout=400_000)
        line.rate = None
        expect(page.locator("#session-bar")).to_be_visible()
        sign_in_again(page, stack)
        expect(page.locator("#session-bar")).to_be_hidden()
        expect(row(page, file)).to_contain_text(PASSED)
        receipt = row(page, file).get_by_role("link", name="Tanda terima")
        expect(receipt).to_be_visible()
        serial = (receipt.get_attribute("href") or "").rsplit("/", 1)[-1]
    assert line.cuts - cuts == CUTS

    upload = newest(party)
    told = assert_proven(stack, party, upload, file, file.parent)
    assert told["receipt"] == serial
    assert creations(stack) == before + 1
    share = stack.received(upload) / size
    # A browser sends what was on its way when the line broke once more by itself, in vain.
    assert 1 <= share <= max(MOST_RECEIVED, 1 + CUTS * IN_VAIN / size)
    return share


def test_200_mb_on_a_line_cut_five_times_over_a_restart_and_an_ended_login(
    stack: Stack,
    browser: Browser,
    party: Caller,
    tmp_path: Path,
    record_testsuite_property: Callable[[str, object], None],
) -> None:
    file = padded_pdf(tmp_path / "besar_ad-art.pdf", SIZE, seed="browser")
    share = bring(stack, browser, party, file)
    record_testsuite_property("browser, bytes at nginx", f"{share:.4f} of the file")


@pytest.mark.parametrize(
    ("stack", "size"),
    [("tusd", SHORT), pytest.param("tusd", SIZE, marks=pytest.mark.soak)],
    indirect=["stack"],
)
def test_the_same_over_tusd(
    stack: Stack, browser: Browser, party: Caller, tmp_path: Path, size: int
) -> None:
    bring(stack, browser, party, padded_pdf(tmp_path / "besar_ad-art.pdf", size, seed="browser"))


def wait_in_page(page: Page, true: Callable[[], bool], what: str, seconds: float) -> None:
    """As `wait_for`, while the page's own events go on."""
    for _ in range(int(seconds * 10)):
        if true():
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"waited {seconds:.0f} s for {what}")


def test_a_login_that_ends_after_file_1_of_20_stops_no_file_and_keeps_the_form(
    stack: Stack, browser: Browser, tmp_path: Path
) -> None:
    """All 20 arrive on the ticket; sending the dossier asks for the login and keeps what was entered."""
    assert stack.line is not None
    login = "koordinator.b"
    party = Caller(stack.direct_url, stack.logins[login].token)
    sizes = [20_000, *[150_000] * 19]
    files = [
        padded_pdf(tmp_path / f"{number:02d}_ad-art.pdf", size, seed=f"night {number}")
        for number, size in enumerate(sizes, start=1)
    ]
    with seat(browser, stack, login) as page:
        stack.line.rate = 250_000
        pick(page, *files)
        expect(page.locator("[data-queue=line]")).to_contain_text(
            re.compile("Mengunggah ([2-9]|1[0-5]) dari 20")
        )
        end_logins(stack)
        stack.line.rate = 2_000_000
        expect(page.locator("[data-queue=line]")).to_contain_text("20 berkas tersimpan")
        expect(page.locator("#session-bar")).to_contain_text("unggahan tetap berjalan")
        # Stored is on the disk; the rows follow a moment later.
        wait_for(lambda: len(party.files()) == len(files), "a row for each file")
        for upload in party.files():
            party.wait_until(upload["id"], "passed")

        sign_in_again(page, stack, login)
        page.goto(f"{stack.base_url}/kirim")
        digest = page.locator("[name=digest]").input_value()
        page.check("#benar")
        end_logins(stack)
        page.get_by_role("button", name="Kirim dan kunci dosir").click()
        page.wait_for_url("**/masuk?**")
        expect(page.locator("main")).to_contain_text("Isian Anda disimpan")
        page.fill("input[name=login]", login)
        page.fill("input[name=password]", stack.logins[login].password)
        page.click("main button[type=submit]")
        page.wait_for_url("**/formulir/**")
        page.locator("main form button[type=submit]").first.click()
        page.wait_for_url("**/tanda-terima/**")
        serial = page.url.rsplit("/", 1)[-1].partition("?")[0]
    (sent,) = party.api("GET", "submissions").expect(200).json()["items"]
    assert (sent["digest"], sent["receipt"]) == (digest, serial)
    manifest, receipt = tmp_path / "manifest.json", tmp_path / "receipt.json"
    manifest.write_bytes(party.api("GET", f"receipts/{serial}/manifest").expect(200).body)
    receipt.write_bytes(party.receipt(serial))
    checked = sipol("verify", str(receipt), str(manifest), "--json", environ=stack.environ)
    assert json.loads(checked)["genuine"] is True


def test_two_browsers_with_the_same_file_bring_it_once(
    stack: Stack, browser: Browser, party: Caller, tmp_path: Path
) -> None:
    assert stack.line is not None
    file = padded_pdf(tmp_path / "berdua_ad-art.pdf", SMALL, seed="two browsers")
    before = creations(stack)
    with seat(browser, stack) as one, seat(browser, stack) as two:
        # The second is to find the first one's upload, and not its end.
        stack.line.rate = RATE / 8
        pick(one, file)
        wait_in_page(one, lambda: is_open(party, file), "the first one's upload", SECONDS)
        pick(two, file)
        expect(row(two, file)).to_be_visible()
        stack.line.rate = RATE / 2
        for page in (one, two):
            expect(row(page, file)).to_contain_text("Tersimpan")
        stack.line.rate = None
        for page in (one, two):
            expect(row(page, file)).to_contain_text(PASSED)
    assert creations(stack) == before + 1
    upload = newest(party)
    assert_proven(stack, party, upload, file, tmp_path)
    assert stack.received(upload) <= 1.25 * SMALL


def test_a_second_tab_leaves_the_file_to_the_first(
    stack: Stack, browser: Browser, party: Caller, tmp_path: Path
) -> None:
    assert stack.line is not None
    file = padded_pdf(tmp_path / "tab_ad-art.pdf", SMALL // 4, seed="two tabs")
    before = creations(stack)
    with seat(browser, stack) as one:
        two = one.context.new_page()
        to_queue(two, stack)
        stack.line.rate = 50_000
        pick(one, file)
        wait_in_page(one, lambda: is_open(party, file), "the first one's upload", SECONDS)
        pick(two, file)
        expect(row(two, file)).to_contain_text("sedang diunggah di tab atau baris lain")
        stack.line.rate = None
        expect(row(one, file)).to_contain_text(PASSED)
    assert creations(stack) == before + 1


@pytest.mark.parametrize("how", ["reload", "crash"])
def test_the_same_file_picked_again_goes_on_from_the_stored_byte(
    stack: Stack, browser: Browser, party: Caller, tmp_path: Path, how: str
) -> None:
    """After a reload on the same page; after a crash in another browser, from a copy of another name."""
    assert stack.line is not None
    file = padded_pdf(tmp_path / f"{how}_ad-art.pdf", SMALL, seed=how)
    again = tmp_path / "salinan dari kartu memori.pdf"
    shutil.copyfile(file, again)
    before = creations(stack)
    with seat(browser, stack) as page:
        start = stack.line.up
        # Half of it takes seconds: a busy machine may look late.
        stack.line.rate = RATE / 6
        pick(page, file)
        wait_in_page(page, lambda: stack.line.up >= start + SMALL // 2, "half of it", SECONDS)
        # Slow enough for everybody to see from where it goes on.
        stack.line.rate = RATE / 10
        if how == "reload":
            stack.line.cut()
            page.reload()
            carry_on(page, file, file)
            finished(page, file, stack)
            kept = page.evaluate(
                "JSON.stringify([{...localStorage}, {...sessionStorage}, location.href])"
            )
            assert "~" not in kept
            assert file.name not in kept
            # Whoever never saw the last reply picks it once more: nothing is sent again.
            once_more = tmp_path / "sekali lagi_ad-art.pdf"
            shutil.copyfile(file, once_more)
            pick(page, once_more)
            expect(row(page, once_more)).to_contain_text(PASSED)
    if how == "crash":
        # A device that has gone sends nothing more; the kernel under a closed browser would.
        stack.line.cut()
        with seat(browser, stack) as page:
            carry_on(page, file, again)
            finished(page, again, stack)
    upload = newest(party)
    assert_proven(stack, party, upload, file, tmp_path)
    assert creations(stack) == before + 1
    assert stack.received(upload) <= MOST_RECEIVED * SMALL + 300_000


@pytest.mark.parametrize("edited", [False, True], ids=["same", "edited"])
def test_a_large_file_whose_last_reply_was_lost_is_sent_again_only_if_edited(
    stack: Stack, browser: Browser, party: Caller, tmp_path: Path, *, edited: bool
) -> None:
    """Too large to be hashed in the page: it remembers which upload it began and never saw end."""
    assert stack.line is not None
    file = padded_pdf(tmp_path / f"besar_{edited:d}_ad-art.pdf", LARGE, seed=f"lost {edited}")
    before = creations(stack)
    with seat(browser, stack) as page:
        stack.line.rate = RATE
        pick(page, file)
        wait_in_page(page, lambda: is_open(party, file), "the upload", SECONDS)
        expect(row(page, file)).to_contain_text("%")
        page.goto("about:blank")
        # All of it arrives, and nobody tells this browser.
        (begun,) = (each for each in open_uploads(party) if each["filename"] == file.name)
        address = party.api("POST", f"uploads/{begun['id']}/url", {}).expect(200).json()["url"]
        party.go_on(address, file.read_bytes())
        party.wait_until(begun["id"], "passed")
        stack.line.rate = None
        if edited:
            # Its size, its first and its last MiB stay what they were.
            with file.open("r+b") as content:
                content.seek(LARGE // 2)
                content.write(b"suntingan")
        to_queue(page, stack)
        pick(page, file)
        expect(row(page, file)).to_contain_text(PASSED)
        assert page.evaluate("Object.keys(localStorage)") == []
    assert creations(stack) == before + 1 + edited
    assert (newest(party) == begun["id"]) is not edited


def carry_on(page: Page, known: Path, file: Path) -> None:
    """What was left stands on the page; its button takes the file."""
    left = page.locator("[data-unfinished]").filter(has_text=known.name)
    expect(left).to_have_count(1)
    expect(left).to_contain_text("sudah aman di server")
    with page.expect_file_chooser() as chooser:
        left.get_by_role("button", name="Pilih berkas").click()
    chooser.value.set_files(file)
    expect(row(page, file)).to_contain_text("dilanjutkan dari")
    expect(left).to_have_count(0)


def finished(page: Page, file: Path, stack: Stack) -> None:
    assert stack.line is not None
    stack.line.rate = None
    expect(row(page, file)).to_contain_text(PASSED)
