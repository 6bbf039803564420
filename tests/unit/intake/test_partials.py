"""Parts of a file: judged by sender, window and quota; their bytes count once, wherever they count."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select

from portal import quota
from portal.models import PartReservation, Reservation
from uploads.errors import CreationRefused
from uploads.policy import DEFERRED_BYTES, CreateRequest
from verification.models import Participation, Window

from .conftest import World, arrival_of, asked

QUOTA = 10_000


@pytest.fixture
def token(world: World) -> str:
    return world.token("koordinator.a")


def a_part(token: str | None, length: int | None = 1000, **metadata: str) -> CreateRequest:
    request = replace(asked(authorization=token), length=length, partial=True)
    return replace(request, metadata=metadata)


def a_final(token: str, *parts: CreateRequest, length: int | None = None) -> CreateRequest:
    known = [part.length for part in parts if part.length is not None]
    total = sum(known) if len(known) == len(parts) and length is None else length
    request = asked(authorization=token)
    return replace(request, length=total, parts=tuple(part.upload_id for part in parts))


def used(world: World) -> int:
    with world.sessions.read() as session:
        mine = Participation.party_id == world.parties["a"]
        return quota.used(session, session.scalars(select(Participation).where(mine)).one())


def refused(policy: Any, request: CreateRequest) -> tuple[int, str]:
    with pytest.raises(CreationRefused) as caught:
        policy.may_create(request)
    return caught.value.answer()[:2]


def test_a_part_needs_a_sender_and_says_nothing_else(world: World, token: str) -> None:
    policy = world.policy()
    grant = policy.may_create(a_part(token))
    assert (grant.claim.requirement, grant.claim.region, grant.claim.purpose) == ("", "", "")
    assert grant.max_size == world.config.max_upload_size
    assert policy.may_create(a_part(world.ticket("koordinator.a"))).owner == grant.owner
    assert refused(policy, a_part(None)) == (401, "login_required")
    assert refused(policy, a_part(world.token("koordinator.a", "read"))) == (403, "scope_missing")
    assert refused(policy, a_part(world.token("pengamat"))) == (403, "wrong_role")
    assert refused(policy, a_part(token, election="tidak-ada")) == (400, "unknown_target")


def test_a_part_needs_an_open_window_and_its_final_upload_may_come_after_the_close(
    world: World, token: str
) -> None:
    policy = world.policy()
    part = a_part(token)
    policy.may_create(part)
    with world.sessions.begin() as session:
        for window in session.scalars(select(Window)):
            window.closes_at, window.grace_seconds = world.now + timedelta(hours=1), 7200
    world.now += timedelta(hours=2)
    assert refused(policy, a_part(token)) == (403, "window_closed")
    assert refused(policy, asked(authorization=token)) == (403, "window_closed")
    policy.may_create(a_final(token, part))
    world.now += timedelta(hours=2)
    assert refused(policy, a_final(token, part)) == (403, "window_closed")


def test_the_bytes_of_parts_count_once(world: World, token: str) -> None:
    policy = world.policy(party_quota=QUOTA)
    parts = [a_part(token, 5_000), a_part(token, 5_000)]
    for part in parts:
        policy.may_create(part)
    assert used(world) == QUOTA
    assert refused(policy, a_part(token, 1)) == (413, "quota_exceeded")
    final = a_final(token, *parts)
    grant = policy.may_create(final)
    assert used(world) == QUOTA
    policy.finished(arrival_of(final, grant))
    assert used(world) == QUOTA
    for part in parts:
        policy.ended(part.upload_id, "expired")
    assert used(world) == QUOTA
    with world.sessions.read() as session:
        assert session.scalars(select(PartReservation)).all() == []
        assert session.scalars(select(Reservation)).all() == []


def test_parts_count_again_when_their_final_upload_comes_to_nothing(
    world: World, token: str
) -> None:
    policy = world.policy(party_quota=QUOTA)
    part = a_part(token, QUOTA)
    policy.may_create(part)
    final = a_final(token, part)
    policy.may_create(final)
    policy.ended(final.upload_id, "not created")
    assert used(world) == QUOTA
    policy.may_create(a_final(token, part))
    policy.ended(part.upload_id, "expired")
    assert used(world) == QUOTA


def test_anothers_parts_do_not_make_room(world: World, token: str) -> None:
    policy = world.policy(party_quota=QUOTA)
    part = a_part(token, QUOTA)
    policy.may_create(part)
    foreign = a_final(world.token("operator.a"), part)
    assert refused(policy, foreign) == (413, "quota_exceeded")
    assert used(world) == QUOTA


def test_a_final_upload_is_judged_like_any_file(world: World, token: str) -> None:
    policy = world.policy()
    part = a_part(token)
    policy.may_create(part)
    final = a_final(token, part)
    wrong = replace(final, metadata={**final.metadata, "requirement": "tidak-ada"})
    assert refused(policy, wrong) == (400, "unknown_requirement")
    bare = replace(final, metadata={})
    assert refused(policy, bare) == (400, "bad_metadata")
    with world.sessions.read() as session:
        assert session.scalars(select(PartReservation.final_id)).all() == [None]


def test_a_length_that_comes_later_gives_the_rest_back(world: World, token: str) -> None:
    policy = world.policy()
    whole, part = replace(asked(authorization=token), length=None), a_part(token, None)
    limit = policy.may_create(whole).max_size
    reserved = min(limit, DEFERRED_BYTES)
    assert used(world) == reserved
    policy.may_create(part)
    assert used(world) == reserved + DEFERRED_BYTES
    policy.declared(whole.upload_id, 700)
    policy.declared(part.upload_id, 300)
    policy.declared(part.upload_id, 300)
    assert used(world) == 1000


def test_a_final_upload_of_unknown_length_reserves_what_its_parts_did(
    world: World, token: str
) -> None:
    policy = world.policy()
    parts = [a_part(token, 500), a_part(token, None)]
    for part in parts:
        policy.may_create(part)
    final = a_final(token, *parts)
    assert final.length is None
    policy.may_create(final)
    assert used(world) == 500 + DEFERRED_BYTES
    policy.declared(final.upload_id, 900)
    assert used(world) == 900


def test_parts_and_files_side_by_side_never_overshoot(world: World, token: str) -> None:
    policy = world.policy(party_quota=QUOTA)
    together = Barrier(8)

    def create(number: int) -> str:
        together.wait()
        request = a_part(token, 1_900) if number % 2 else asked(authorization=token, length=1_900)
        try:
            policy.may_create(request)
        except CreationRefused as error:
            return error.answer()[1]
        return "granted"

    with ThreadPoolExecutor(8) as pool:
        answers = Counter(pool.map(create, range(24)))
    assert answers == {"granted": 5, "quota_exceeded": 19}
    assert used(world) == 5 * 1_900


def test_final_uploads_side_by_side_with_parts_never_overshoot(world: World, token: str) -> None:
    policy = world.policy(party_quota=QUOTA)
    parts = [a_part(token, 1_000) for _ in range(8)]
    for part in parts:
        policy.may_create(part)
    together = Barrier(8)

    def act(number: int) -> str:
        together.wait()
        request = a_part(token, 1_000) if number % 2 else a_final(token, parts[number // 2])
        try:
            policy.may_create(request)
        except CreationRefused as error:
            return error.answer()[1]
        return "part" if request.partial else "final"

    with ThreadPoolExecutor(8) as pool:
        answers = Counter(pool.map(act, range(16)))
    assert answers == {"final": 8, "part": 2, "quota_exceeded": 6}
    assert used(world) == QUOTA
