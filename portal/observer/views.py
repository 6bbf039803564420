"""Observers (Bawaslu): everything is read, nobody's data in clear, no scans, every reading logged.

Next station: `verification.journal.log_access`.
"""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import access, item_sheet
from portal.api.desk_schemas import spelled_sheet
from portal.api.fields import row_key
from portal.context import actor, now, services
from portal.desk.claim import lines_of
from portal.office.journal_words import SYSTEM_KINDS
from portal.office.timeline import timeline_of
from verification import reference, reports
from verification.journal import log_access
from verification.models import Item, Submission
from verification.reference import reasons_by_code

bp = Blueprint("observer", __name__)
PER_PAGE = 50


@bp.get("/pengamat")
def home() -> ResponseReturnValue:
    with services().sessions.read() as session:
        election = reference.current_election(session)
        progress = {row.party: row for row in reports.public_progress(session, election)}
        return render_template(
            "observer/home.html",
            election=election,
            rows=[
                (party, progress[party.party.public_id])
                for party in reference.participations(session, election)
            ],
        )


@bp.get("/pemantau")
def elsewhere() -> ResponseReturnValue:
    """The address that some papers name."""
    return redirect(url_for("observer.home"), 301)


@bp.get("/pengamat/partai/<id:participation>")
def party(participation: str) -> ResponseReturnValue:
    """Submissions and items of a party with their decisions, masked."""
    with services().sessions.begin() as session:
        found = access.may_see_participation(session, actor(), participation)
        _log(session, "party.read", "participation", found.public_id)
        query = (
            select(Item)
            .where(
                Item.participation_id == found.id, Item.id > request.args.get("dari", 0, row_key)
            )
            .order_by(Item.id)
            .limit(PER_PAGE + 1)
        )
        items = list(session.scalars(query))
        kept = items[:PER_PAGE]
        submissions = session.scalars(
            select(Submission)
            .where(Submission.participation_id == found.id)
            .order_by(Submission.id)
        ).all()
        return render_template(
            "observer/party.html",
            party=found,
            submissions=submissions,
            items=kept,
            after=kept[-1].id if len(items) > len(kept) else None,
            words=reasons_by_code(session, found.election),
        )


@bp.get("/pengamat/butir/<id:item_id>")
def item(item_id: str) -> ResponseReturnValue:
    """One item as everybody but its holder sees it; the sheet logs the reading."""
    with services().sessions.begin() as session:
        found = access.may_see_item(session, actor(), item_id)
        sheet = item_sheet.sheet_of(session, found, actor(), services().field_keys, now())
        return render_template(
            "observer/item.html",
            item=found,
            sheet=sheet,
            lines=lines_of(sheet),
            notices=spelled_sheet(sheet)["notices"],
            words=reasons_by_code(session, found.participation.election),
        )


@bp.get("/pengamat/riwayat")
def system_journal() -> ResponseReturnValue:
    with services().sessions.begin() as session:
        chain = access.may_read_chain(session, actor())
        _log(session, "journal.read", "chain", chain.public_id)
        return render_template(
            "observer/journal.html", line=timeline_of(session, chain, SYSTEM_KINDS)
        )


def _log(session: Session, action: str, kind: str, public_id: str) -> None:
    log_access(
        session,
        actor=actor().actor,
        action=action,
        object_kind=kind,
        object_id=public_id,
        now=now(),
    )
