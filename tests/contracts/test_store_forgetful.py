"""The store of the tests keeps the same promises, or what is shown with it would show nothing."""

from pathlib import Path

import pytest

from tests.contracts.store_contract import (
    DeclaringContract,
    JoiningContract,
    RemovalContract,
    StagingContract,
    StoreContract,
)
from tests.unit.uploads.forgetful import ForgetfulStore


class TestForgetfulStore(
    StoreContract, RemovalContract, StagingContract, DeclaringContract, JoiningContract
):
    @pytest.fixture
    def store(self, tmp_path: Path) -> ForgetfulStore:
        return ForgetfulStore(tmp_path)
