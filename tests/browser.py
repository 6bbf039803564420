"""Debian's Chromium, driven by Playwright, for journeys."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from tests.stack import ROOT

PATIENCE_MS = 120_000
"""For whatever a page must come to show: the five and thirty seconds of Playwright are short of a stall."""
CHROMIUM = "/usr/bin/chromium"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PHONE: ViewportSize = {"width": 360, "height": 740}
DESK: ViewportSize = {"width": 1366, "height": 768}
# A folder for pictures of the pages, if somebody wants to look at them.
PICTURES = os.environ.get("SIPOL_TEST_PICTURES")
# Without the background flags a browser asks hosts that no test may need.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser for the block."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=list(FLAGS), timeout=PATIENCE_MS
        )
        browser.on("context", lambda context: context.set_default_timeout(PATIENCE_MS))
        try:
            yield browser
        finally:
            browser.close()


def sign_in(page: Page, address: str, login: str, password: str) -> None:
    """Sign in as a person does; ends on the page that this role begins with."""
    page.goto(f"{address}/masuk")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", password)
    page.click("main button[type=submit]")
    page.wait_for_url(lambda url: not url.endswith("/masuk"))


def trouble_on(page: Page, size: ViewportSize, *, picture: str = "") -> list[str]:
    """What is wrong with the page as it stands, at a size; `picture`: its name where PICTURES says."""
    found = []
    page.set_viewport_size(size)
    # What was clicked last is drawn as focused, which is no fault of the page at rest.
    page.evaluate("document.activeElement?.blur()")
    if PICTURES and picture:
        path = f"{PICTURES}/{picture}-{size['width']}.png"
        page.screenshot(path=path, full_page=True)
    wide = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    if wide > 0:
        found.append(f"scrolls sideways by {wide} px at {page.viewport_size}")
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    # Of what is in order only that it is: describing each such element takes most of the time.
    result = page.evaluate("rules => axe.run({runOnly: rules, resultTypes: ['violations']})", RULES)
    for violation in result["violations"]:
        nodes = [node["target"] for node in violation["nodes"][:3]]
        found.append(f"{violation['id']}: {violation['help']} {nodes}")
    return found
