"""The journal: declared words only, whole chains, erasable notes, sealed readings."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from tests.builders import COORDINATOR, SIGNER, build_file, build_party
from tests.unit.verification.desk import again
from tests.world import NOON, build_world
from verification import files, issuing, journal
from verification.chain import ChainPoint
from verification.chain_check import ChainProblem, ChainVerdict, verify_export
from verification.db import Sessions
from verification.journal_kinds import Kind
from verification.models import AccessEntry, Chain, JournalEntry, Participation
from verification.receipt_keys import PublicKey, TrustedKeys
from verification.receipts import read

TRUSTED = TrustedKeys([PublicKey(public=SIGNER.key.public, not_before=NOON - timedelta(days=1))])


@pytest.fixture
def party(sessions: Sessions) -> Participation:
    with sessions.begin() as session:
        party = build_party(session, build_world(session))
        for _ in range(2):
            build_file(session, party)
        file = build_file(session, party)
        files.withdraw(session, file, actor=COORDINATOR, reason="salah unggah", now=NOON)
    return party


def exported(sessions: Sessions, party: Participation) -> list[str]:
    with sessions.read() as session:
        chain = session.get_one(Chain, party.chain_id)
        return list(journal.export(session, chain, SIGNER, NOON))


def verdict(lines: Iterable[str], *points: ChainPoint) -> ChainVerdict:
    return verify_export(lines, TRUSTED, points)


def test_facts_must_be_those_declared(sessions: Sessions, party: Participation) -> None:
    with sessions.begin() as session:
        chain = session.get_one(Chain, party.chain_id)
        for facts in ({}, {"file": "x", "name": "rahasia"}):
            with pytest.raises(ValueError, match="declares"):
                journal.record(session, chain, "system", Kind.FILE_RESTORED, now=NOON, **facts)
        journal.record(session, chain, "system", Kind.FILE_RESTORED, now=NOON, file="x")


def test_who_holds_a_chain_sees_it_move_on(sessions: Sessions, party: Participation) -> None:
    with sessions.begin() as session:
        held = session.get_one(Chain, party.chain_id)
        before = journal.point_of(held)
        restored = [
            journal.Record(
                chain_id=held.id, kind=Kind.FILE_RESTORED, actor="system", facts={"file": name}
            )
            for name in "xy"
        ]
        journal.record_all(session, restored, NOON)
        after = journal.point_of(held)
        assert after.number == before.number + 2
        session.expire(held)
        assert journal.point_of(held) == after
    assert verdict(exported(sessions, party)).genuine


def test_words_are_unique_and_fit_their_column() -> None:
    words = [kind.value for kind in Kind]
    assert len(words) == len(set(words)) == len(Kind.__members__)
    assert max(map(len, words)) <= 40


def test_an_export_is_genuine(sessions: Sessions, party: Participation) -> None:
    found = verdict(exported(sessions, party))
    assert found.genuine
    assert (found.first, found.last) == (1, 4)


@pytest.mark.parametrize(
    "change",
    [{"actor": "account:" + "ff" * 16}, {"facts": '{"file":"x"}'}, {"kind": "file.erased"}],
)
def test_a_changed_row_is_named(
    sessions: Sessions, party: Participation, change: dict[str, str]
) -> None:
    with sessions.begin() as session:
        session.execute(
            update(JournalEntry)
            .where(JournalEntry.chain_id == party.chain_id, JournalEntry.number == 2)
            .values(**change)
        )
    found = verdict(exported(sessions, party))
    assert [(each.problem, each.number) for each in found.findings] == [(ChainProblem.TAMPERED, 2)]


def test_a_removed_row_is_named(sessions: Sessions, party: Participation) -> None:
    with sessions.begin() as session:
        row = session.scalars(
            select(JournalEntry).where(
                JournalEntry.chain_id == party.chain_id, JournalEntry.number == 2
            )
        ).one()
        session.delete(row)
    found = verdict(exported(sessions, party))
    assert (ChainProblem.MISSING, 2) in [(each.problem, each.number) for each in found.findings]


def test_an_erased_note_leaves_the_chain_whole(sessions: Sessions, party: Participation) -> None:
    with sessions.begin() as session:
        chain = session.get_one(Chain, party.chain_id)
        (entry,) = journal.entries(session, chain, kinds=["file.withdrawn"])
        assert entry.note == "salah unggah"
        journal.erase_note(session, entry)
    lines = exported(sessions, party)
    assert verdict(lines).genuine
    assert "salah unggah" not in "".join(lines)


def test_a_changed_note_is_noticed(sessions: Sessions, party: Participation) -> None:
    with sessions.begin() as session:
        session.execute(
            update(JournalEntry).where(JournalEntry.note.is_not(None)).values(note="lain")
        )
    problems = [each.problem for each in verdict(exported(sessions, party)).findings]
    assert problems == [ChainProblem.TEXT_CHANGED]


def test_a_receipt_lies_on_its_chain_and_is_written_into_it(
    sessions: Sessions, party: Participation
) -> None:
    with sessions.begin() as session:
        file = files.files_in(session, again(session, party))[0]
        receipt = issuing.issue_file_receipts(session, SIGNER, [file], NOON)[0]
        repeated = issuing.issue_file_receipts(session, SIGNER, [file], NOON)[0]
        assert receipt.serial == repeated.serial
    content = read(issuing.signed_text(receipt))
    lines = exported(sessions, party)
    assert verdict(lines, content.journal).genuine
    assert content.journal.number == 4
    with sessions.read() as session:
        chain = session.get_one(Chain, party.chain_id)
        newest = journal.entries(session, chain, limit=1)[0]
    assert journal.facts_of(newest)["receipt"] == content.serial


def test_receipts_issued_at_once_are_one_for_each_file(sessions: Sessions) -> None:
    """Those of a party lie on one point of its chain; another party's on its own."""
    with sessions.begin() as session:
        world = build_world(session)
        party, other = (build_party(session, world, f"Partai Contoh {name}") for name in "AB")
        own = [build_file(session, party) for _ in range(3)]
        known = issuing.issue_file_receipts(session, SIGNER, [own[0]], NOON)[0]
        received = [*own, build_file(session, other)]
        issued = issuing.issue_file_receipts(session, SIGNER, received, NOON)
    assert issued[0].serial == known.serial
    assert [receipt.about for receipt in issued] == [file.public_id for file in received]
    contents = [read(issuing.signed_text(receipt)) for receipt in issued]
    assert [content.journal.number for content in contents] == [3, 4, 4, 1]
    for whose, some in ((party, contents[:-1]), (other, contents[-1:])):
        lines = exported(sessions, whose)
        assert verdict(lines, *(content.journal for content in some)).genuine
        assert all(any(content.serial in line for line in lines) for content in some)


def test_entries_page_backwards(sessions: Sessions, party: Participation) -> None:
    with sessions.read() as session:
        chain = session.get_one(Chain, party.chain_id)
        first = journal.entries(session, chain, limit=3)
        rest = journal.entries(session, chain, before=first[-1].number)
    assert [entry.number for entry in first + rest] == [4, 3, 2, 1]


def test_readings_are_sealed_into_the_system_chain(sessions: Sessions) -> None:
    with sessions.begin() as session:
        build_world(session)
        for number in range(5):
            journal.log_access(
                session, actor=COORDINATOR, action="file.view", object_kind="file",
                object_id=f"{number:032x}", now=NOON,
            )  # fmt: skip
    with sessions.begin() as session:
        entry = journal.seal_accesses(session, NOON)
        assert entry is not None
        assert journal.seal_accesses(session, NOON) is None
    facts = journal.facts_of(entry)
    assert facts["count"] == 5
    with sessions.begin() as session:
        assert journal.seal_holds(session, entry.number, facts["digest"])
        session.execute(
            update(AccessEntry).where(AccessEntry.id == facts["first"]).values(actor="system")
        )
        assert not journal.seal_holds(session, entry.number, facts["digest"])


def test_records_of_several_chains_are_written_in_the_order_of_chains(sessions: Sessions) -> None:
    with sessions.begin() as session:
        world = build_world(session)
        chains = [office.chain_id for office in world.offices.values()]
        events = [
            journal.Record(chain_id=key, kind=Kind.ITEM_SKIPPED, actor="x", facts={"item": "i"})
            for key in reversed(chains)
        ]
        journal.record_all(session, events, NOON)
        written = session.scalars(select(JournalEntry.chain_id).order_by(JournalEntry.id))
        assert list(written) == sorted(chains)
