"""The diagnosis of a line, by page and by terminal: a good line, and lines on which somebody meddles."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import DESK, PATIENCE_MS, PHONE, chromium, sign_in, trouble_on
from tests.line import Line
from tests.meddling import Meddling
from tests.stack import ROOT, SIPOL, Stack

LOGIN = "koordinator.a"
MIB = 1024**2
GOOD = {
    "reach": "ok", "clock": "ok", "http": "ok", "create": "ok", "patch": "ok", "override": "ok",
    "kept": "ok", "stream": "ok", "away": "ok", "large": "ok",
}  # fmt: skip
SAID = {"baik": "Tid", "patch": "1 hal menghalangi", "tampung": "2 hal menghalangi"}
# What may be uncertain on a machine that is busy, or on a line as fast as memory.
TRIES = 3
UNSURE = {("kept", "unknown"), ("stream", "unknown"), ("large", "unknown"), ("large", "quiet")}


@pytest.fixture(scope="module")
def stack(seeded_home: Path) -> Iterator[Stack]:
    with Stack(seeded_home) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def doctor(stack: Stack, url: str, *, token: bool = True) -> tuple[int, dict[str, str]]:
    """Exit code and outcome of each check of `sipol doctor`."""
    given = ["--token", stack.logins[LOGIN].token] if token else []
    environ = {name: text for name, text in os.environ.items() if "proxy" not in name.lower()}
    done = subprocess.run(
        [*SIPOL, "doctor", url, "--json", *given],
        env=environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, {line["check"]: line["outcome"] for line in told}


def differing(found: dict[str, str], expected: dict[str, str]) -> dict[str, str]:
    return {
        name: found.get(name, "-")
        for name, outcome in expected.items()
        if found.get(name) != outcome and (name, found.get(name)) not in UNSURE
    }


def test_a_good_line_has_nothing_in_the_way(stack: Stack) -> None:
    for _ in range(TRIES):
        code, found = doctor(stack, stack.base_url)
        if (found["kept"], found["stream"]) == ("ok", "ok"):
            break
    assert differing(found, GOOD) == {}
    assert (code, found["kept"], found["stream"]) == (0, "ok", "ok")


def test_without_a_token_the_rest_is_looked_at(stack: Stack) -> None:
    code, found = doctor(stack, stack.base_url, token=False)
    assert (code, found["create"], "patch" in found) == (0, "login", False)
    assert (found["reach"], found["away"]) == ("ok", "ok")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"refused": frozenset({"PATCH"})}, {"patch": "blocked", "override": "ok"}),
        ({"buffers": True}, {"kept": "lost", "stream": "held", "patch": "ok"}),
        ({"limit": MIB // 2, "own_pages": True}, {"large": "limited", "away": "changed"}),
    ],
    ids=["no-patch", "buffers", "limits"],
)
def test_who_meddles_is_named(
    stack: Stack, settings: dict[str, object], expected: dict[str, str]
) -> None:
    with Meddling(stack.port, **settings) as proxy:  # type: ignore[arg-type]
        for _ in range(TRIES):
            code, found = doctor(stack, proxy.url)
            if expected.items() <= found.items():
                break
    assert {name: found.get(name) for name in expected} == expected
    assert code == 1


def test_nothing_of_it_stays(stack: Stack) -> None:
    data = stack.config.upload_root / "data"
    assert [path.name for path in data.iterdir() if path.is_file()] == []


def look(page: Page, name: str) -> dict[str, str]:
    """Run the page's diagnosis; outcome by check. Pictures where `tests.browser` says."""
    page.click("[data-start]")
    page.wait_for_selector("[data-report]:not([hidden])", timeout=2 * PATIENCE_MS)
    for size in (PHONE, DESK):
        assert trouble_on(page, size, picture=name) == []
    return {
        item.get_attribute("data-check") or "": item.get_attribute("data-outcome") or ""
        for item in page.query_selector_all("[data-check]")
    }


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("baik", {}, GOOD),
        pytest.param(
            "patch",
            {"refused": frozenset({"PATCH"})},
            {"patch": "blocked", "away": "ok"},
            marks=pytest.mark.soak,
        ),
        ("tampung", {"buffers": True}, {"kept": "lost", "stream": "held", "patch": "ok"}),
    ],
    ids=["good", "no-patch", "buffers"],
)
def test_the_page_says_it_to_a_person(
    stack: Stack,
    browser: Browser,
    name: str,
    settings: dict[str, object],
    expected: dict[str, str],
) -> None:
    # On a line as fast as memory a body is out before it can be cut.
    with (
        Meddling(stack.port, **settings) as proxy,
        Line(  # type: ignore[arg-type]
            proxy.port if settings else stack.port, rate=2 * MIB
        ) as line,
    ):
        address = f"http://127.0.0.1:{line.port}"
        context = browser.new_context(base_url=address, bypass_csp=True, viewport=PHONE)  # type: ignore[arg-type]
        page = context.new_page()
        sign_in(page, address, "koordinator.b", stack.logins["koordinator.b"].password)
        page.goto("/unggah")
        page.click("text=Periksa jalur unggah")
        found = look(page, name)
        text = page.input_value("[data-text]")
        context.close()
    assert differing(found, expected) == {}
    assert text.splitlines()[1].startswith(SAID[name])
    assert "koordinator" not in text
