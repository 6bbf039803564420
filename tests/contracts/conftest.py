"""What contract tests share: one upload process for every table of requirements."""

from collections.abc import Iterator

import pytest

from tests.contracts.tus_process import ENGINES, TusProcess, tus_process


@pytest.fixture(scope="session", params=ENGINES)
def tus(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[TusProcess]:
    with tus_process(tmp_path_factory.mktemp("table"), TUS_ENGINE=request.param) as process:
        yield process
