"""Arrivals are the truth: rows follow from them once, whoever reports them and however late."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal.reconcile import Reconciled
from uploads.shelf import Shelf
from verification.files import erase
from verification.models import Job, JournalEntry, ReceivedFile, Tombstone

from .conftest import NOW, Desk, asked


def test_finished_twice_is_one_row_one_receipt_one_line(desk: Desk) -> None:
    arrival = desk.arrive()
    desk.policy.finished(arrival)
    desk.policy.finished(arrival)
    with desk.world.sessions.read() as session:
        assert session.scalar(select(func.count(ReceivedFile.id))) == 1
        kinds = session.scalars(select(Job.kind).where(Job.about == arrival.upload_id)).all()
        assert sorted(kinds) == ["check-document", "issue-receipt"]
        received = select(func.count()).where(JournalEntry.kind == "file.received")
        assert session.scalar(received) == 1


def test_finished_from_several_threads_at_once_is_one_row(desk: Desk) -> None:
    arrival = desk.arrive()
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: desk.policy.finished(arrival), range(12)))
    assert (desk.files(), desk.reservations()) == (1, 0)


def test_a_lost_callback_is_made_good(desk: Desk) -> None:
    desk.arrive()
    desk.arrive()
    assert desk.reconciler.run() == Reconciled(seen=2, recorded=2)
    assert (desk.files(), desk.reservations()) == (2, 0)
    assert desk.reconciler.run(whole=True) == Reconciled(seen=2)


def test_what_was_erased_does_not_come_back(desk: Desk) -> None:
    arrival = desk.arrive()
    with desk.world.sessions.begin() as session:
        session.add(
            Tombstone(public_id=arrival.upload_id, erased_at=NOW, actor="system", reason="uji")
        )
    assert desk.reconciler.run().recorded == 0
    assert desk.files() == 0


def test_a_small_pass_looks_only_where_something_changed(desk: Desk) -> None:
    desk.arrive("aa" + "0" * 30)
    desk.settle()
    desk.reconciler.run()
    desk.arrive("bb" + "0" * 30)
    assert desk.reconciler.run() == Reconciled(seen=1, recorded=1)


def test_a_shard_that_changed_this_instant_is_looked_at_again(desk: Desk) -> None:
    desk.arrive("aa" + "0" * 30)
    desk.stir()
    desk.reconciler.run()
    assert desk.reconciler.run() == Reconciled(seen=1)


def test_one_damaged_arrival_does_not_hide_the_others(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    damaged, good = "aa" + "0" * 30, "aa" + "1" * 30
    desk.arrive(damaged)
    desk.arrive(good)
    path = desk.arrivals.path(damaged)
    path.write_text('{"metadata": {"filename": "Rahasia.pdf"')
    assert desk.reconciler.run() == Reconciled(seen=2, recorded=1, failed=1)
    assert "Rahasia" not in caplog.text
    desk.settle()
    assert desk.reconciler.run().failed == 1


def test_a_reservation_without_an_upload_is_given_back_after_a_while(desk: Desk) -> None:
    desk.policy.may_create(asked(authorization=desk.token))
    desk.world.now = NOW + timedelta(minutes=9)
    assert desk.reconciler.run().released == 0
    desk.world.now = NOW + timedelta(minutes=11)
    assert desk.reconciler.run().released == 1
    assert desk.reservations() == 0


def test_packed_documents_are_recorded_once_as_files_are(desk: Desk) -> None:
    desk.arrive_packed()
    desk.arrive("aa" + "0" * 30)
    desk.arrive_packed()
    assert desk.reconciler.run() == Reconciled(seen=3, recorded=3)
    desk.settle()
    desk.reconciler.run()
    assert desk.reconciler.run() == Reconciled()
    desk.arrive_packed()
    assert desk.reconciler.run() == Reconciled(seen=1, recorded=1)
    assert desk.reconciler.run(whole=True).seen == 4
    assert desk.files() == 4


def test_a_packed_document_that_is_erased_does_not_come_back(desk: Desk) -> None:
    arrival = desk.arrive_packed()
    desk.policy.finished(arrival)
    with desk.world.sessions.begin() as session:
        file = session.scalars(select(ReceivedFile)).one()
        erase(session, file, actor="account:x", reason="permintaan", now=NOW)
    assert Shelf(desk.root).erase(arrival.upload_id)
    assert desk.reconciler.run(whole=True) == Reconciled()
    assert Shelf(desk.root).arrival(arrival.upload_id) is None


def test_an_upload_still_on_its_way_keeps_its_reservation(desk: Desk) -> None:
    request = asked(authorization=desk.token)
    desk.policy.may_create(request)
    data = desk.arrivals.data_path(request.upload_id)
    data.parent.mkdir(parents=True)
    data.with_name(f"{data.name}.info").write_text("{}")
    desk.world.now = NOW + timedelta(days=3)
    assert desk.reconciler.run().released == 0
    assert desk.reservations() == 1
