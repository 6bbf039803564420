"""The small uploads of a diagnosis: bounded, outside of quota, windows and records."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from portal.diagnosis.permission import ACCOUNT, LARGEST, LIFETIME
from portal.models import Reservation
from uploads.errors import CreationRefused
from uploads.policy import CreateRequest
from verification.models import JournalEntry, Window

from .conftest import NOW, World, asked


def trial(length: int | None = LARGEST, *, partial: bool = True, **given: str) -> CreateRequest:
    request = replace(asked(**given), length=length, partial=partial)
    return replace(request, metadata={"purpose": "diagnosis"})


def test_it_is_granted_for_minutes_and_leaves_nothing(world: World) -> None:
    grant = world.policy(party_quota=0).may_create(trial(authorization=world.token("operator.a")))
    assert (grant.max_size, grant.expires_at) == (LARGEST, NOW + LIFETIME)
    assert (grant.claim.purpose, grant.claim.requirement) == ("diagnosis", "")
    with world.sessions.read() as session:
        assert session.scalar(select(func.count(Reservation.id))) == 0
        assert session.scalar(select(func.count(JournalEntry.id))) == 0


def test_a_closed_window_does_not_stop_it(world: World) -> None:
    with world.sessions.begin() as session:
        session.execute(update(Window).values(closes_at=NOW - timedelta(days=1)))
    world.policy().may_create(trial(authorization=world.token("koordinator.a")))


@pytest.mark.parametrize(
    ("length", "partial"), [(LARGEST + 1, True), (None, True), (LARGEST, False)]
)
def test_it_is_small_and_never_a_whole_file(
    world: World, length: int | None, *, partial: bool
) -> None:
    request = trial(length, partial=partial, authorization=world.token("koordinator.a"))
    with pytest.raises(CreationRefused) as refused:
        world.policy().may_create(request)
    assert refused.value.answer()[0] == 400


@pytest.mark.parametrize(("login", "status"), [(None, 401), ("pengamat", 403)])
def test_only_who_may_upload_may_try(world: World, login: str | None, status: int) -> None:
    given = {"authorization": world.token(login)} if login else {}
    with pytest.raises(CreationRefused) as refused:
        world.policy().may_create(trial(**given))
    assert refused.value.answer()[0] == status


def test_an_account_has_a_few_of_them_and_then_one_now_and_then(world: World) -> None:
    policy, token = world.policy(), world.token("koordinator.a")
    for _ in range(int(ACCOUNT.size)):
        policy.may_create(trial(authorization=token))
    with pytest.raises(CreationRefused) as refused:
        policy.may_create(trial(authorization=token))
    assert refused.value.answer()[:2] == (503, "too_many_diagnoses")
    assert 0 < int(refused.value.headers()["Retry-After"]) <= ACCOUNT.seconds_each
    policy.may_create(trial(authorization=world.token("koordinator.b")))
    world.now += timedelta(seconds=ACCOUNT.seconds_each)
    policy.may_create(trial(authorization=token))
