"""Submitting: the digest, the lock, the reply that was lost, and what goes in."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.builders import (
    COORDINATOR,
    SIGNER,
    build_file,
    build_roster,
    build_submission,
)
from tests.world import HOUR, NOON, World, build_window
from verification import files, issuing, journal, materialise
from verification import submission as submissions
from verification.db import Sessions
from verification.entries import EntryKind, Why
from verification.errors import (
    DossierChanged,
    DossierLocked,
    NothingToSubmit,
    WindowClosed,
)
from verification.jobs import NotYet
from verification.models import Item, Job, Participation, Receipt, Subject, Submission
from verification.receipts import Kind
from verification.states import FileState, ListStage, SubmissionState


def here(session: Session, party: Participation) -> Participation:
    return session.get_one(Participation, party.id)


def send(sessions: Sessions, party: Participation, digest: str) -> Submission:
    with sessions.begin() as session:
        return submissions.submit(
            session, here(session, party),
            digest=digest, actor=COORDINATOR, signer=SIGNER, now=NOON,
        )  # fmt: skip


def digest_now(sessions: Sessions, party: Participation) -> str:
    with sessions.read() as session:
        return submissions.draft(session, here(session, party), NOON).digest


def test_the_digest_is_that_of_the_manifest(sessions: Sessions, party: Participation) -> None:
    with sessions.begin() as session:
        file = build_file(session, party, filename="KTP rahasia.pdf")
        build_roster(session, party, 3)
        draft = submissions.draft(session, party, NOON)
    assert draft.digest == sha256(draft.manifest.encode()).hexdigest()
    entries = json.loads(draft.manifest)["entries"]
    assert [entry["kind"] for entry in entries] == ["file", "roster"]
    assert (entries[0]["id"], entries[0]["sha256"]) == (file.public_id, file.sha256)
    assert "rahasia" not in draft.manifest


def test_checking_a_file_meanwhile_changes_nothing(
    sessions: Sessions, party: Participation
) -> None:
    with sessions.begin() as session:
        file = build_file(session, party, state=FileState.RECEIVED)
        digest = submissions.draft(session, party, NOON).digest
        file.state = FileState.PASSED.value
    assert digest_now(sessions, party) == digest


def test_submitting_locks_and_gives_a_receipt(sessions: Sessions, party: Participation) -> None:
    with sessions.begin() as session:
        build_file(session, party)
    submission = send(sessions, party, digest_now(sessions, party))
    with sessions.read() as session:
        receipt = issuing.receipt_of(session, Kind.SUBMISSION, submission.public_id)
        assert receipt is not None
        job = session.scalars(select(Job).where(Job.kind == "make-items")).one()
        kinds = [e.kind for e in journal.entries(session, here(session, party).chain)]
    assert job.about == submission.public_id
    assert kinds[:2] == ["receipt.issued", "dossier.submitted"]


def test_a_lost_reply_asked_for_again_gives_the_same(
    sessions: Sessions, party: Participation
) -> None:
    with sessions.begin() as session:
        build_file(session, party)
    digest = digest_now(sessions, party)
    first = send(sessions, party, digest)
    assert send(sessions, party, digest).public_id == first.public_id
    with sessions.read() as session:
        assert session.scalar(select(func.count()).select_from(Receipt)) == 1


def test_the_same_reply_even_after_the_close(
    sessions: Sessions, world: World, party: Participation
) -> None:
    with sessions.begin() as session:
        build_file(session, party)
    digest = digest_now(sessions, party)
    first = send(sessions, party, digest)
    with sessions.begin() as session:
        build_window(
            session, world.stages[0], opens=NOON - 9 * HOUR, closes=NOON - 8 * HOUR, version=2
        )
    assert send(sessions, party, digest).public_id == first.public_id


def test_another_dossier_in_the_same_round_is_refused(
    sessions: Sessions, party: Participation
) -> None:
    with sessions.begin() as session:
        build_file(session, party)
    send(sessions, party, digest_now(sessions, party))
    with pytest.raises(DossierLocked):
        send(sessions, party, "0" * 64)


def test_a_dossier_that_has_changed_is_refused(sessions: Sessions, party: Participation) -> None:
    with sessions.begin() as session:
        build_file(session, party)
    digest = digest_now(sessions, party)
    with sessions.begin() as session:
        build_file(session, here(session, party), "berita-negara")
    with pytest.raises(DossierChanged):
        send(sessions, party, digest)


def test_an_empty_dossier_is_refused(sessions: Sessions, party: Participation) -> None:
    with pytest.raises(NothingToSubmit):
        send(sessions, party, digest_now(sessions, party))


def test_after_the_grace_nothing_is_submitted(
    sessions: Sessions, world: World, party: Participation
) -> None:
    with sessions.begin() as session:
        build_file(session, party)
        build_window(
            session, world.stages[0], opens=NOON - 9 * HOUR, closes=NOON - 2 * HOUR, version=2
        )
    with pytest.raises(WindowClosed):
        send(sessions, party, digest_now(sessions, party))


def test_what_the_system_rejected_or_the_party_withdrew_stays_out(
    sessions: Sessions, party: Participation
) -> None:
    with sessions.begin() as session:
        kept = build_file(session, party, state=FileState.RECEIVED)
        refused = build_file(session, party, "berita-negara", state=FileState.REJECTED)
        gone = build_file(session, party, "sk-provinsi", "32")
        files.withdraw(session, gone, actor=COORDINATOR, reason="salah berkas", now=NOON)
        draft = submissions.draft(session, party, NOON)
    assert [entry.public_id for entry in draft.entries] == [kept.public_id]
    assert [(left.public_id, left.why) for left in draft.not_included] == [
        (refused.public_id, Why.REJECTED)
    ]


def test_what_is_missing_is_named(sessions: Sessions, party: Participation) -> None:
    with sessions.begin() as session:
        build_file(session, party)
        draft = submissions.draft(session, party, NOON)
    missing = {each.requirement.code: each.missing for each in draft.missing}
    assert "ad-art" not in missing
    assert (missing["berita-negara"], missing["sk-provinsi"]) == (1, 2)


def test_a_list_still_being_imported_goes_in_as_its_file_and_is_waited_for(
    sessions: Sessions, party: Participation
) -> None:
    with sessions.begin() as session:
        version = build_roster(session, party, 3, stage=ListStage.SAVING)
        draft = submissions.draft(session, party, NOON)
        made = build_submission(session, party, items=False)
    assert [entry.kind for entry in draft.entries] == [EntryKind.FILE]
    with sessions.begin() as session, pytest.raises(NotYet):
        materialise.make_items(session, made, 500, NOON)
    with sessions.begin() as session:
        session.merge(version).stage = ListStage.DONE.value
    finish(sessions, made)
    with sessions.read() as session:
        assert session.scalar(select(func.count()).select_from(Item)) == 3


def finish(sessions: Sessions, submission: Submission, batch: int = 500) -> int:
    steps = 0
    done = False
    while not done:
        with sessions.begin() as session:
            done = materialise.make_items(session, submission, batch, NOON)
        steps += 1
    return steps


def test_items_are_made_in_small_batches_and_go_to_their_offices(
    sessions: Sessions, world: World, party: Participation
) -> None:
    with sessions.begin() as session:
        build_file(session, party)
        build_file(session, party, "sk-provinsi", "73")
        build_file(session, party, "sk-kabupaten", "32.78")
        build_file(session, party, "sk-kecamatan", "32.78.01")
        build_file(session, party, "kartu-anggota", "32.73", purpose="scans")
        build_roster(session, party, 25)
        made = build_submission(session, party, items=False)
    assert finish(sessions, made, batch=10) > 3
    with sessions.read() as session:
        rows = session.execute(select(Item.office_id, func.count()).group_by(Item.office_id))
        counts = dict(rows.all())
        submission = session.get_one(Submission, made.id)
    offices = {code: world.offices[code].id for code in ("ID", "73", "32.78", "32.73")}
    assert counts == {
        offices["ID"]: 1, offices["73"]: 1, offices["32.78"]: 2, offices["32.73"]: 25,
    }  # fmt: skip
    assert (submission.state, submission.items_made) == (SubmissionState.QUEUED, 29)


def test_two_files_of_one_slot_are_one_item(sessions: Sessions, party: Participation) -> None:
    with sessions.begin() as session:
        build_file(session, party)
        build_file(session, party)
        build_submission(session, party)
        assert session.scalar(select(func.count()).select_from(Item)) == 1


def test_a_person_twice_in_a_list_is_one_item(sessions: Sessions, party: Participation) -> None:
    with sessions.begin() as session:
        build_roster(session, party, ["a" * 32, "b" * 32, "a" * 32])
        made = build_submission(session, party, items=False)
    finish(sessions, made, batch=2)
    with sessions.read() as session:
        assert sorted(session.scalars(select(Subject.key))) == ["a" * 32, "b" * 32]
        assert session.scalar(select(func.count()).select_from(Item)) == 2


def test_killed_after_any_batch_it_goes_on_where_it_was(
    sessions: Sessions, party: Participation
) -> None:
    with sessions.begin() as session:
        build_file(session, party)
        build_roster(session, party, 20)
        made = build_submission(session, party, items=False)
    done = False
    while not done:
        with sessions.begin() as session:
            materialise.make_items(session, made, 6, NOON)
            session.rollback()
        with sessions.begin() as session:
            done = materialise.make_items(session, made, 6, NOON)
    with sessions.read() as session:
        assert session.scalar(select(func.count()).select_from(Item)) == 21
        assert session.get_one(Submission, made.id).items_made == 21
