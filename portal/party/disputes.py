"""`/anggota/keberatan`: the party's rows whose people say that they are no members.

Next station: the party corrects its list as always; `verification.disputes.handling`.
"""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from portal.context import actor, own_participation, services
from portal.dispute_words import STATES
from portal.party.blueprint import bp
from portal.party.reading import CursorQuery, question
from verification.disputes.handling import of_party

PAGE = 50


@bp.get("/anggota/keberatan")
def disputes() -> ResponseReturnValue:
    """Within one's regions, oldest first."""
    asked = question(CursorQuery())
    with services().sessions.read() as session:
        found = of_party(
            session, own_participation(session), actor().scope,
            after_key=int(asked["setelah"]), limit=PAGE + 1,
        )  # fmt: skip
        kept = found[:PAGE]
        return render_template(
            "party/disputes.html", rows=kept, dispute_words=STATES,
            more=kept[-1].key if len(found) > len(kept) else None,
        )  # fmt: skip
