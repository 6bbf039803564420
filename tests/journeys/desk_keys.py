"""Verifiers at the desk page, in a real browser of their own, with nothing but the keyboard."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from playwright.sync_api import Page

from tests.browser import chromium, sign_in
from tests.stack import Stack

figures = logging.getLogger("sipol.figures")
# Every ten items: seven MS, two BMS, one TMS; a verdict is one key or two.
VERDICTS = ("s", "s", "b1", "s", "t1", "s", "s", "b2", "s", "s")
OUTCOMES = {"s": "MS", "b": "BMS", "t": "TMS"}
NEXT = "before => document.querySelector('.desk').dataset.item !== before"


@dataclass(slots=True)
class Shift:
    """What one verifier did: item → outcome, and what he took back once."""

    outcomes: dict[str, str] = field(default_factory=dict)
    undone: set[str] = field(default_factory=set)


def decide_by_keys(stack: Stack, logins: Sequence[str], count: int) -> list[Shift]:
    """Every one decides his share of `count` items, all at once."""
    share = count // len(logins)
    with ThreadPoolExecutor(len(logins)) as pool:
        return list(pool.map(lambda login: _shift(stack, login, share), logins))


def _shift(stack: Stack, login: str, count: int) -> Shift:
    shift = Shift()
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        sign_in(page, stack.base_url, login, stack.logins[login].password)
        assert page.url.endswith("/antrean")
        page.keyboard.press("Enter")
        page.wait_for_url("**/periksa/*")
        begun = time.monotonic()
        while len(shift.outcomes) < count:
            item, verdict = _shown(page), VERDICTS[len(shift.outcomes) % len(VERDICTS)]
            _press(page, verdict)
            shift.outcomes[item] = OUTCOMES[verdict[0]]
            if len(shift.outcomes) == 1:
                _press(page, "u")
                assert _shown(page) == item
                shift.undone.add(item)
                _press(page, verdict)
        figures.info("%s: %.2f s an item", login, (time.monotonic() - begun) / count)
        assert errors == []
        # Signing out gives back the one that is before his eyes.
        page.goto(f"{stack.base_url}/keluar")
        with page.expect_navigation():
            page.click("main button[type=submit]")
    return shift


def _shown(page: Page) -> str:
    return str(page.locator(".desk").get_attribute("data-item"))


def _press(page: Page, keys: str) -> None:
    """Type, and wait until another item is there."""
    before = _shown(page)
    for key in keys:
        page.keyboard.press(key)
    page.wait_for_function(NEXT, arg=before)
