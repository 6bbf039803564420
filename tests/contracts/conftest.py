"""What contract tests share: one upload process for every table of requirements."""

from collections.abc import Iterator

import pytest

from tests.contracts.tus_process import TusProcess, tus_process


@pytest.fixture(scope="session")
def tus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TusProcess]:
    with tus_process(tmp_path_factory.mktemp("table")) as process:
        yield process
