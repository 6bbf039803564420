"""Parties, offices, requirements, reasons as they hold, and opening the next round.

The tables are versioned data with their legal basis; here they are read.

Next station: `verification.reference`, `verification.schedule`, `verification.publication`.
"""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.context import actor, now, services
from portal.formatting import number
from portal.manage.blueprint import bp
from portal.models import Account
from verification import publication, reference, reports, schedule
from verification.errors import RoundNotReady
from verification.models import Election, Office, ReasonCode, Requirement

PER_PAGE = 50
SHOWN_OFFICES = 20


@bp.get("/kelola/partai")
def parties() -> ResponseReturnValue:
    with services().sessions.read() as session:
        election = reference.current_election(session)
        people: dict[int | None, int] = dict(
            session.execute(
                select(Account.party_id, func.count())
                .where(Account.party_id.is_not(None), Account.disabled_at.is_(None))
                .group_by(Account.party_id)
            ).all()
        )
        return render_template(
            "manage/parties.html",
            rows=reference.participations(session, election),
            people=people,
            election=election,
        )


@bp.get("/kelola/kantor")
def offices() -> ResponseReturnValue:
    """By code, a page at a time; `kode` jumps to a province or kabupaten/kota."""
    code = request.args.get("kode", "").strip()
    query = select(Office).order_by(Office.code).limit(PER_PAGE + 1)
    if code:
        query = query.where(
            (Office.code == code) | Office.code.startswith(f"{code}.", autoescape=True)
        )
    if request.args.get("dari"):
        query = query.where(Office.code > request.args["dari"])
    with services().sessions.read() as session:
        found = list(session.scalars(query))
        kept = found[:PER_PAGE]
        people: dict[int | None, int] = dict(
            session.execute(
                select(Account.office_id, func.count())
                .where(
                    Account.office_id.in_([office.id for office in kept]),
                    Account.disabled_at.is_(None),
                )
                .group_by(Account.office_id)
            ).all()
        )
        return render_template(
            "manage/offices.html", rows=kept, people=people, code=code,
            after=kept[-1].code if len(found) > len(kept) else None,
        )  # fmt: skip


@bp.get("/kelola/syarat")
def requirements() -> ResponseReturnValue:
    with services().sessions.read() as session:
        election = reference.current_election(session)
        rows = session.scalars(
            select(Requirement)
            .where(Requirement.election_id == election.id)
            .order_by(Requirement.ordinal, Requirement.code, Requirement.version.desc())
        ).all()
        return render_template("manage/requirements.html", rows=rows)


@bp.get("/kelola/alasan")
def reasons() -> ResponseReturnValue:
    with services().sessions.read() as session:
        election = reference.current_election(session)
        rows = session.scalars(
            select(ReasonCode)
            .where(ReasonCode.election_id == election.id)
            .order_by(
                ReasonCode.applies_to, ReasonCode.outcome, ReasonCode.key, ReasonCode.version.desc()
            )
        ).all()
        return render_template("manage/reasons.html", rows=rows)


@bp.get("/kelola/babak")
def rounds() -> ResponseReturnValue:
    with services().sessions.read() as session:
        return _rounds_page(session, reference.current_election(session))


@bp.post("/kelola/babak")
def open_round() -> ResponseReturnValue:
    """The next round opens for what was judged BMS."""
    try:
        with services().sessions.begin() as session:
            opened = publication.open_next_round(
                session, reference.current_election(session),
                actor=actor().actor, role=actor().role, now=now(),
            )  # fmt: skip
            said = _("Babak %(number)s dibuka.", number=number(opened.number))
    except RoundNotReady:
        with services().sessions.read() as session:
            return _rounds_page(session, reference.current_election(session), refused=True), 409
    flash(said, "success")
    return redirect(url_for("manage.rounds"), 303)


def _rounds_page(session: Session, election: Election, *, refused: bool = False) -> str:
    current = schedule.current_round(session, election)
    waiting = publication.offices_unpublished(session, current, SHOWN_OFFICES + 1)
    counts = [
        reports.outcome_counts(session, party, current)
        for party in reference.participations(session, election)
    ]
    return render_template(
        "manage/rounds.html",
        rounds=schedule.rounds(session, election),
        current=current,
        following=schedule.next_round(session, election),
        waiting=waiting[:SHOWN_OFFICES],
        more=len(waiting) > SHOWN_OFFICES,
        bms=sum(each["BMS"] for each in counts),
        refused=refused,
    )
