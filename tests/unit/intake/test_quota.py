"""A party's quota holds however many creations come at once, and what ends gives its bytes back."""

from __future__ import annotations

import secrets
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import func, select

from portal import quota
from portal.models import Reservation
from uploads.errors import CreationRefused
from verification.models import Participation, ReceivedFile

from .conftest import World, arrival_of, asked

QUOTA = 10_000


def test_parallel_creations_never_overshoot(world: World) -> None:
    policy = world.policy(party_quota=QUOTA)
    token = world.token("koordinator.a")
    together = Barrier(8)

    def create(_: int) -> str:
        together.wait()
        try:
            policy.may_create(asked(authorization=token, length=1_900))
        except CreationRefused as refused:
            return refused.answer()[1]
        return "granted"

    with ThreadPoolExecutor(8) as pool:
        answers = Counter(pool.map(create, range(24)))
    assert answers == {"granted": 5, "quota_exceeded": 19}
    with world.sessions.read() as session:
        assert session.scalar(select(func.sum(Reservation.bytes))) == 5 * 1_900


def test_what_has_arrived_counts_and_a_party_counts_alone(world: World) -> None:
    policy = world.policy(party_quota=QUOTA)
    token = world.token("koordinator.a")
    request = asked(authorization=token, length=8_000)
    policy.finished(arrival_of(request, policy.may_create(request)))
    with pytest.raises(CreationRefused):
        policy.may_create(asked(authorization=token, length=2_001))
    policy.may_create(asked(authorization=token, length=2_000))
    policy.may_create(asked(authorization=world.token("koordinator.b"), length=QUOTA))


def test_an_arrival_turns_reserved_bytes_into_stored_ones(world: World) -> None:
    policy = world.policy()
    request = asked(authorization=world.token("koordinator.a"), length=8_000)
    grant = policy.may_create(request)
    assert _used(world) == 8_000
    policy.finished(arrival_of(request, grant))
    assert _used(world) == 8_000
    with world.sessions.read() as session:
        assert session.scalar(select(func.count(Reservation.id))) == 0


@pytest.mark.parametrize("why", ["terminated", "expired", "not created"])
def test_an_upload_that_ends_gives_its_bytes_back(world: World, why: str) -> None:
    policy = world.policy(party_quota=QUOTA)
    token = world.token("koordinator.a")
    request = asked(authorization=token, length=QUOTA)
    policy.may_create(request)
    policy.ended(request.upload_id, why)
    policy.ended(request.upload_id, why)
    policy.may_create(asked(authorization=token, length=QUOTA))


def test_an_ending_nobody_reserved_for_changes_nothing(world: World) -> None:
    world.policy().ended(secrets.token_hex(16), "expired")
    with world.sessions.read() as session:
        assert session.scalar(select(func.count(ReceivedFile.id))) == 0


def _used(world: World) -> int:
    with world.sessions.read() as session:
        mine = Participation.party_id == world.parties["a"]
        return quota.used(session, session.scalars(select(Participation).where(mine)).one())
