"""What contract tests share: upload processes of each engine, and a file to send."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.tus_process import ENGINES, TusProcess, tus_process


@pytest.fixture(scope="session", params=ENGINES)
def tus(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[TusProcess]:
    with tus_process(tmp_path_factory.mktemp("table"), TUS_ENGINE=request.param) as process:
        yield process


@pytest.fixture(scope="module", params=ENGINES)
def server(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[TusProcess]:
    """One for the tests of a module."""
    with tus_process(tmp_path_factory.mktemp("uploads"), TUS_ENGINE=request.param) as process:
        yield process


@pytest.fixture
def content(request: pytest.FixtureRequest) -> bytes:
    """As many bytes as the module says, each test's own."""
    return random.Random(request.node.name).randbytes(request.module.SIZE)


@pytest.fixture
def file(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "sk.pdf"
    path.write_bytes(content)
    return path
