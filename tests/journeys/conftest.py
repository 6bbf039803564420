"""Whom journeys begin with; one that fails shows what the stack wrote down."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stack import ACCESS_LOG, Stack
from tests.traffic import Caller
from verification.db import Sessions, make_engine

ENOUGH = 4000


@pytest.fixture
def party(stack: Stack) -> Caller:
    """The coordinator of party A, at the address people use."""
    return Caller(stack.base_url, stack.logins["koordinator.a"].token)


@pytest.fixture
def sessions(stack: Stack) -> Iterator[Sessions]:
    """The database of the stack."""
    engine = make_engine(stack.config.database_url)
    yield Sessions(engine)
    engine.dispose()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Iterator[pytest.TestReport]:
    report = yield
    if report.failed and isinstance(item, pytest.Function):
        for value in item.funcargs.values():
            if isinstance(value, Stack):
                report.sections += _ends(value)
    return report


def _ends(stack: Stack) -> list[tuple[str, str]]:
    logs = sorted(stack.config.log_dir.glob("*.log"), key=lambda path: path.name == ACCESS_LOG)
    texts = [("sipol up", stack.said())]
    texts += [(path.name, path.read_text(errors="replace")) for path in logs]
    return [(f"end of {name}", text[-ENOUGH:]) for name, text in texts if text]
