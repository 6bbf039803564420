"""What an item costs: every question to the database is a turn that another verifier waits for."""

from __future__ import annotations

from sqlalchemy import event, select

from tests.builders import build_items
from tests.portal_stand import Stand
from verification.models import Member

MOST = 40


def test_claim_and_decision_ask_few_questions(stand: Stand) -> None:
    with stand.sessions.begin() as session:
        build_items(session, stand.world, stand.party(session, "a"), 2)
        keys = stand.services.field_keys
        for member in session.scalars(select(Member)):
            member.nik, member.key_id = keys.encipher("3273015305870001"), keys.current_id
    program, bearer = stand.client(), stand.bearer("verifikator.a")
    asked: list[str] = []

    def listen(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("BEGIN"):
            asked.append(statement)

    event.listen(stand.sessions.engine, "before_cursor_execute", listen)
    item = program.post("/api/v1/queue/claim", json={}, headers=bearer).json
    path = f"/api/v1/items/{item['id']}/decision"
    done = program.post(path, json={"outcome": "MS"}, headers=bearer)
    event.remove(stand.sessions.engine, "before_cursor_execute", listen)
    assert done.status_code == 200
    assert len(asked) <= MOST, "\n".join(asked)
