"""The questions asked all day run on indices: ten million items elsewhere must not matter."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.orm import Session

from tests.builders import VERIFIER, build_file
from tests.unit.verification.desk import Desk, again, build_desk, judge, take
from tests.world import NOON
from verification import board, jobs, publication, queue, reports, slots
from verification.batches import among, keys_in, listed
from verification.db import Sessions
from verification.models import Item
from verification.reference import Scope
from verification.states import Outcome

Ask = Callable[[Session, Desk], object]

QUESTIONS: dict[str, Ask] = {
    "claim": lambda s, d: take(s, d.office),
    "overview": lambda s, d: board.overview(s, again(s, d.office), VERIFIER, NOON),
    "board": lambda s, d: board.standings(s, list(d.world.offices.values()), d.world.round, NOON),
    "position": lambda s, d: queue.position(s, again(s, d.items[-1])),
    "expire": lambda s, d: queue.expire(s, NOON),
    "sign out": lambda s, d: queue.release_all(s, VERIFIER, NOON),
    "results": lambda s, d: reports.results_for(s, d.party, d.world.round),
    "unpublished": lambda s, d: publication.offices_unpublished(s, d.world.round),
    "to repair": lambda s, d: slots.documents_to_repair(s, d.party, d.world.rounds[1]),
    "next job": lambda s, d: jobs.lease(s, "w1", NOON, 60),
    "items of subjects": lambda s, d: s.scalars(
        select(Item.id).where(among(Item.subject_id, [1, 2]))
    ).all(),
    "subjects listed": lambda s, d: s.execute(
        select(Item.id).where(listed(Item.subject_id)), keys_in([1, 2])
    ).all(),
    "results of a region": lambda s, d: reports.results_for(s, d.party, scope=Scope(("32.73",))),
    "results of documents": lambda s, d: reports.results_for(s, d.party, kind="document"),
    "place of a job": lambda s, d: jobs.position(s, "make-items", "x"),
}


@pytest.fixture
def desk(sessions: Sessions) -> Desk:
    desk = build_desk(sessions, 5)
    with sessions.begin() as session:
        judge(session, take(session, desk.office), Outcome.MS)
    with sessions.begin() as session:
        build_file(session, desk.party)
        session.execute(text("ANALYZE"))
    return desk


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_reads_all_items_or_jobs(sessions: Sessions, desk: Desk, question: str) -> None:
    asked: list[tuple[str, object]] = []

    def listen(_c: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if re.match(r"\s*(SELECT|UPDATE)", statement) and re.search(r"\b(item|job)\b", statement):
            asked.append((statement, parameters))

    event.listen(sessions.engine, "before_cursor_execute", listen)
    with sessions.begin() as session:
        QUESTIONS[question](session, desk)
        session.rollback()
    event.remove(sessions.engine, "before_cursor_execute", listen)
    assert asked
    with sessions.engine.begin() as connection:
        if sessions.dialect == "postgresql":
            # A table of five rows is read whole whatever its indices; forbidden, it shows them.
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        for statement, parameters in asked:
            plan = _plan(connection, sessions.dialect, statement, parameters)
            assert not _reads_all(plan), f"{statement}\n{plan}"


def _plan(connection, dialect: str, statement: str, parameters: object) -> str:  # type: ignore[no-untyped-def]
    how = "EXPLAIN QUERY PLAN" if dialect == "sqlite" else "EXPLAIN"
    rows = connection.exec_driver_sql(f"{how} {statement}", parameters).all()
    return "\n".join(str(row[-1]) for row in rows)


def _reads_all(plan: str) -> bool:
    """Whether a plan walks the whole of item or job instead of going into an index.

    The partial index over leases is short by itself: only what somebody holds stands in it.
    """
    if re.search(r"Seq Scan on (item|job)\b", plan):
        return True
    walks = re.findall(r"SCAN (?:item|job)\b(?! USING (?:COVERING )?INDEX ix_item_lease)", plan)
    # PostgreSQL: an index gone through from end to end has no condition in the line below.
    whole = re.findall(r"using (\w+) on (?:item|job)\b.*\n(?! +Index Cond)", plan)
    return bool(walks) or any(name != "ix_item_lease" for name in whole)
