"""A party's quota holds however many creations come at once, and what ends gives its bytes back."""

from __future__ import annotations

import re
import secrets
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import Engine, event, func, select

from portal import quota
from portal.models import Reservation
from uploads.errors import CreationRefused
from verification.models import Participation, ReceivedFile, Storage

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


def test_the_kept_sum_is_that_of_the_files_however_many_arrive_at_once(world: World) -> None:
    policy = world.policy().policy
    tokens = [world.token("koordinator.a"), world.token("koordinator.b")]

    def whole(number: int) -> None:
        requests = [
            asked(authorization=tokens[(number + each) % 2], length=1_000 + number + each)
            for each in range(3)
        ]
        granted = policy.may_create(requests)
        arrivals = [arrival_of(*pair) for pair in zip(requests, granted, strict=True)]
        assert policy.finished(arrivals) == [None] * 3
        assert policy.finished(arrivals[:1]) == [None]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(whole, range(24)))
    sums = select(ReceivedFile.participation_id, func.sum(ReceivedFile.size))
    with world.sessions.read() as session:
        kept = session.execute(select(Storage.participation_id, Storage.bytes)).all()
        assert len(kept) == 2
        assert dict(kept) == dict(
            session.execute(sums.group_by(ReceivedFile.participation_id)).all()
        )


def test_a_creation_reads_none_of_the_files_there_are(world: World, engine: Engine) -> None:
    policy, token = world.policy(), world.token("koordinator.a")
    request = asked(authorization=token)
    policy.finished(arrival_of(request, policy.may_create(request)))
    asks: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: asks.append(given[2]))
    policy.may_create(asked(authorization=token))
    assert asks
    assert [sql for sql in asks if "file" in words(sql)] == []


def words(statement: str) -> set[str]:
    """The names in a statement, those of tables among them."""
    return set(re.findall(r"[a-z_]+", statement.lower()))


def test_an_ending_nobody_reserved_for_changes_nothing(world: World) -> None:
    world.policy().ended(secrets.token_hex(16), "expired")
    with world.sessions.read() as session:
        assert session.scalar(select(func.count(ReceivedFile.id))) == 0


def _used(world: World) -> int:
    with world.sessions.read() as session:
        mine = Participation.party_id == world.parties["a"]
        return quota.used(session, session.scalars(select(Participation).where(mine)).one())
