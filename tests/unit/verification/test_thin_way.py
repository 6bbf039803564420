"""The data's way through the domain in one go: arrival → submission → items → decision → results."""

from __future__ import annotations

from tests.builders import (
    COORDINATOR,
    LEASE,
    SIGNER,
    SUPERVISOR,
    VERIFIER,
    build_arrival,
    build_party,
    end_search,
)
from tests.world import HOUR, NOON, build_world
from verification import decisions, intake, issuing, materialise, publication, queue, reports
from verification import submission as submissions
from verification.db import Sessions
from verification.models import Item
from verification.states import Role


def test_from_arrival_to_results(sessions: Sessions) -> None:
    with sessions.begin() as session:
        world = build_world(session)
        party = build_party(session, world)
        file = intake.receive(session, build_arrival(party, "ad-art", "ID"), NOON)
        assert file is not None
        issuing.issue_file_receipts(session, SIGNER, [file], NOON)
    with sessions.begin() as session:
        draft = submissions.draft(session, party, NOON)
        submission = submissions.submit(
            session, party, digest=draft.digest, actor=COORDINATOR, signer=SIGNER, now=NOON
        )
    with sessions.begin() as session:
        while not materialise.make_items(session, submission, 100, NOON):
            pass
        end_search(session, submission)
    office = world.offices["ID"]
    with sessions.begin() as session:
        item = queue.claim_next(session, office, VERIFIER, Role.VERIFIER, NOON, LEASE)
    with sessions.begin() as session:
        decisions.decide(
            session,
            session.get_one(Item, item.id),
            outcome="BMS",
            reason="tidak-terbaca",
            note="halaman 2 buram",
            actor=VERIFIER,
            role=Role.VERIFIER,
            now=NOON,
            version=item.version,
        )
    with sessions.read() as session:
        assert reports.results_for(session, party) == []
    with sessions.begin() as session:
        publication.publish(
            session, office, world.round, actor=SUPERVISOR, role=Role.SUPERVISOR, now=NOON + HOUR
        )
    with sessions.read() as session:
        (result,) = reports.results_for(session, party)
    assert (result.outcome, result.reason, result.requirement) == ("BMS", "tidak-terbaca", "ad-art")
