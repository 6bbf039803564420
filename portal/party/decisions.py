"""`/hasil`: what was published of this party: decisions, reasons, what to repair and by when.

Next station: the slot to repair, `/dosir/<syarat>/<wilayah>` or the list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.context import actor, now, own_participation, services
from portal.page import in_language
from portal.party.blueprint import bp
from portal.party.reading import CursorQuery, question
from verification.errors import NotFound, WindowClosed
from verification.models import (
    Member,
    Participation,
    ReasonCode,
    Region,
    Requirement,
    Roster,
    RosterVersion,
    Round,
    Window,
)
from verification.reference import reasons_by_code, requirements
from verification.reports import Result, outcome_counts, results_for
from verification.schedule import current_round, rounds, window_now
from verification.slots import is_repair, submission_in
from verification.states import Outcome

PAGE = 50


class ResultsQuery(CursorQuery):
    """`babak`: a round's number, the newest with results by default; `hasil`: MS, BMS, TMS."""

    babak = fields.Integer(validate=validate.Range(1, 99), load_default=None)
    hasil = fields.String(validate=validate.OneOf([o.value for o in Outcome]), load_default=None)
    jenis = fields.String(validate=validate.OneOf(["document", "member"]), load_default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A published decision in words, with the page on which it is repaired."""

    result: Result
    requirement: str
    region: str
    who: str
    reason: str
    repair: str
    link: str


@bp.get("/hasil")
def results() -> ResponseReturnValue:
    asked = question(ResultsQuery())
    with services().sessions.read() as session:
        participation = own_participation(session)
        election = participation.election
        all_rounds = [row for row in rounds(session, election) if row.opened_at is not None]
        counts = {row.number: outcome_counts(session, participation, row) for row in all_rounds}
        shown = _round(all_rounds, counts, asked["babak"])
        found = _results(session, participation, shown, asked) if shown else []
        kept = found[:PAGE]
        window = _window(session, participation)
        latest = current_round(session, election)
        repair = shown is not None and shown.id != latest.id and is_repair(session, latest)
        sent = submission_in(session, participation, latest) is not None
        return render_template(
            "party/results.html",
            rows=_told(session, participation, kept),
            more=kept[-1].key if len(found) > PAGE else None,
            rounds=all_rounds,
            shown=shown,
            counts=counts,
            outcomes=list(Outcome),
            repairing=repair and not sent,
            repaired=repair and sent,
            window=window if window and window.opens_at <= now() < window.closes_at else None,
            asked=asked,
        )


def _round(
    opened: list[Round], counts: dict[int, dict[str, int]], number: int | None
) -> Round | None:
    if number is not None:
        found = next((row for row in opened if row.number == number), None)
        if found is None:
            raise NotFound("no such round")
        return found
    published = [row for row in opened if any(counts[row.number][outcome] for outcome in Outcome)]
    chosen = published or opened
    return chosen[-1] if chosen else None


def _results(
    session: Session, participation: Participation, round_: Round, asked: dict[str, Any]
) -> list[Result]:
    """One more than a page holds, within the actor's regions."""
    return results_for(
        session, participation, round_, outcome=asked["hasil"], kind=asked["jenis"],
        scope=actor().scope, after=int(asked["setelah"]) or None, limit=PAGE + 1,
    )  # fmt: skip


def _told(session: Session, participation: Participation, rows: list[Result]) -> list[Told]:
    election = participation.election
    names = {row.code: row for row in requirements(session, election)}
    places: dict[str, str] = dict(
        session.execute(
            select(Region.code, Region.name).where(
                Region.region_set_id == election.region_set_id,
                Region.code.in_({row.region for row in rows}),
            )
        ).all()
    )
    reasons = reasons_by_code(session, election)
    members = _members(session, rows)
    return [_one(row, names, places, reasons, members) for row in rows]


def _one(
    row: Result,
    names: dict[str, Requirement],
    places: dict[str, str],
    reasons: dict[str, ReasonCode],
    members: dict[int, tuple[Member, str]],
) -> Told:
    reason = reasons.get(row.reason or "")
    member = members.get(row.member_id or 0)
    requirement = names.get(row.requirement)
    link = url_for("party.slot", syarat=row.requirement, wilayah=row.region)
    if member is not None:
        link = url_for("party.member_list", list_id=member[1], _anchor="hasil")
    return Told(
        result=row,
        requirement=in_language(requirement, "name") if requirement else row.requirement,
        region=places.get(row.region, row.region),
        who=f"{member[0].name} · {member[0].kta_number}" if member else "",
        reason=in_language(reason, "text") if reason else "",
        repair=in_language(reason, "repair") if reason else "",
        link=link,
    )


def _members(session: Session, rows: list[Result]) -> dict[int, tuple[Member, str]]:
    wanted = {row.member_id for row in rows if row.member_id is not None}
    found = session.execute(
        select(Member, Roster.public_id)
        .join(RosterVersion, RosterVersion.id == Member.version_id)
        .join(Roster, Roster.id == RosterVersion.roster_id)
        .where(Member.id.in_(wanted))
    )
    return {member.id: (member, roster) for member, roster in found}


def _window(session: Session, participation: Participation) -> Window | None:
    try:
        return window_now(session, participation)
    except (WindowClosed, NotFound):
        return None
