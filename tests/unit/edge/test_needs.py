"""The table of needs names tests that exist, and a machine with everything lacks nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import needs

TESTS = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("test", "lacking"),
    [
        ("tests/journeys/test_tree.py::test_it[postgresql]", ["PostgreSQL", "nginx"]),
        ("tests/journeys/test_unproxied.py::test_pages", []),
        ("tests/contracts/test_nginx_tls.py::test_tls", ["nginx"]),
        ("tests/unit/sandbox/test_walls.py::test_fork", ["bubblewrap"]),
        ("tests/unit/edge/test_needs.py::test_it", []),
    ],
)
def test_a_test_is_left_out_for_what_it_needs(test: str, lacking: list[str]) -> None:
    assert needs.lacking(test, needs.PRESENT) == lacking


def test_each_row_still_names_a_test() -> None:
    ids = [str(path.relative_to(TESTS.parent)) for path in TESTS.rglob("*.py")]
    stale = [
        pattern
        for pattern, _ in needs.NEEDED
        if pattern.startswith("^") and not any(re.search(pattern, each) for each in ids)
    ]
    assert stale == []
