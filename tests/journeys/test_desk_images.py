"""A verifier reads a long document to its end, also after the cache of images was lost."""

from __future__ import annotations

import shutil

from playwright.sync_api import Page

from tests.browser import DESK, chromium, sign_in
from tests.conftest import StartStack
from tests.files import pdf
from tests.journeys.api import Account
from tests.traffic import OFFICE, wait_for

PAGES = 42


def shown(page: Page, number: int) -> None:
    """Choose a page of the document, and wait until it is there."""
    page.click(f".desk-tab[data-number='{number}']")
    image = page.locator("#desk-image")

    def there() -> bool:
        source, width = image.evaluate("image => [image.getAttribute('src'), image.naturalWidth]")
        return source.endswith(f"/images/{number}") and width > 0

    wait_for(there, f"page {number}", pause=0.2)
    wait_for(page.locator(".desk-wait").is_hidden, "no word of waiting")


def test_every_page_of_a_long_document_is_seen(start_stack: StartStack) -> None:
    stack = start_stack()
    party = Account(stack, "koordinator.a")
    party.wait_until(party.send(pdf(PAGES), OFFICE), "passed")
    party.queued(party.submit()["id"])
    person = stack.logins["verifikator.bandung.1"]
    with chromium() as browser:
        context = browser.new_context(viewport=DESK)
        page = context.new_page()
        sign_in(page, stack.base_url, person.login, person.password)
        page.click("main form button")
        page.wait_for_url("**/periksa/**")
        shown(page, 40)
        shown(page, PAGES)
        shutil.rmtree(stack.config.derived_dir)
        page.reload()
        shown(page, 2)
        context.close()
