"""The real walls, and a way to check bytes as if they had just arrived."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from verification.checks.arrived import Expected
from verification.checks.documents import CheckResult, check_document
from verification.checks.scans import SCAN_KINDS, ScanResult, check_scans
from verification.sandbox.launcher import Bubblewrap

CheckBytes = Callable[..., CheckResult]
CheckScans = Callable[..., ScanResult]


def expected(content: bytes, **changes: object) -> Expected:
    facts = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return Expected(**{**facts, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def walled() -> Bubblewrap:
    return Bubblewrap()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "source"


@pytest.fixture
def derived(tmp_path: Path) -> Path:
    return tmp_path / "derived"


@pytest.fixture
def check(walled: Bubblewrap, source: Path, derived: Path) -> CheckBytes:
    def run(content: bytes, **changes: object) -> CheckResult:
        source.write_bytes(content)
        return check_document(walled, source, expected(content, **changes), derived)

    return run


@pytest.fixture
def check_zip(walled: Bubblewrap, source: Path, derived: Path) -> CheckScans:
    def run(content: bytes, **options: object) -> ScanResult:
        source.write_bytes(content)
        facts = expected(content, accepted=SCAN_KINDS)
        return check_scans(walled, source, facts, derived, **options)  # type: ignore[arg-type]

    return run
