"""The queue: order, leases, and every way in which an item leaves a verifier's hands."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.builders import LEASE, SECOND, SUPERVISOR, VERIFIER
from tests.unit.verification.desk import again, build_desk, judge, take
from tests.world import HOUR, NOON
from verification import journal, leases, queue
from verification.db import Sessions
from verification.errors import LeaseLost, NotAllowed, NothingToClaim, Stale
from verification.models import AccessEntry, Item
from verification.states import ItemState, Role

MINUTE = timedelta(minutes=1)


def test_items_come_in_the_order_in_which_they_were_made(sessions: Sessions) -> None:
    desk = build_desk(sessions, 3)
    taken = []
    for actor in (VERIFIER, SECOND, SUPERVISOR):
        with sessions.begin() as session:
            taken.append(take(session, desk.office, actor).id)
    assert taken == [item.id for item in desk.items]


def test_who_holds_an_item_gets_it_again(sessions: Sessions) -> None:
    desk = build_desk(sessions)
    with sessions.begin() as session:
        first = take(session, desk.office)
    with sessions.begin() as session:
        assert take(session, desk.office).id == first.id


def test_an_empty_queue_says_so(sessions: Sessions) -> None:
    desk = build_desk(sessions, 1)
    with sessions.begin() as session:
        take(session, desk.office)
    with sessions.begin() as session, pytest.raises(NothingToClaim):
        take(session, desk.office, SECOND)


def test_another_office_queue_is_not_touched(sessions: Sessions) -> None:
    desk = build_desk(sessions)
    with sessions.begin() as session, pytest.raises(NothingToClaim):
        take(session, desk.world.offices["32.78"])


def test_an_observer_cannot_claim(sessions: Sessions) -> None:
    desk = build_desk(sessions)
    with sessions.begin() as session, pytest.raises(NotAllowed):
        queue.claim_next(session, desk.office, VERIFIER, Role.OBSERVER, NOON, LEASE)


def test_claiming_is_written_to_the_access_log(sessions: Sessions) -> None:
    desk = build_desk(sessions)
    with sessions.begin() as session:
        item = take(session, desk.office)
    with sessions.read() as session:
        (entry,) = session.scalars(select(AccessEntry))
    assert (entry.actor, entry.object_id) == (VERIFIER, item.public_id)


def test_release_keeps_the_place_and_skip_gives_it_up(sessions: Sessions) -> None:
    desk = build_desk(sessions, 3)
    first, second, third = (item.id for item in desk.items)
    with sessions.begin() as session:
        item = take(session, desk.office)
        queue.release(session, item, actor=VERIFIER, role=Role.VERIFIER, now=NOON)
    with sessions.begin() as session:
        item = take(session, desk.office)
        assert item.id == first
        queue.skip(session, item, actor=VERIFIER, role=Role.VERIFIER, now=NOON + MINUTE)
    order = []
    for actor in (VERIFIER, SECOND, SUPERVISOR):
        with sessions.begin() as session:
            order.append(take(session, desk.office, actor).id)
    assert order == [second, third, first]


def test_a_flagged_item_waits_for_the_supervisor(sessions: Sessions) -> None:
    desk = build_desk(sessions, 1)
    with sessions.begin() as session:
        item = take(session, desk.office)
        queue.flag(
            session, item, actor=VERIFIER, role=Role.VERIFIER, now=NOON, note="KTP dari partai lain"
        )
    with sessions.begin() as session:
        item = again(session, desk.items[0])
        with pytest.raises(NotAllowed):
            queue.claim_item(session, item, VERIFIER, Role.VERIFIER, NOON, LEASE)
    with sessions.begin() as session:
        item = again(session, desk.items[0])
        queue.claim_item(session, item, SUPERVISOR, Role.SUPERVISOR, NOON, LEASE)
        assert (item.state, item.holder) == (ItemState.CLAIMED, SUPERVISOR)


def test_a_flagged_item_can_be_put_back(sessions: Sessions) -> None:
    desk = build_desk(sessions, 1)
    with sessions.begin() as session:
        item = take(session, desk.office)
        queue.flag(session, item, actor=VERIFIER, role=Role.VERIFIER, now=NOON, note="lihat")
    with sessions.begin() as session:
        item = again(session, desk.items[0])
        queue.return_to_queue(session, item, actor=SUPERVISOR, role=Role.SUPERVISOR, now=NOON)
        assert (item.state, item.holder) == (ItemState.QUEUED, None)


def test_a_supervisor_takes_an_item_away(sessions: Sessions) -> None:
    desk = build_desk(sessions, 1)
    with sessions.begin() as session:
        take(session, desk.office)
    with sessions.begin() as session:
        item = again(session, desk.items[0])
        queue.revoke(session, item, actor=SUPERVISOR, role=Role.SUPERVISOR, now=NOON)
    with sessions.begin() as session, pytest.raises(NotAllowed):
        judge(session, desk.items[0])


@pytest.mark.parametrize("holder", [None, VERIFIER])
def test_a_supervisor_gives_an_item_to_a_verifier(sessions: Sessions, holder: str | None) -> None:
    desk = build_desk(sessions, 1)
    if holder is not None:
        with sessions.begin() as session:
            take(session, desk.office, holder)
    later = NOON + 10 * MINUTE
    with sessions.begin() as session:
        queue.reassign(
            session, again(session, desk.items[0]), to_actor=SECOND,
            actor=SUPERVISOR, role=Role.SUPERVISOR, now=later, seconds=LEASE,
        )  # fmt: skip
    with sessions.read() as session:
        item = again(session, desk.items[0])
        assert (item.holder, item.lease_until) == (SECOND, later + timedelta(seconds=LEASE))
        (entry,) = journal.entries(session, item.office.chain, kinds=["item.assigned"])
        facts = {"item": item.public_id, "holder": holder, "to": SECOND}
        assert (entry.actor, journal.facts_of(entry)) == (SUPERVISOR, facts)
        seen = session.scalars(select(AccessEntry).order_by(AccessEntry.id.desc())).all()[0]
        assert (seen.actor, seen.action) == (SECOND, "item.claim")
    with sessions.begin() as session:
        assert judge(session, desk.items[0], actor=SECOND, now=later).outcome == "MS"


def test_signing_out_gives_everything_back(sessions: Sessions) -> None:
    desk = build_desk(sessions, 2)
    with sessions.begin() as session:
        take(session, desk.office)
    with sessions.begin() as session:
        queue.claim_item(
            session, again(session, desk.items[1]), VERIFIER, Role.VERIFIER, NOON, LEASE
        )
    with sessions.begin() as session:
        assert queue.release_all(session, VERIFIER, NOON) == 2
        assert queue.release_all(session, VERIFIER, NOON) == 0
    with sessions.read() as session:
        assert set(session.scalars(select(Item.state))) == {ItemState.QUEUED}


def test_an_expired_lease_goes_back_and_its_holder_is_told(sessions: Sessions) -> None:
    desk = build_desk(sessions, 1)
    late = NOON + timedelta(seconds=LEASE)
    with sessions.begin() as session:
        take(session, desk.office)
    with sessions.begin() as session, pytest.raises(LeaseLost):
        judge(session, desk.items[0], now=late)
    with sessions.begin() as session:
        assert queue.expire(session, late - MINUTE) == 0
        assert queue.expire(session, late) == 1
    with sessions.begin() as session:
        assert take(session, desk.office, SECOND, late).id == desk.items[0].id
    with sessions.begin() as session, pytest.raises(LeaseLost):
        queue.heartbeat(session, again(session, desk.items[0]), VERIFIER, late, LEASE)


def test_a_heartbeat_holds_on_and_leaves_the_version_alone(sessions: Sessions) -> None:
    desk = build_desk(sessions, 1)
    with sessions.begin() as session:
        version = take(session, desk.office).version
    with sessions.begin() as session:
        item = queue.heartbeat(
            session, again(session, desk.items[0]), VERIFIER, NOON + MINUTE, LEASE
        )
        assert leases.seconds_left(item.lease_until, NOON + MINUTE) == LEASE
        assert item.version == version
    with sessions.begin() as session:
        judge(session, desk.items[0], now=NOON + timedelta(seconds=LEASE), version=version)


def test_a_clock_set_back_leaves_no_lease_for_ever(sessions: Sessions) -> None:
    desk = build_desk(sessions, 1)
    with sessions.begin() as session:
        take(session, desk.office, now=NOON + 365 * 24 * HOUR)
    with sessions.begin() as session:
        item = again(session, desk.items[0])
        assert leases.seconds_left(item.lease_until, NOON) == 0
        assert queue.expire(session, NOON) == 1


def test_a_clock_set_forward_never_shows_negative_seconds() -> None:
    assert leases.seconds_left(NOON, NOON + HOUR) == 0
    assert leases.seconds_left(None, NOON) == 0


def test_an_old_page_is_told_that_it_is_old(sessions: Sessions) -> None:
    desk = build_desk(sessions, 1)
    with sessions.begin() as session:
        version = take(session, desk.office).version
    with sessions.begin() as session:
        item = again(session, desk.items[0])
        queue.release(session, item, actor=VERIFIER, role=Role.VERIFIER, now=NOON, version=version)
    with sessions.begin() as session:
        take(session, desk.office)
    with sessions.begin() as session:
        item = again(session, desk.items[0])
        with pytest.raises(Stale):
            queue.release(
                session, item, actor=VERIFIER, role=Role.VERIFIER, now=NOON, version=version
            )


def test_a_queued_item_knows_its_place(sessions: Sessions) -> None:
    desk = build_desk(sessions, 3)
    with sessions.begin() as session:
        take(session, desk.office)
    with sessions.read() as session:
        places = [queue.position(session, again(session, item)) for item in desk.items]
    assert places == [0, 1, 2]


def test_every_move_stands_in_the_office_chain(sessions: Sessions) -> None:
    desk = build_desk(sessions, 1)
    with sessions.begin() as session:
        item = take(session, desk.office)
        queue.skip(session, item, actor=VERIFIER, role=Role.VERIFIER, now=NOON)
    with sessions.begin() as session:
        item = take(session, desk.office)
        queue.flag(session, item, actor=VERIFIER, role=Role.VERIFIER, now=NOON, note="buram")
        queue.return_to_queue(session, item, actor=SUPERVISOR, role=Role.SUPERVISOR, now=NOON)
    with sessions.read() as session:
        entries = journal.entries(session, again(session, desk.office).chain)
    assert [entry.kind for entry in entries] == ["item.returned", "item.flagged", "item.skipped"]
    assert entries[1].note == "buram"


def test_the_head_of_the_page_counts(sessions: Sessions) -> None:
    desk = build_desk(sessions, 4)
    for _ in range(2):
        with sessions.begin() as session:
            judge(session, take(session, desk.office))
    with sessions.begin() as session:
        take(session, desk.office)
    with sessions.read() as session:
        head = queue.overview(session, again(session, desk.office), VERIFIER, NOON + HOUR)
    assert (head.counts.waiting, head.counts.claimed, head.counts.decided) == (1, 1, 2)
    assert (head.today_by_actor, head.per_hour) == (2, 2.0)
    assert head.finish_at == NOON + 2 * HOUR
    assert head.oldest_at == NOON
