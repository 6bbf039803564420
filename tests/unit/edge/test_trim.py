"""The style sheet loses what no page of ours can match, and nothing else."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def trim() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "scripts" / "trim.py"))


@pytest.fixture
def used(trim: dict[str, Any], tmp_path: Path) -> Any:
    page = tmp_path / "page.html"
    page.write_text('<p class="govuk-body govuk-tag--{{ tone }}">')
    return trim["Used"].in_files([page])


@pytest.mark.parametrize(
    ("sheet", "kept"),
    [
        ("p{a:b}", "p{a:b}"),
        (".govuk-body{a:b}", ".govuk-body{a:b}"),
        (".govuk-table{a:b}", ""),
        (".govuk-body,.govuk-table{a:b}", ".govuk-body{a:b}"),
        (".govuk-tag--blue{a:b}", ".govuk-tag--blue{a:b}"),
        (".govuk-body .govuk-table{a:b}", ""),
        (".govuk-body:not(.govuk-table){a:b}", ".govuk-body:not(.govuk-table){a:b}"),
        (":is(p,li) .govuk-body{a:b}", ":is(p,li) .govuk-body{a:b}"),
        ("@media print{.govuk-body{a:b}.govuk-table{c:d}}", "@media print{.govuk-body{a:b}}"),
        ("@media print{.govuk-table{c:d}}", ""),
        ("@keyframes x{from{a:b}to{a:c}}", "@keyframes x{from{a:b}to{a:c}}"),
        ("/* .govuk-table */p{a:b}", "p{a:b}"),
        ('@charset "UTF-8";p{a:b}', '@charset "UTF-8";p{a:b}'),
    ],
)
def test_a_rule_stays_when_a_page_could_match_it(
    trim: dict[str, Any], used: Any, sheet: str, kept: str
) -> None:
    assert trim["trimmed"](sheet, used) == kept


def test_every_class_of_our_pages_keeps_its_rules(trim: dict[str, Any]) -> None:
    whole = (ROOT / "node_modules/govuk-frontend/dist/govuk/govuk-frontend.min.css").read_text()
    ours = (ROOT / "portal/static/vendor/govuk-frontend.min.css").read_text()
    pages = [
        *(ROOT / "portal/templates").rglob("*.html"),
        *(ROOT / "portal/static/js").rglob("*.js"),
    ]
    for name in trim["Used"].in_files(pages).whole:
        rule = re.compile(rf"\.{name}(?![\w-])")
        assert bool(rule.search(whole)) == bool(rule.search(ours)), name
