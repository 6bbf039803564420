"""Many at once on both databases: nothing is taken, decided, undone or submitted twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

from sqlalchemy import func, select

from tests.at_once import at_once
from tests.builders import (
    COORDINATOR,
    SECOND,
    SIGNER,
    SUPERVISOR,
    VERIFIER,
    build_arrival,
    build_file,
    build_party,
)
from tests.unit.verification.desk import again, build_desk, decide_all, judge, take, undo
from tests.world import NOON, build_world
from verification import intake, jobs, journal, publication
from verification import submission as submissions
from verification.db import Sessions
from verification.errors import NothingToClaim, RoundNotReady
from verification.models import Decision, Job, JournalEntry, Receipt, ReceivedFile, Submission
from verification.states import ItemState, Outcome, Role

ITEMS = 160


def test_four_clients_decide_everything_and_nothing_twice(sessions: Sessions) -> None:
    desk = build_desk(sessions, ITEMS)

    def client(actor: str) -> Callable[[], list[int]]:
        def work() -> list[int]:
            decided = []
            while True:
                try:
                    with sessions.begin() as session:
                        item = take(session, desk.office, actor)
                except NothingToClaim:
                    return decided
                with sessions.begin() as session:
                    judge(session, item, actor=actor, version=item.version)
                decided.append(item.id)

        return work

    actors = [VERIFIER, SECOND, SUPERVISOR, COORDINATOR]
    done = at_once(*(client(actor) for actor in actors))
    decided = Counter(key for keys in done for key in keys)  # type: ignore[attr-defined]
    assert decided == Counter(item.id for item in desk.items)
    with sessions.read() as session:
        assert session.scalar(select(func.count()).select_from(Decision)) == ITEMS
        numbers = list(
            session.scalars(
                select(JournalEntry.number)
                .where(JournalEntry.chain_id == desk.office.chain_id)
                .order_by(JournalEntry.number)
            )
        )
    assert numbers == list(range(1, ITEMS + 1))


def test_two_clients_of_one_account_decide_an_item_once(sessions: Sessions) -> None:
    desk = build_desk(sessions, 1)
    with sessions.begin() as session:
        version = take(session, desk.office).version

    def work() -> str:
        with sessions.begin() as session:
            return judge(session, desk.items[0], version=version).public_id

    results = at_once(*[work] * 4)
    assert sum(isinstance(result, str) for result in results) == 1
    with sessions.read() as session:
        assert session.scalar(select(func.count()).select_from(Decision)) == 1


def test_undo_and_publish_at_once_leave_one_truth(sessions: Sessions) -> None:
    desk = build_desk(sessions, 1)
    decide_all(sessions, desk.office, [Outcome.MS])

    def take_back() -> str:
        with sessions.begin() as session:
            undo(session, desk.items[0])
        return "undone"

    def publish() -> str:
        with sessions.begin() as session:
            publication.publish(
                session, again(session, desk.office), again(session, desk.world.round),
                actor=SUPERVISOR, role=Role.SUPERVISOR, now=NOON,
            )  # fmt: skip
        return "published"

    undone, published = at_once(take_back, publish)
    with sessions.read() as session:
        item = again(session, desk.items[0])
    if undone == "undone":
        assert isinstance(published, RoundNotReady)
        assert (item.state, item.outcome) == (ItemState.CLAIMED, None)
    else:
        assert published == "published"
        assert item.state == ItemState.PUBLISHED


def test_jobs_are_leased_once(sessions: Sessions) -> None:
    with sessions.begin() as session:
        for number in range(60):
            jobs.enqueue(session, jobs.JobKind.CHECK_DOCUMENT, f"{number:032x}", NOON)

    def worker(name: str) -> Callable[[], list[str]]:
        def work() -> list[str]:
            taken = []
            while True:
                with sessions.begin() as session:
                    job = jobs.lease(session, name, NOON, 60)
                    if job is None:
                        return taken
                    taken.append(job.about)

        return work

    done = at_once(*(worker(f"w{number}") for number in range(4)))
    taken = Counter(about for names in done for about in names)  # type: ignore[attr-defined]
    assert len(taken) == 60
    assert set(taken.values()) == {1}
    with sessions.read() as session:
        assert session.scalar(select(func.max(Job.attempts))) == 1


def test_the_same_arrival_told_four_times_at_once_is_one_row(sessions: Sessions) -> None:
    with sessions.begin() as session:
        party = build_party(session, build_world(session))
        arrival = build_arrival(party, "ad-art", "ID")

    def tell() -> int:
        with sessions.begin() as session:
            file = intake.receive(session, arrival, NOON)
            assert file is not None
            return file.id

    assert len(set(at_once(*[tell] * 4))) == 1
    with sessions.read() as session:
        assert session.scalar(select(func.count()).select_from(ReceivedFile)) == 1
        assert len(journal.entries(session, again(session, party).chain)) == 1


def test_a_submission_sent_four_times_at_once_is_one(sessions: Sessions) -> None:
    with sessions.begin() as session:
        party = build_party(session, build_world(session))
        build_file(session, party)
        digest = submissions.draft(session, party, NOON).digest

    def send() -> str:
        with sessions.begin() as session:
            return submissions.submit(
                session, again(session, party),
                digest=digest, actor=COORDINATOR, signer=SIGNER, now=NOON,
            ).public_id  # fmt: skip

    assert len(set(at_once(*[send] * 4))) == 1
    with sessions.read() as session:
        assert session.scalar(select(func.count()).select_from(Submission)) == 1
        assert session.scalar(select(func.count()).select_from(Receipt)) == 1


def test_chains_stay_whole_when_many_write(sessions: Sessions) -> None:
    with sessions.begin() as session:
        party = build_party(session, build_world(session))
        arrivals = [build_arrival(party, "ad-art", "ID") for _ in range(24)]

    def tell(part: int) -> Callable[[], None]:
        def work() -> None:
            for arrival in arrivals[part::4]:
                with sessions.begin() as session:
                    intake.receive(session, arrival, NOON + timedelta(seconds=part))

        return work

    at_once(*(tell(part) for part in range(4)))
    with sessions.read() as session:
        entries = journal.entries(session, again(session, party).chain, limit=100)
    entries.reverse()
    assert [entry.number for entry in entries] == list(range(1, 25))
    assert all(later.previous == earlier.hash for earlier, later in pairwise(entries))
