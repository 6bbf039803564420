"""A database that is away is nobody's fault: everybody is told to come again, nothing is decided."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.config import Config
from portal.intake import PortalPolicy
from tests.unit.uploads.builders import CLAIM
from uploads.errors import CreationRefused, PolicyUnavailable
from uploads.policy import Grant
from verification.db import Sessions, make_engine

from .conftest import NOW, arrival_of, asked

NOWHERE = "postgresql+psycopg://sipol@127.0.0.1:1/sipol"


@pytest.fixture
def policy(tmp_path: Path) -> Iterator[PortalPolicy]:
    engine = make_engine(NOWHERE)
    yield PortalPolicy(Sessions(engine), Config(home=tmp_path, database_url=NOWHERE))
    engine.dispose()


def test_creations_are_put_off(policy: PortalPolicy) -> None:
    with pytest.raises(PolicyUnavailable):
        policy.may_create([asked(), asked()])


def test_what_is_wrong_without_a_database_is_refused_without_one(policy: PortalPolicy) -> None:
    [answer] = policy.may_create([asked(requirement="")])
    assert isinstance(answer, CreationRefused)


def test_arrivals_are_told_again_later(policy: PortalPolicy) -> None:
    grant = Grant(owner="account:" + "b" * 32, claim=CLAIM, max_size=1000, expires_at=NOW)
    with pytest.raises(PolicyUnavailable):
        policy.finished([arrival_of(asked(), grant)])
