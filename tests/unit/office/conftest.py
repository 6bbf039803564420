"""The portal with work before an office."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.office_stand import fill
from tests.portal_stand import Prepared, Stand, prepare


@pytest.fixture(scope="session")
def prepared(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepare(sqlite_template, tmp_path_factory.mktemp("kantor"), fill)


@pytest.fixture
def stand(prepared: Prepared, tmp_path: Path) -> Iterator[Stand]:
    with prepared.opened(tmp_path) as stand:
        yield stand
