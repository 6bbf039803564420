"""`/hitung`: where the party stands in every region, at a glance, and what is still short.

Next station: `verification.counting.standing`.
"""

from __future__ import annotations

from flask import render_template, url_for
from flask.typing import ResponseReturnValue

from portal.context import actor, own_participation, services
from portal.counting_page import SIGNS, chosen, totals
from portal.party.blueprint import bp
from portal.party.reading import RegionQuery, question
from verification.counting.standing import standing_of


@bp.get("/hitung")
def standing() -> ResponseReturnValue:
    """All regions of the account; `wilayah` opens a province."""
    asked = question(RegionQuery())
    with services().sessions.read() as session:
        found = standing_of(session, own_participation(session), actor().scope)
        return render_template(
            "party/standing.html",
            found=found,
            province=chosen(found, asked["wilayah"]),
            numbers=totals(found),
            signs=SIGNS,
            address=lambda code: url_for("party.standing", wilayah=code),
        )
