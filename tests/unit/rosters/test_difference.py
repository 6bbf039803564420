"""Comparing two versions of a list costs as much as they have rows, not its square."""

from __future__ import annotations

from sqlalchemy import event

from verification.db import Sessions, make_engine
from verification.rosters.difference import compare


def test_no_row_makes_sqlite_walk_the_lines_before_it(sqlite_url: str) -> None:
    engine = make_engine(sqlite_url)
    asked: list[tuple[str, object]] = []

    def listen(_c: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        asked.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", listen)
    with Sessions(engine).read() as session:
        compare(session, 1, 2)
    event.remove(engine, "before_cursor_execute", listen)
    with engine.begin() as connection:
        plans = [
            row[-1]
            for statement, parameters in asked
            if statement.startswith("SELECT")
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    engine.dispose()
    assert plans
    assert not [step for step in plans if "line<" in step]
