"""Packs keep the promises of a store of finished documents; a store with packs those of every other."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.store_contract import (
    DeclaringContract,
    FinishedContract,
    JoiningContract,
    RemovalContract,
    StagingContract,
    StoreContract,
)
from uploads.packing import PackingStore
from uploads.packs import PackStore
from uploads.space import Space


@pytest.fixture(params=["disk", "memory"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A file system with O_DIRECT, and one of another kind."""
    if request.param == "disk":
        yield tmp_path
    else:
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            yield Path(folder)


class TestPackStore(FinishedContract):
    @pytest.fixture
    def store(self, root: Path) -> Iterator[PackStore]:
        store = PackStore(root, segment_bytes=1 << 20)
        yield store
        store.close()


class TestPackStoreWithoutReservation(FinishedContract):
    @pytest.fixture
    def store(self, root: Path) -> Iterator[PackStore]:
        store = PackStore(root, Space(root, preallocate=False), segment_bytes=1 << 20)
        yield store
        store.close()


class TestPackingStore(
    StoreContract, RemovalContract, StagingContract, DeclaringContract, JoiningContract
):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[PackingStore]:
        store = PackingStore(tmp_path)
        yield store
        store.close()
