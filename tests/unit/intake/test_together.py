"""Creations and arrivals that come together: one transaction, an answer for each, the journal whole."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from sqlalchemy import func, select

from portal.models import Reservation
from uploads.errors import CreationRefused
from uploads.policy import CreateRequest, Grant
from verification.chain import Entry, entry_hash
from verification.errors import NotFound
from verification.journal import facts_of
from verification.models import Chain, JournalEntry, ReceivedFile

from .conftest import NOW, World, arrival_of, asked

REGIONS = ("32.73", "81.71")


def together(world: World, requests: list[CreateRequest]) -> list[Grant | Exception]:
    """What one batch answers."""
    return world.policy(party_quota=10_000).policy.may_create(requests)


def codes(answers: list[Grant | Exception]) -> list[str]:
    return [
        each.answer()[1] if isinstance(each, CreationRefused) else "granted" for each in answers
    ]


def test_each_gets_its_own_answer(world: World) -> None:
    first, second = world.token("koordinator.a"), world.token("koordinator.b")
    operator, watching = world.ticket("operator.a"), world.token("pengamat")
    answers = together(
        world,
        [
            asked(authorization=first, length=6_000),
            asked(authorization=None),
            asked(authorization=operator, region="81.71"),
            asked(authorization=operator, length=4_000),
            asked(authorization=first, length=1),
            asked(authorization=watching),
            asked(authorization=second, length=10_000, region="81.71"),
            asked(authorization=second, election="lain"),
            asked(authorization=second, requirement="tidak-ada"),
        ],
    )
    assert codes(answers) == [
        "granted", "login_required", "out_of_scope", "granted", "quota_exceeded",
        "wrong_role", "granted", "unknown_target", "unknown_requirement",
    ]  # fmt: skip
    with world.sessions.read() as session:
        assert session.scalar(select(func.count(Reservation.id))) == 3


def test_a_batch_of_refusals_leaves_nothing(world: World) -> None:
    assert codes(together(world, [asked(), asked()])) == ["login_required"] * 2
    with world.sessions.read() as session:
        assert session.scalar(select(func.count(JournalEntry.id))) == 0


def test_the_chains_hold_after_many_at_once(world: World) -> None:
    policy = world.policy()
    tokens = [world.token("koordinator.a"), world.token("koordinator.b")]

    def whole(number: int) -> None:
        request = asked(authorization=tokens[number % 2], region=REGIONS[number // 2 % 2])
        policy.finished(arrival_of(request, policy.may_create(request)))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(whole, range(48)))
    with world.sessions.read() as session:
        chains = session.scalars(select(Chain).where(Chain.head_number > 0)).all()
        assert [chain.head_number for chain in chains] == [48, 48]
        for chain in chains:
            rows = session.scalars(
                select(JournalEntry)
                .where(JournalEntry.chain_id == chain.id)
                .order_by(JournalEntry.number)
            ).all()
            assert all(later.previous == earlier.hash for earlier, later in pairwise(rows))
            assert rows[-1].hash == chain.head_hash
            for row in rows:
                entry = Entry(
                    chain=chain.public_id, number=row.number, at=row.at, actor=row.actor,
                    kind=row.kind, facts=facts_of(row), text_digest=None,
                )  # fmt: skip
                assert entry_hash(row.previous, entry) == row.hash
        assert session.scalar(select(func.count(ReceivedFile.id))) == 48
        assert session.scalar(select(func.count(Reservation.id))) == 0


def test_an_arrival_nobody_can_place_does_not_stop_the_others(world: World) -> None:
    policy = world.policy()
    token = world.token("koordinator.a")
    good, bad = asked(authorization=token), asked(authorization=token)
    grant = policy.may_create(good)
    lost = policy.may_create(bad)
    arrivals = [
        arrival_of(good, grant),
        arrival_of(bad, Grant(
            owner=lost.owner, max_size=lost.max_size, expires_at=lost.expires_at,
            claim=type(lost.claim)(
                election=lost.claim.election, party="0" * 32, requirement=lost.claim.requirement,
                region=lost.claim.region, purpose=lost.claim.purpose, account=lost.claim.account,
            ),
        )),
    ]  # fmt: skip
    answers = policy.policy.finished([*arrivals, arrivals[0]])
    assert [type(each) for each in answers] == [type(None), NotFound, type(None)]
    with world.sessions.read() as session:
        assert session.scalars(select(ReceivedFile.public_id)).all() == [good.upload_id]
        held = session.scalars(select(Reservation.upload_id)).all()
    assert held == [bad.upload_id]
    with pytest.raises(NotFound):
        policy.finished(arrivals[1])
    assert world.now == NOW
