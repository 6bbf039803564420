"""Public pages: what this is, how far the parties are, how the portal is.

They are the same for everybody, so that the edge keeps one copy: no cookie, no name, no token.

Next station: `verification.reports`, `portal.health`.
"""

from __future__ import annotations

from flask import Response, make_response, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from portal import health
from portal.context import actor_or_none, now, services
from portal.navigation import home_of
from portal.public import nik, objections
from portal.public import status as states
from portal.public.blueprint import bp
from verification import reference, reports, schedule
from verification.errors import NotFound
from verification.models import Round

TOPICS = (nik, objections)
__all__ = ["TOPICS", "bp"]
# Seconds. The edge honours them (RFC 5861): fresh for ten, shown for thirty more while one asks anew,
# and for a day while the portal is in trouble.
KEPT = "public, max-age=10, stale-while-revalidate=30, stale-if-error=86400"


@bp.get("/")
def home() -> ResponseReturnValue:
    """What this is and where to sign in; for somebody signed in, the way to his own page."""
    failing = _failing()
    who = actor_or_none()
    response = _kept(
        render_template(
            "public/home.html", failing=failing, own=home_of(who.role) if who is not None else None
        )
    )
    # A browser must not show it to somebody who has signed in meanwhile.
    response.vary.add("Cookie")
    return response


@bp.get("/publik")
def progress() -> ResponseReturnValue:
    with services().sessions.read() as read:
        election = reference.current_election(read)
        round_ = schedule.current_round(read, election)
        page = render_template(
            "public/progress.html",
            election=election,
            round=round_,
            rows=reports.public_progress(read, election),
        )
    return _kept(page)


@bp.get("/publik/<id:party>")
def party(party: str) -> ResponseReturnValue:
    with services().sessions.read() as read:
        election = reference.current_election(read)
        found = reference.participation_by_party(read, party, election)
        row = next(
            (each for each in reports.public_progress(read, election) if each.party == party),
            None,
        )
        if row is None:
            raise NotFound("party")
        opened = [each for each in schedule.rounds(read, election) if each.opened_at]
        rounds: list[tuple[Round, dict[str, int]]] = [
            (each, reports.outcome_counts(read, found, each)) for each in opened
        ]
        page = render_template("public/party.html", election=election, row=row, rounds=rounds)
    return _kept(page)


@bp.get("/status")
def status() -> ResponseReturnValue:
    """Now and lately, in plain words; no figures that help an attacker."""
    failing = _failing()
    folder = services().config.log_dir
    states.note(folder, failing, now())
    return _kept(
        render_template(
            "public/status.html", failing=failing, changes=states.history(folder, now())
        )
    )


def _failing() -> tuple[str, ...]:
    try:
        facts = health.facts(services())
    except SQLAlchemyError:
        return ("database",)
    return tuple(name for name, well in facts.items() if not well)


def _kept(page: str) -> Response:
    response = make_response(page)
    response.headers["Cache-Control"] = KEPT
    return response
