"""Citizens' objections on both databases: filed, seen, suspended, ended; what is kept and who learns what."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update

from tests.builders import SUPERVISOR, VERIFIER, build_roster
from tests.duplicates import KEYS, DuplicateStand, Someone
from tests.world import NOON
from verification import decisions, publication, queue, submitted_niks
from verification.counting.standing import RegencyStanding, standing_of
from verification.db import Sessions
from verification.disputes import filing, handling
from verification.disputes.filing import Filed, Person
from verification.disputes.states import DisputeAction, DisputeState
from verification.errors import NotAllowed, ReasonRequired, StillListed
from verification.models import (
    AccessEntry,
    DisputedMember,
    Election,
    Item,
    JournalEntry,
    Member,
    Objection,
    Participation,
    Roster,
)
from verification.reference import Scope
from verification.secrets import SealBroken
from verification.states import Outcome, Role

A, B = "Partai Contoh A", "Partai Contoh B"
CITIZEN = Person(name="WARGA CONTOH", contact="warga@contoh.invalid")
VICTIM, OTHER = Someone(serial=1), Someone(serial=2, name="NUBA LOPERA")


@pytest.fixture
def stand(sessions: Sessions, tmp_path: Path) -> DuplicateStand:
    """Both parties have listed VICTIM, in different kabupaten/kota."""
    stand = DuplicateStand(sessions, tmp_path)
    first = stand.party(A, VICTIM, OTHER)
    second = stand.party(B, Someone(serial=1, regency="73.71"), region="73.71")
    for submission in (first, second):
        stand.compare(submission)
        submitted_niks.index_submission(sessions, submission.public_id, lambda: NOON)
    return stand


def file(stand: DuplicateStand, nik: str = VICTIM.nik) -> Filed | None:
    with stand.sessions.begin() as session:
        election = session.get_one(Election, stand.world.election.id)
        return filing.file(session, KEYS, election, nik, CITIZEN, now=NOON, days=7)


def filed(stand: DuplicateStand) -> Filed:
    done = file(stand)
    assert done is not None
    return done


def move(
    stand: DuplicateStand,
    party: str,
    action: DisputeAction,
    *,
    role: Role = Role.SUPERVISOR,
    reference: str = "BA-1/2026",
) -> DisputeState:
    with stand.sessions.begin() as session:
        row = session.scalars(
            select(DisputedMember).where(DisputedMember.participation_id == stand.parties[party].id)
        ).one()
        moved = handling.move(
            session, KEYS, row, action,
            reference=reference, actor=SUPERVISOR, role=role, now=NOON, days=14,
        )  # fmt: skip
        return DisputeState(moved.state)


def publish_as_ms(stand: DuplicateStand) -> None:
    """The office of 32.73 finds both of A's members qualified, and says so."""
    office = stand.world.offices["32.73"]
    with stand.sessions.begin() as session:
        session.execute(text("UPDATE duplicate SET state = 'lapsed'"))
        for item in session.scalars(select(Item).where(Item.office_id == office.id)):
            held = queue.claim_item(session, item, VERIFIER, Role.VERIFIER, NOON, 900)
            decisions.decide(
                session, held, outcome=Outcome.MS, reason=None, note=None, actor=VERIFIER,
                role=Role.VERIFIER, now=NOON,
            )  # fmt: skip
    with stand.sessions.begin() as session:
        publication.publish(
            session, session.merge(office), session.merge(stand.world.round),
            actor=SUPERVISOR, role=Role.SUPERVISOR, now=NOON,
        )  # fmt: skip


def counted(stand: DuplicateStand) -> RegencyStanding:
    with stand.sessions.read() as session:
        found = standing_of(session, session.get_one(Participation, stand.parties[A].id))
        return next(row for row in found.regencies if row.code == "32.73")


def mark(stand: DuplicateStand, party: str = A) -> DisputeState | None:
    with stand.sessions.read() as session:
        return handling.mark_of(session, stand.item(session, party))


def test_one_objection_is_a_row_for_each_party_before_its_own_office(
    stand: DuplicateStand,
) -> None:
    objection = filed(stand).objection
    with stand.sessions.read() as session:
        rows = session.scalars(select(DisputedMember).order_by(DisputedMember.id)).all()
        assert [(row.participation.party.name, row.office.code) for row in rows] == [
            (A, "32.73"), (B, "73.71"),
        ]  # fmt: skip
        assert {row.state for row in rows} == {"filed"}
        assert {row.due_at for row in rows} == {NOON + timedelta(days=7)}
        assert {row.objection_id for row in rows} == {objection.id}


def test_who_is_not_listed_files_nothing(stand: DuplicateStand) -> None:
    assert file(stand, "3273019999999999") is None
    with stand.sessions.read() as session:
        assert session.scalar(select(func.count()).select_from(Objection)) == 0


def test_filing_marks_and_changes_no_number(stand: DuplicateStand) -> None:
    publish_as_ms(stand)
    before = counted(stand)
    for _ in range(3):
        filed(stand)
    assert counted(stand) == before
    assert (before.counted, before.suspended) == (2, 0)
    assert mark(stand) is DisputeState.FILED


def test_from_the_confirmed_identity_on_the_member_does_not_count(stand: DuplicateStand) -> None:
    publish_as_ms(stand)
    filed(stand)
    assert move(stand, A, DisputeAction.IDENTIFY) is DisputeState.SUSPENDED
    now = counted(stand)
    assert (now.counted, now.qualified, now.suspended, now.judged) == (1, 1, 1, True)
    assert mark(stand) is DisputeState.SUSPENDED
    # The other party's row waits for its own office.
    assert mark(stand, B) is DisputeState.FILED
    assert move(stand, A, DisputeAction.CONFIRM_MEMBER) is DisputeState.MEMBER
    assert (counted(stand).counted, counted(stand).suspended) == (2, 0)
    assert mark(stand) is None


@pytest.mark.parametrize("action", [DisputeAction.NOT_IDENTIFIED, DisputeAction.WITHDRAW])
def test_what_ends_without_proof_leaves_the_member_counted(
    stand: DuplicateStand, action: DisputeAction
) -> None:
    publish_as_ms(stand)
    filed(stand)
    move(stand, A, action)
    assert counted(stand).counted == 2
    assert mark(stand) is None


def test_struck_is_written_down_when_the_party_has_corrected_its_list(
    stand: DuplicateStand,
) -> None:
    publish_as_ms(stand)
    filed(stand)
    move(stand, A, DisputeAction.IDENTIFY)
    with pytest.raises(StillListed):
        move(stand, A, DisputeAction.STRIKE)
    with stand.sessions.begin() as session:
        party = session.get_one(Participation, stand.parties[A].id)
        roster = session.scalars(select(Roster).where(Roster.participation_id == party.id)).one()
        version = build_roster(session, party, 1, roster=roster)
        session.execute(
            update(Member)
            .where(Member.version_id == version.id)
            .values(nik=KEYS.encipher(OTHER.nik), key_id=KEYS.current_id)
        )
    assert move(stand, A, DisputeAction.STRIKE) is DisputeState.STRUCK
    # What was published stands until the party has sent its list again; he does not count meanwhile.
    assert (counted(stand).counted, counted(stand).suspended) == (1, 1)


def test_a_step_needs_its_minute_a_chief_and_its_turn(stand: DuplicateStand) -> None:
    filed(stand)
    for reference in ("", "  ", "x" * 201):
        with pytest.raises(ReasonRequired):
            move(stand, A, DisputeAction.IDENTIFY, reference=reference)
    with pytest.raises(NotAllowed):
        move(stand, A, DisputeAction.IDENTIFY, role=Role.VERIFIER)
    with pytest.raises(NotAllowed):
        move(stand, A, DisputeAction.CONFIRM_MEMBER)
    move(stand, A, DisputeAction.NOT_IDENTIFIED)
    # He came a week later.
    assert move(stand, A, DisputeAction.IDENTIFY) is DisputeState.SUSPENDED


def test_ticket_and_code_lead_back_however_they_are_spelled(stand: DuplicateStand) -> None:
    done = filed(stand)
    ticket, code = filing.spelled(done.objection.ticket), filing.spelled(done.code)
    assert (ticket.count("-"), code.count("-")) == (2, 4)

    def found(ticket: str, code: str) -> bool:
        with stand.sessions.read() as session:
            return filing.look_up(session, ticket, code) is not None

    assert found(ticket, code)
    assert found(f" {ticket.lower()} ", code.lower().replace("-", " "))
    assert found(ticket.replace("0", "O").replace("1", "l"), code.replace("0", "o"))
    other = ("Z" if done.code[0] != "Z" else "Y") + done.code[1:]
    for wrong in (
        ("", ""),
        (ticket, ""),
        ("", code),
        (ticket, other),
        ("KB00000000", code),
        ("\0", "\0é"),
    ):
        assert not found(*wrong)
    with stand.sessions.read() as session:
        row = session.scalars(select(Objection)).one()
        assert done.code not in (row.code_sha256, row.ticket)


def test_what_the_citizen_says_is_sealed_in_its_place(stand: DuplicateStand) -> None:
    first, second = filed(stand).objection, filed(stand).objection
    assert filing.person_of(KEYS, first) == CITIZEN
    assert b"contoh" not in first.person
    assert KEYS.decipher(first.nik, first.key_id) == VICTIM.nik
    first.person = second.person
    with pytest.raises(SealBroken):
        filing.person_of(KEYS, first)


def test_both_journals_tell_of_it_and_name_nobody(stand: DuplicateStand) -> None:
    filed(stand)
    move(stand, A, DisputeAction.IDENTIFY, reference="BA-7 an. WARGA CONTOH")
    with stand.sessions.read() as session:
        parties = {
            name: session.get_one(Participation, row.id) for name, row in stand.parties.items()
        }
        told = {
            chain: [
                (entry.kind, entry.note)
                for entry in session.scalars(
                    select(JournalEntry)
                    .where(JournalEntry.chain_id == key, JournalEntry.kind.startswith("objection."))
                    .order_by(JournalEntry.number)
                )
            ]
            for chain, key in {
                "office": stand.world.offices["32.73"].chain_id,
                A: parties[A].chain_id, B: parties[B].chain_id,
            }.items()
        }  # fmt: skip
        assert told == {
            "office": [("objection.filed", None), ("objection.moved", "BA-7 an. WARGA CONTOH")],
            A: [("objection.filed", None), ("objection.moved", None)],
            B: [("objection.filed", None)],
        }
        facts = session.scalars(
            select(JournalEntry.facts).where(JournalEntry.kind.startswith("objection."))
        ).all()
        hidden = [VICTIM.nik, CITIZEN.name, CITIZEN.contact, "KB"]
        assert not [fact for fact in facts for term in hidden if term in fact]
        # Two parties that lay their journals together do not find out that it is one person.
        ids = {
            row.participation_id: row.public_id for row in session.scalars(select(DisputedMember))
        }
        assert len(set(ids.values())) == 2


def test_a_party_sees_its_own_rows_in_its_regions_and_nothing_of_the_citizen(
    stand: DuplicateStand,
) -> None:
    filed(stand)
    with stand.sessions.read() as session:
        party = session.get_one(Participation, stand.parties[A].id)
        [row] = handling.of_party(session, party, None)
        assert (row.line, row.name, row.region) == (1, VICTIM.name, "32.73")
        assert not [told for told in (CITIZEN.name, CITIZEN.contact) if told in repr(row)]
        assert handling.of_party(session, party, Scope(("73",))) == []
        assert len(handling.of_party(session, party, Scope(("32",)))) == 1
    move(stand, A, DisputeAction.NOT_IDENTIFIED)
    with stand.sessions.read() as session:
        party = session.get_one(Participation, stand.parties[A].id)
        assert handling.of_party(session, party, None) == []


def test_an_office_has_its_own_the_open_ones_first_and_opening_is_logged(
    stand: DuplicateStand,
) -> None:
    objection = filed(stand).objection
    own, foreign = stand.world.offices["32.73"], stand.world.offices["32.01"]
    with stand.sessions.begin() as session:
        [row] = handling.before_office(session, own, is_open=True)
        assert handling.before_office(session, own, is_open=False) == []
        assert handling.before_office(session, foreign, is_open=True) == []
        assert len(handling.before_office(session, None, is_open=True)) == 2
        assert handling.before_office(session, None, is_open=False, ticket=objection.ticket)
        assert handling.before_office(session, own, is_open=True, after_key=row.id) == []
        assert handling.opened(session, row, actor=SUPERVISOR, now=NOON).name == VICTIM.name
    with stand.sessions.read() as session:
        [read] = session.scalars(select(AccessEntry).where(AccessEntry.action == "objection.read"))
        assert (read.actor, read.object_id) == (SUPERVISOR, row.public_id)
    move(stand, A, DisputeAction.WITHDRAW)
    with stand.sessions.read() as session:
        assert len(handling.before_office(session, own, is_open=False)) == 1


def test_somebody_else_in_the_list_is_not_marked(stand: DuplicateStand) -> None:
    filed(stand)
    with stand.sessions.read() as session:
        assert handling.mark_of(session, stand.item(session, A, line=2)) is None
