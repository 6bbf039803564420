"""An import ends with a signed receipt of its counts, a correction's with those of the whole list."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.builders import SIGNER
from tests.rosters import people, write_rows
from tests.unit.verification.test_handlers import Stand, build_stand
from tests.world import NOON
from verification import issuing
from verification.db import Sessions
from verification.jobs import JobKind, enqueue
from verification.models import Job, JournalEntry, Member, Receipt, RosterVersion
from verification.receipt_facts import ListFacts
from verification.receipt_keys import PublicKey, TrustedKeys
from verification.receipts import Kind, verify
from verification.sandbox.launcher import Bubblewrap
from verification.states import ListStage

TRUSTED = TrustedKeys([PublicKey(public=SIGNER.key.public, not_before=NOON.replace(hour=0))])


@pytest.fixture
def stand(sessions: Sessions, tmp_path: Path) -> Stand:
    return build_stand(sessions, tmp_path, Bubblewrap())


def send(stand: Stand, rows: list[dict[str, str]], **metadata: str) -> tuple[str, bytes]:
    fields = sorted(rows[0], key=lambda name: name != "row_ref")
    body = write_rows(stand.root.parent / "a.csv", rows, *fields).read_bytes()
    sent = stand.send(
        "anggota", "32.73", body, purpose="roster", filename="rahasia.csv", **metadata
    )
    return sent, body


def told(stand: Stand, file_id: str, body: bytes) -> ListFacts:
    """What the signed receipt says, which must be what the database holds."""
    with stand.sessions.read() as session:
        receipt = issuing.receipt_of(session, Kind.LIST, file_id)
        assert receipt is not None
        document = issuing.signed_text(receipt).to_json()
        verdict = verify(document, TRUSTED, io.BytesIO(body))
        assert verdict.genuine
        assert verdict.receipt is not None
        facts = verdict.receipt.facts
        assert isinstance(facts, ListFacts)
        version = session.scalars(
            select(RosterVersion).where(RosterVersion.number == facts.version)
        ).one()
        names = ("sent", "stored", "rejected", "warned", "added", "removed", "changed")
        assert counts(facts, *names) == counts(version, *names)
        assert (facts.roster, facts.rows_digest) == (version.roster.public_id, version.rows_digest)
        assert "rahasia" not in document
        entry = session.scalars(
            select(JournalEntry).where(JournalEntry.facts.contains(receipt.serial))
        ).one()
        assert json.loads(entry.facts)["about_kind"] == "list"
        assert entry.number > verdict.receipt.journal.number
    return facts


def counts(of: object, *names: str) -> tuple[int, ...]:
    return tuple(getattr(of, name) for name in names)


def refs(stand: Stand) -> Mapping[int, str]:
    """Line → `row_ref` of the first version."""
    with stand.sessions.read() as session:
        first = select(RosterVersion.id).where(RosterVersion.number == 1).scalar_subquery()
        found = session.execute(
            select(Member.line, Member.row_ref).where(Member.version_id == first)
        ).all()
    return {row.line: row.row_ref for row in found}


def test_an_import_ends_with_a_receipt_of_its_counts(stand: Stand) -> None:
    rows = people(30)
    rows[4]["sex"] = "X"
    file_id, body = send(stand, rows)
    stand.work()
    facts = told(stand, file_id, body)
    assert counts(facts, "version", "sent", "stored", "rejected") == (1, 30, 29, 1)
    assert counts(facts, "added", "removed", "changed") == (29, 0, 0)


def test_a_correction_has_the_counts_of_the_whole_list(stand: Stand) -> None:
    rows = people(12)
    rows[4]["sex"] = rows[7]["sex"] = "X"
    file_id, body = send(stand, rows)
    stand.work()
    first = told(stand, file_id, body)
    fixed = people(12)[2] | {"row_ref": refs(stand)[4], "address": "JALAN CONTOH NOMOR 9"}
    worse = people(14)[12] | {"row_ref": "", "sex": "X"}
    added = people(14)[13] | {"row_ref": ""}
    second_id, second_body = send(stand, [fixed, worse, added], corrects=first.roster)
    stand.work()
    facts = told(stand, second_id, second_body)
    assert counts(facts, "version", "sent", "stored", "rejected") == (2, 14, 11, 3)
    assert counts(facts, "added", "removed", "changed") == (1, 0, 1)
    assert facts.sent == facts.stored + facts.rejected
    assert told(stand, file_id, body) == first


def test_the_same_file_again_has_a_receipt_of_its_own(stand: Stand) -> None:
    first_id, body = send(stand, people(3))
    stand.work()
    second_id, _ = send(stand, people(3))
    stand.work()
    first, second = told(stand, first_id, body), told(stand, second_id, body)
    assert (first.version, second.version) == (1, 2)
    assert counts(second, "sent", "stored", "added", "removed", "changed") == (3, 3, 0, 0, 0)
    assert first.rows_digest == second.rows_digest


def test_asking_twice_gives_the_same_receipt(stand: Stand) -> None:
    file_id, _ = send(stand, people(3))
    stand.work()
    with stand.sessions.begin() as session:
        enqueue(session, JobKind.ISSUE_LIST_RECEIPT, file_id, NOON)
    stand.work()
    with stand.sessions.read() as session:
        of_kind = select(func.count()).select_from(Receipt).where(Receipt.kind == "list")
        assert session.scalar(of_kind) == 1


def test_a_list_that_was_refused_has_none(stand: Stand) -> None:
    file_id = stand.send("anggota", "32.73", b"\x00\x01", purpose="roster", filename="a.csv")
    stand.work()
    with stand.sessions.begin() as session:
        version = session.scalars(select(RosterVersion)).one()
        assert version.stage == ListStage.FAILED
        assert session.scalar(select(Job.id).where(Job.kind == "issue-list-receipt")) is None
        assert issuing.issue_list_receipt(session, SIGNER, version.file, NOON) is None
        assert issuing.receipt_of(session, Kind.ARRIVAL, file_id) is not None


def test_nothing_is_signed_before_the_rows_are_there(stand: Stand) -> None:
    """Whoever is killed between import and receipt leaves the job, which the next one does."""
    file_id, body = send(stand, people(3))
    waiting = threading.Event()
    while stand.worker.step(waiting):
        with stand.sessions.read() as session:
            done = session.scalar(
                select(RosterVersion.id).where(RosterVersion.stage == ListStage.DONE.value)
            )
            job = session.scalar(select(Job.state).where(Job.kind == "issue-list-receipt"))
            assert (done is None) == (job is None)
            if done is None:
                assert issuing.receipt_of(session, Kind.LIST, file_id) is None
    assert told(stand, file_id, body).sent == 3
