"""Arrivals become rows: what may come in, what is recorded, and what a second telling changes."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.builders import COORDINATOR, build_arrival
from tests.unit.verification.desk import again, check_may_come
from tests.world import HOUR, NOON, World, build_window
from verification import files, intake, journal, reference
from verification.db import Sessions
from verification.errors import NotFound, UnknownRequirement, WindowClosed
from verification.models import Job, Participation
from verification.states import FileState


@pytest.mark.parametrize(
    ("code", "region", "purpose"),
    [
        ("ad-art", "ID", "document"),
        ("sk-provinsi", "32", "document"),
        ("sk-kecamatan", "32.73.01", "document"),
        ("anggota", "32.73", "roster"),
        ("anggota", "32", "roster"),
        ("anggota", "ID", "roster"),
        ("kartu-anggota", "32.73", "scans"),
    ],
)
def test_what_fits_may_come(
    sessions: Sessions, party: Participation, code: str, region: str, purpose: str
) -> None:
    with sessions.read() as session:
        check_may_come(session, party, code, region, purpose)


@pytest.mark.parametrize(
    ("code", "region", "purpose"),
    [
        ("ad-art", "32", "document"),
        ("sk-provinsi", "ID", "document"),
        ("ad-art", "ID", "roster"),
        ("anggota", "32.73.01", "roster"),
        ("anggota", "32.73", "scans"),
        ("kartu-anggota", "32.73", "document"),
    ],
)
def test_what_does_not_fit_is_refused(
    sessions: Sessions, party: Participation, code: str, region: str, purpose: str
) -> None:
    with sessions.read() as session, pytest.raises(UnknownRequirement):
        check_may_come(session, party, code, region, purpose)


def test_unknown_codes_are_refused(sessions: Sessions, party: Participation) -> None:
    with sessions.read() as session:
        with pytest.raises(UnknownRequirement):
            check_may_come(session, party, "tidak-ada", "ID", "document")
        with pytest.raises(NotFound):
            check_may_come(session, party, "ad-art", "99", "document")


def test_nothing_comes_in_after_the_close(
    sessions: Sessions, world: World, party: Participation
) -> None:
    with sessions.begin() as session:
        build_window(
            session, world.stages[0], opens=NOON - 2 * HOUR, closes=NOON, version=2,
            participation=party,
        )  # fmt: skip
    with sessions.read() as session, pytest.raises(WindowClosed):
        check_may_come(session, party, "ad-art", "ID", "document")


def test_an_arrival_becomes_a_row_a_receipt_job_and_a_check_job(
    sessions: Sessions, party: Participation
) -> None:
    arrival = build_arrival(party, "ad-art", "ID", content=b"isi", batch="b1", sha256="AB" * 32)
    with sessions.begin() as session:
        file = intake.receive(session, arrival, NOON)
    assert file is not None
    assert (file.public_id, file.state) == (arrival.upload_id, FileState.RECEIVED)
    assert file.sha256 == hashlib.sha256(b"isi").hexdigest()
    assert (file.declared_sha256, file.batch) == ("ab" * 32, "b1")
    assert file.uploaded_by == COORDINATOR
    with sessions.read() as session:
        kinds = list(session.scalars(select(Job.kind).order_by(Job.id)))
        (entry,) = journal.entries(session, again(session, party).chain)
    assert kinds == ["issue-receipt", "check-document"]
    facts = journal.facts_of(entry)
    assert (facts["sha256"], facts["late"]) == (file.sha256, False)
    assert "filename" not in entry.facts


@pytest.mark.parametrize(
    ("purpose", "code", "job"),
    [("roster", "anggota", "import-roster"), ("scans", "kartu-anggota", "check-scans")],
)
def test_each_purpose_has_its_check(
    sessions: Sessions, party: Participation, purpose: str, code: str, job: str
) -> None:
    with sessions.begin() as session:
        intake.receive(session, build_arrival(party, code, "32.73", purpose=purpose), NOON)
    with sessions.read() as session:
        assert list(session.scalars(select(Job.kind).order_by(Job.id)))[1] == job


def test_told_twice_it_is_one_row(sessions: Sessions, party: Participation) -> None:
    arrival = build_arrival(party, "ad-art", "ID")
    rows = []
    for _ in range(2):
        with sessions.begin() as session:
            rows.append(intake.receive(session, arrival, NOON))
    assert rows[0] is not None
    assert rows[1] is not None
    assert rows[0].id == rows[1].id


def test_an_erased_upload_does_not_come_back(sessions: Sessions, party: Participation) -> None:
    arrival = build_arrival(party, "ad-art", "ID")
    with sessions.begin() as session:
        file = intake.receive(session, arrival, NOON)
        assert file is not None
        files.erase(session, file, actor=COORDINATOR, reason="salah unggah", now=NOON)
    with sessions.begin() as session:
        assert intake.receive(session, arrival, NOON) is None


def test_begun_before_the_close_and_ended_in_the_grace_is_in_time(
    sessions: Sessions, world: World, party: Participation
) -> None:
    closed = NOON - timedelta(minutes=2)
    with sessions.begin() as session:
        build_window(
            session, world.stages[0], opens=NOON - 2 * HOUR, closes=closed, grace=600, version=2
        )
        in_time = build_arrival(party, "ad-art", "ID", now=NOON)
        too_late = build_arrival(party, "ad-art", "ID", now=NOON + HOUR)
        for arrival in (in_time, too_late):
            assert intake.receive(session, arrival, arrival.finished_at) is not None
    with sessions.read() as session:
        entries = journal.entries(session, again(session, party).chain)
    assert [journal.facts_of(entry)["late"] for entry in entries] == [True, False]


def test_a_requirement_retired_meanwhile_still_takes_what_was_granted(
    sessions: Sessions, party: Participation
) -> None:
    with sessions.begin() as session:
        reference.requirement_by_code(session, party.election, "ad-art").retired = True
    with sessions.begin() as session:
        assert intake.receive(session, build_arrival(party, "ad-art", "ID"), NOON) is not None
