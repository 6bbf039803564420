"""One upload server for the module, a fresh front for each test, a home of its own for the client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tus_stand import TOKEN, Stand, TusProcess


@pytest.fixture(scope="session")
def tus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TusProcess]:
    process = TusProcess(tmp_path_factory.mktemp("tus"))
    process.start()
    yield process
    process.stop()


@pytest.fixture
def stand(tus: TusProcess) -> Iterator[Stand]:
    with Stand(tus) as stand:
        yield stand


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stand: Stand) -> Path:
    """Where the client keeps its state; waits are shortened, their order is not."""
    state = tmp_path / "state"
    monkeypatch.setenv("SIPOL_STATE", str(state))
    monkeypatch.setenv("SIPOL_TOKEN", TOKEN)
    monkeypatch.setenv("SIPOL_SERVER", stand.url)
    monkeypatch.setattr("portal.cli.client.patience.SHORTEST", 0.01)
    monkeypatch.setattr("portal.cli.client.patience.LONGEST", 0.05)
    monkeypatch.setattr("portal.cli.client.run.FIRST_POLL", 0.02)
    return state
