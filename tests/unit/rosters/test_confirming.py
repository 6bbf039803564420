"""A whole list that would take many out: it waits, and nothing is lost whatever is said or killed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from tests.builders import COORDINATOR, SIGNER
from tests.rosters import people
from tests.unit.rosters.stand import Stand
from tests.world import NOON
from verification import entries, files, submission
from verification.entries import EntryKind, Why
from verification.errors import DossierLocked, NotAllowed
from verification.jobs import JobKind
from verification.models import Job, JournalEntry, Participation, RosterVersion
from verification.rosters import confirming, finishing, importer
from verification.rosters.confirming import Question, question
from verification.rosters.difference import Difference
from verification.rosters.finishing import Imported
from verification.schedule import current_round
from verification.states import ListStage

WHOLE, PART = 24, 9
GONE = WHOLE - PART


class Killed(BaseException):
    """Stands for kill -9: nothing may catch it."""


@pytest.fixture
def old(stand: Stand) -> Imported:
    """The list in force."""
    return stand.load(stand.write("old", people(WHOLE)))


@pytest.fixture
def new(stand: Stand, old: Imported) -> Imported:
    """The list that would take most of its people out."""
    del old
    return stand.load(stand.write("new", people(PART)))


def say(stand: Stand, version: Imported, *, yes: bool) -> bool | None:
    with stand.sessions.begin() as session:
        row = session.get_one(RosterVersion, version.version_id)
        if yes:
            return confirming.confirm(session, row, actor=COORDINATOR, now=NOON)
        confirming.discard(session, row, actor=COORDINATOR, now=NOON)
        return None


def journal(stand: Stand, *kinds: str) -> list[tuple[str, str, dict[str, Any]]]:
    with stand.sessions.read() as session:
        rows = session.scalars(
            select(JournalEntry)
            .where(JournalEntry.kind.in_([f"roster.{kind}" for kind in kinds]))
            .order_by(JournalEntry.id)
        )
        return [(row.kind, row.actor, json.loads(row.facts)) for row in rows]


def stage(stand: Stand, version: Imported) -> str:
    return stand.version(version.version_id).stage


def submit(stand: Stand) -> submission.Draft:
    with stand.sessions.begin() as session:
        party = session.get_one(Participation, stand.participation_id)
        draft = submission.draft(session, party, NOON)
        submission.submit(
            session, party, digest=draft.digest, actor=COORDINATOR, signer=SIGNER, now=NOON
        )
        return draft


@pytest.mark.parametrize(
    ("before", "removed", "added", "asked"),
    [
        (50, 10, 0, None),
        (50, 11, 0, Question.REMOVES),
        (1_000, 100, 0, None),
        (1_000, 101, 0, Question.REMOVES),
        (1_000_000, 1_000, 0, None),
        (1_000_000, 1_001, 1_001, Question.REMOVES),
        (999, 0, 9_000, None),
        (1_000, 0, 1_000, None),
        (1_000, 0, 1_001, Question.GROWS),
    ],
)
def test_what_is_asked_about(before: int, removed: int, added: int, asked: Question | None) -> None:
    difference = Difference(added=added, removed=removed, changed=before)
    assert question(before, difference) == asked


def test_a_list_that_removes_many_waits_with_its_difference(
    stand: Stand, old: Imported, new: Imported
) -> None:
    assert new.waiting
    assert not new.current
    assert (new.added, new.removed, new.changed) == (0, GONE, 0)
    assert (new.sent, new.stored) == (PART, PART)
    assert stand.current() == old.version_id
    ((_, actor, facts),) = journal(stand, "waiting", "replaced")
    assert (actor, facts["removed"], facts["against"]) == ("system", GONE, 1)
    with stand.sessions.read() as session:
        signed = session.scalars(
            select(Job.about).where(Job.kind == JobKind.ISSUE_LIST_RECEIPT.value)
        ).all()
    assert signed == stand.files[:1]


def test_yes_puts_it_in_force_with_count_and_actor(stand: Stand, new: Imported) -> None:
    assert say(stand, new, yes=True) is True
    assert stand.current() == new.version_id
    assert stage(stand, new) == ListStage.DONE
    ((_, actor, facts),) = journal(stand, "replaced")
    assert (actor, facts["removed"], facts["version"]) == (COORDINATOR, GONE, 2)
    assert say(stand, new, yes=True) is True
    assert len(journal(stand, "replaced")) == 1
    assert len(journal(stand, "imported")) == 2


def test_no_keeps_the_old_list_and_can_be_taken_back(
    stand: Stand, old: Imported, new: Imported
) -> None:
    say(stand, new, yes=False)
    assert stage(stand, new) == ListStage.DISCARDED
    assert stand.current() == old.version_id
    assert len(stand.members(new.version_id)) == PART
    say(stand, new, yes=True)
    assert stand.current() == new.version_id
    say(stand, new, yes=False)
    assert stand.current() == old.version_id
    told = [(kind, facts.get("was")) for kind, _, facts in journal(stand, "replaced", "discarded")]
    assert told == [
        ("roster.discarded", "waiting"), ("roster.replaced", None), ("roster.discarded", "current"),
    ]  # fmt: skip


def test_a_few_leave_without_a_question_and_stand_in_the_journal(
    stand: Stand, old: Imported
) -> None:
    done = stand.load(stand.write("few", people(WHOLE - 3)))
    assert done.current
    ((_, actor, facts),) = journal(stand, "replaced", "waiting")
    assert (facts["removed"], facts["against"]) == (3, 1)
    assert actor == COORDINATOR
    say(stand, done, yes=False)
    assert stand.current() == old.version_id


def test_a_correction_and_a_list_that_was_taken_back_ask_nothing(
    stand: Stand, old: Imported
) -> None:
    assert stand.load(stand.write("one", people(1)), corrects=old.roster).current
    with stand.sessions.begin() as session:
        roster = session.get_one(RosterVersion, old.version_id).roster
        files.withdraw_roster(session, roster, actor=COORDINATOR, reason="salah", now=NOON)
    assert stand.load(stand.write("part", people(PART))).current


@pytest.mark.parametrize("before", [True, False], ids=["before it waits", "while it waits"])
def test_a_worker_killed_around_the_question_asks_it_once(
    stand: Stand, old: Imported, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    source = stand.write("new", people(PART))
    version_id, handed = stand.send(source), stand.hand(source)
    with monkeypatch.context() as patched:
        if before:
            patched.setattr(finishing, "wait", _killed)
        else:
            really = importer.finish

            def finish(*given: Any) -> None:
                really(*given)
                raise Killed

            patched.setattr(importer, "finish", finish)
        with pytest.raises(Killed):
            stand.take_in(version_id, handed)
    again = stand.take_in(version_id, handed)
    assert again.waiting
    assert stand.take_in(version_id, handed) == again
    assert len(journal(stand, "waiting")) == 1
    assert stand.current() == old.version_id


def _killed(*_: object) -> None:
    raise Killed


def test_a_dossier_sent_meanwhile_takes_the_list_in_force_and_says_so(
    stand: Stand, old: Imported, new: Imported
) -> None:
    draft = submit(stand)
    (entry,) = draft.entries
    assert (entry.kind, entry.key) == (EntryKind.ROSTER, old.version_id)
    assert [(left.public_id, left.why) for left in draft.not_included] == [
        (stand.files[-1], Why.UNCONFIRMED)
    ]
    for yes in (True, False):
        with pytest.raises(DossierLocked):
            say(stand, new, yes=yes)


def test_a_list_sent_while_it_was_read_is_not_asked_about(stand: Stand, old: Imported) -> None:
    source = stand.write("new", people(PART))
    version_id, handed = stand.send(source), stand.hand(source)
    submit(stand)
    done = stand.take_in(version_id, handed)
    assert done.current
    assert stand.current() == version_id


def test_what_was_sent_cannot_be_given_back(
    stand: Stand, new: Imported, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(stand, new, yes=True)
    submit(stand)
    # As in a repair round that opens the list.
    monkeypatch.setattr(confirming, "check_list_open", lambda *_: None)
    with pytest.raises(NotAllowed):
        say(stand, new, yes=False)
    assert stand.current() == new.version_id


def test_a_later_list_overtakes_the_one_that_waits(
    stand: Stand, old: Imported, new: Imported
) -> None:
    later = stand.load(stand.write("later", people(PART + 1)))
    assert later.waiting
    assert stage(stand, new) == ListStage.DISCARDED
    say(stand, later, yes=True)
    with pytest.raises(NotAllowed):
        say(stand, new, yes=True)
    assert stand.current() == later.version_id


def test_when_the_list_in_force_has_changed_it_is_compared_and_asked_again(
    stand: Stand, old: Imported
) -> None:
    slow, source = stand.write("slow", people(WHOLE + 2)), stand.write("new", people(PART))
    slow_id, slow_handed = stand.send(slow), stand.hand(slow)
    version_id, handed = stand.send(source), stand.hand(source)
    waiting = stand.take_in(version_id, handed)
    assert stand.take_in(slow_id, slow_handed).current
    assert say(stand, waiting, yes=True) is False
    assert stand.current() == slow_id
    again = stand.take_in(version_id, handed)
    assert again.waiting
    assert again.removed == GONE + 2
    assert say(stand, waiting, yes=True) is True
    assert stand.current() == version_id


def test_a_file_taken_back_is_not_asked_about(stand: Stand, new: Imported) -> None:
    with stand.sessions.begin() as session:
        file = session.get_one(RosterVersion, new.version_id).file
        files.withdraw(session, file, actor=COORDINATOR, reason="salah", now=NOON)
    assert stage(stand, new) == ListStage.DISCARDED
    with pytest.raises(NotAllowed):
        say(stand, new, yes=True)


def test_a_discarded_list_does_not_go_in(stand: Stand, old: Imported, new: Imported) -> None:
    say(stand, new, yes=False)
    with stand.sessions.read() as session:
        party = session.get_one(Participation, stand.participation_id)
        round_ = current_round(session, party.election)
        chosen, left = entries.entries_of(session, party, round_)
    assert [entry.key for entry in chosen] == [old.version_id]
    assert left == ()
