"""`/hitungan`: how far every party is, within the office's region.

Next station: `verification.counting.standing`.
"""

from __future__ import annotations

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal import access
from portal.actors import Actor
from portal.context import actor, services
from portal.counting_page import SIGNS, chosen, totals
from portal.party.reading import RegionQuery, question
from verification.counting.standing import PartyStanding, Standing, standing_of
from verification.reference import Scope, current_election, participations

bp = Blueprint("counting", __name__)


@bp.get("/hitungan")
def parties() -> ResponseReturnValue:
    """A row a party."""
    with services().sessions.read() as session:
        return render_template(
            "office/counting.html",
            party=None,
            place=actor().office_name or _("Seluruh Indonesia"),
            rows=_rows(session, actor()),
            signs=SIGNS,
        )


@bp.get("/hitungan/<id:participation_id>")
def party(participation_id: str) -> ResponseReturnValue:
    """One party, as it sees itself, in the regions of the office."""
    asked = question(RegionQuery())
    with services().sessions.read() as session:
        shown, scope = access.may_see_counting(session, actor(), participation_id)
        found = standing_of(session, shown, scope)
        return render_template(
            "office/counting.html",
            party=shown,
            found=found,
            province=chosen(found, asked["wilayah"]),
            numbers=totals(found),
            signs=SIGNS,
            address=lambda code: url_for(
                "counting.party", participation_id=participation_id, wilayah=code
            ),
        )


def _rows(session: Session, who: Actor) -> list[dict[str, object]]:
    scope = Scope((who.office_code or "",)) if who.is_desk else who.scope
    rows: list[dict[str, object]] = []
    for each in participations(session, current_election(session)):
        found = standing_of(session, each, scope)
        rows.append(
            {
                "id": each.public_id,
                "name": each.party.name,
                "state": _state(found),
                "numbers": totals(found),
            }
        )
    return rows


def _state(found: PartyStanding) -> Standing:
    states = {row.state for row in found.provinces}
    if states == {Standing.COMPLETE}:
        return Standing.COMPLETE
    return Standing.EMPTY if states <= {Standing.EMPTY} else Standing.SHORT
