"""Where a NIK stands in what is submitted: every row, no other, by the same work, also after a rotation."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select, update

from tests.builders import build_roster
from tests.duplicates import BORN, KEYS, DuplicateStand, Someone, build_list
from tests.world import NOON
from verification import submitted_niks
from verification.db import Sessions
from verification.models import (
    Comparison,
    Election,
    Member,
    Participation,
    Roster,
    Submission,
    SubmittedNik,
)
from verification.secrets import FieldKeys, NotANik

A, B = "Partai Contoh A", "Partai Contoh B"
ROTATED = FieldKeys("k2", {"k1": b"f" * 32, "k2": b"g" * 32})
NOBODY = "3273019999999999"


@pytest.fixture
def stand(sessions: Sessions, tmp_path: Path) -> DuplicateStand:
    return DuplicateStand(sessions, tmp_path)


def enter(stand: DuplicateStand, *submissions: Submission, indexed: bool = True) -> None:
    stand.compare(*submissions)
    for each in submissions if indexed else ():
        submitted_niks.index_submission(stand.sessions, each.public_id, lambda: NOON)


def found(stand: DuplicateStand, nik: str, keys: FieldKeys = KEYS) -> dict[str, list[str]]:
    """Party → what is listed under a NIK, by name."""
    with stand.sessions.read() as session:
        election = session.get_one(Election, stand.world.election.id)
        members = submitted_niks.members_with(session, keys, election, nik)
        return {
            session.get_one(Participation, party).party.name: [
                session.get_one(Member, member).name for member in rows
            ]
            for party, rows in members.items()
        }


@pytest.mark.parametrize("indexed", [True, False])
def test_every_row_of_every_party_is_found_and_no_other(
    stand: DuplicateStand, monkeypatch: pytest.MonkeyPatch, indexed: bool
) -> None:
    monkeypatch.setattr(submitted_niks, "PAGE", 4)
    monkeypatch.setattr(submitted_niks, "BATCH", 2)
    serials = random.Random(7).sample(range(1, 10_000), 40)
    ours = [Someone(serial=serial, name=f"KAMI {serial}") for serial in serials[:25]]
    theirs = [Someone(serial=serial, name=f"MEREKA {serial}") for serial in serials[20:]]
    ours += [Someone(serial=serials[3], name=f"LAGI {n}") for n in range(6)]
    enter(stand, stand.party(A, *ours), stand.party(B, *theirs), indexed=indexed)
    for someone in (*ours, *theirs):
        listed = found(stand, someone.nik)
        expected = {
            party: sorted(each.name for each in people if each.serial == someone.serial)
            for party, people in ((A, ours), (B, theirs))
        }
        assert {party: sorted(names) for party, names in listed.items()} == {
            party: names for party, names in expected.items() if names
        }
    assert found(stand, NOBODY) == {}
    with stand.sessions.read() as session:
        pages = session.scalar(select(func.count()).select_from(SubmittedNik))
        assert pages == (0 if not indexed else pages)
        assert bool(pages) is indexed


def test_one_nik_a_thousand_times_is_a_piece_like_any_other(
    stand: DuplicateStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submitted_niks, "PAGE", 8)
    monkeypatch.setattr(submitted_niks, "SAME_NIK", 3)
    people = [Someone(serial=5) for _ in range(60)] + [Someone(serial=n) for n in range(10, 30)]
    enter(stand, stand.party(A, *people))
    assert [len(names) for names in found(stand, people[0].nik).values()] == [3]
    assert all(found(stand, each.nik) for each in people)
    with stand.sessions.read() as session:
        sizes = [len(page) for page in session.scalars(select(SubmittedNik.content))]
        assert max(sizes) <= (8 + 3) * submitted_niks.ENTRY_BYTES


def test_what_is_not_submitted_or_withdrawn_since_does_not_count(stand: DuplicateStand) -> None:
    sent, kept, late = Someone(serial=1), Someone(serial=2), Someone(serial=3)
    enter(stand, stand.party(A, sent), stand.party(B, kept))
    with stand.sessions.begin() as session:
        party = session.get_one(Participation, stand.parties[A].id)
        build_list(session, party, [late], "32.78")
    assert found(stand, late.nik) == {}
    with stand.sessions.begin() as session:
        session.execute(
            update(Roster)
            .where(Roster.participation_id == stand.parties[A].id)
            .values(withdrawn_at=NOON)
        )
    assert found(stand, sent.nik) == {}
    assert found(stand, kept.nik) == {B: [kept.name]}


def test_the_newest_dossier_counts_once_it_is_put_together(stand: DuplicateStand) -> None:
    first = stand.party(A, Someone(serial=1), Someone(serial=2))
    enter(stand, first)
    with stand.sessions.begin() as session:
        party = session.get_one(Participation, stand.parties[A].id)
        roster = session.scalars(select(Roster)).one()
        version = build_roster(session, party, 1, roster=roster)
        row = session.scalars(select(Member).where(Member.version_id == version.id)).one()
        row.nik, row.birth_date = KEYS.encipher(Someone(serial=2).nik), BORN
        world = stand.world
        world.rounds[1].opened_at = NOON
        session.merge(world.rounds[1])
        session.flush()
        second = Submission(
            participation_id=party.id, round_id=world.rounds[1].id, digest="d" * 64,
            manifest="{}", submitted_at=NOON, submitted_by="system",
        )  # fmt: skip
        session.add(second)
        session.flush()
        entered = Comparison(
            participation_id=party.id, submission_id=second.id, versions=[version.id],
            entered_at=NOON, done_at=NOON,
        )  # fmt: skip
        session.add(entered)
        session.flush()
        key = entered.id
    assert found(stand, Someone(serial=1).nik)
    submitted_niks.index_rest(stand.sessions, lambda: NOON)
    assert found(stand, Someone(serial=1).nik) == {}
    assert found(stand, Someone(serial=2).nik)
    with stand.sessions.read() as session:
        assert set(session.scalars(select(SubmittedNik.comparison_id))) == {key}
    # Nothing is left to do, and nothing is done.
    submitted_niks.index_rest(stand.sessions, lambda: pytest.fail("again"))


def test_a_cut_attempt_is_finished_by_the_next(
    stand: DuplicateStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submitted_niks, "PAGE", 2)
    monkeypatch.setattr(submitted_niks, "BATCH", 1)
    people = [Someone(serial=n) for n in range(1, 9)]
    submission = stand.party(A, *people)
    stand.compare(submission)
    beats = iter(range(2))
    with pytest.raises(StopIteration):
        submitted_niks.index_submission(
            stand.sessions, submission.public_id, lambda: NOON, lambda: void(next(beats))
        )
    assert all(found(stand, each.nik) for each in people)
    enter(stand, submission)
    assert all(found(stand, each.nik) for each in people)


def void(_: object) -> None:
    """A beat that says nothing."""


def test_after_a_rotation_old_rows_and_new_ones_are_found(stand: DuplicateStand) -> None:
    before, after = Someone(serial=1), Someone(serial=2)
    first, second = stand.party(A, before), stand.party(B, after)
    with stand.sessions.begin() as session:
        session.execute(
            update(Member)
            .where(Member.participation_id == stand.parties[B].id)
            .values(nik=ROTATED.encipher(after.nik), key_id="k2")
        )
    # The comparison reads rows under either key; here only the index is asked.
    with stand.sessions.begin() as session:
        for submission in (first, second):
            version = session.scalars(
                select(Roster.current_version_id).where(
                    Roster.participation_id == submission.participation_id
                )
            ).one()
            entered = Comparison(
                participation_id=submission.participation_id, submission_id=submission.id,
                versions=[version], entered_at=NOON, done_at=NOON,
            )  # fmt: skip
            session.add(entered)
    submitted_niks.index_rest(stand.sessions, lambda: NOON)
    assert set(found(stand, before.nik, ROTATED)) == {A}
    assert set(found(stand, after.nik, ROTATED)) == {B}
    assert found(stand, after.nik, KEYS) == {}


def test_yes_and_no_ask_the_same_of_the_database(stand: DuplicateStand) -> None:
    people = [Someone(serial=n) for n in range(1, 30)]
    enter(stand, stand.party(A, *people), stand.party(B, Someone(serial=77)))
    asked = [work(stand, nik) for nik in (people[4].nik, NOBODY, "0" * 16, "9" * 16)]
    assert asked[0]
    assert asked[1:] == asked[:1] * 3


def work(stand: DuplicateStand, nik: str) -> list[str]:
    """The statements that one question takes, in their order."""
    return [statement for statement, _ in questions(stand, nik)]


def questions(stand: DuplicateStand, nik: str) -> list[tuple[str, Any]]:
    """The same with what was given."""
    asked: list[tuple[str, Any]] = []

    def listen(*told: Any) -> None:
        asked.append((told[2], told[3]))

    event.listen(stand.sessions.engine, "before_cursor_execute", listen)
    with stand.sessions.read() as session:
        election = session.get_one(Election, stand.world.election.id)
        submitted_niks.members_with(session, KEYS, election, nik)
    event.remove(stand.sessions.engine, "before_cursor_execute", listen)
    return asked


def test_one_piece_is_found_by_the_key_of_its_table(stand: DuplicateStand) -> None:
    enter(stand, stand.party(A, Someone(serial=1)))
    [(asked, given)] = [each for each in questions(stand, NOBODY) if "submitted_nik" in each[0]]
    with stand.sessions.engine.begin() as connection:
        if stand.sessions.dialect == "sqlite":
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", given)
            assert [row[-1] for row in rows] == [
                "SEARCH submitted_nik USING INDEX sqlite_autoindex_submitted_nik_1"
                " (comparison_id=? AND least<?)"
            ]
            return
        # A table of one row is read whole whatever its indices; forbidden, it shows them.
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        plan = [str(row[0]) for row in connection.exec_driver_sql(f"EXPLAIN {asked}", given)]
        assert any("Index Scan Backward using pk_submitted_nik" in line for line in plan), plan
        assert any("Index Cond" in line and "least" in line for line in plan), plan
        assert not any("Sort" in line for line in plan), plan


def test_what_is_no_nik_is_not_looked_for(stand: DuplicateStand) -> None:
    with pytest.raises(NotANik):
        found(stand, "32730100000000")
