"""`/tanda-terima`: what the portal has given in exchange, each with its QR code and its files.

Next station: `sipol verify`, with the keys this installation publishes.
"""

from __future__ import annotations

import io
import json
from typing import Any

import segno
from flask import Response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import access
from portal.api.proof import list_receipts
from portal.context import actor, now, own_participation, services
from portal.party.blueprint import bp
from portal.party.reading import CursorQuery, question
from verification.errors import NotFound
from verification.issuing import signed_text
from verification.models import (
    Participation,
    Receipt,
    ReceivedFile,
    Region,
    Requirement,
    Submission,
)
from verification.receipt_qr import qr_text
from verification.receipt_words import RECEIVED_NOT_ACCEPTED, parse_time
from verification.receipts import Kind
from verification.reference import region_of, requirement_by_code
from verification.schedule import what_closes_next

PAGE = 50


@bp.get("/tanda-terima")
def receipts() -> ResponseReturnValue:
    asked = question(CursorQuery())
    with services().sessions.read() as session:
        found = list_receipts(session, {"cursor": asked["setelah"], "limit": PAGE})
        rows = list(found.items)
        files = _files(session, rows)
        return render_template(
            "party/receipts.html",
            rows=[(row, files.get(row.about)) for row in rows],
            more=found.next,
            submission=Kind.SUBMISSION.value,
            member_list=Kind.LIST.value,
            asked=asked,
        )


@bp.get("/tanda-terima/<id:serial>")
def receipt(serial: str) -> ResponseReturnValue:
    """By its serial, or by the id of what it was given for."""
    with services().sessions.read() as session:
        found = access.may_see_receipt(session, actor(), serial)
        participation = own_participation(session)
        is_submission = found.kind == Kind.SUBMISSION.value
        facts = json.loads(found.body)["facts"]
        submission = session.scalar(select(Submission).where(Submission.public_id == found.about))
        return render_template(
            "party/receipt.html",
            receipt=found,
            facts=facts,
            at=parse_time(facts["submitted_at" if is_submission else "finished_at"]),
            began=parse_time(facts["created_at"]) if found.kind == Kind.ARRIVAL.value else None,
            is_list=found.kind == Kind.LIST.value,
            names=_names(session, participation, facts),
            file=None if is_submission else _file(session, found.about),
            submission=submission,
            statement=RECEIVED_NOT_ACCEPTED[Kind(found.kind)],
            fresh=request.args.get("baru") == "1",
            closing=_next(session, participation),
        )


@bp.get("/tanda-terima/<id:serial>/qr.svg")
def receipt_qr(serial: str) -> Response:
    """The QR code of the printed page: digest, signature, serial and key."""
    with services().sessions.read() as session:
        text = qr_text(signed_text(access.may_see_receipt(session, actor(), serial)))
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out, kind="svg", scale=4, border=4, xmldecl=False, light="#fff"
    )
    return Response(out.getvalue(), mimetype="image/svg+xml")


def _files(session: Session, rows: list[Receipt]) -> dict[str, ReceivedFile]:
    about = [row.about for row in rows]
    found = session.scalars(select(ReceivedFile).where(ReceivedFile.public_id.in_(about)))
    return {file.public_id: file for file in found}


def _file(session: Session, about: str) -> ReceivedFile | None:
    return session.scalar(select(ReceivedFile).where(ReceivedFile.public_id == about))


def _names(
    session: Session, participation: Participation, facts: dict[str, Any]
) -> tuple[Requirement | None, Region | None]:
    election = participation.election
    if "requirement" not in facts:
        return None, None
    try:
        requirement = requirement_by_code(session, election, facts["requirement"], retired=True)
        return requirement, region_of(session, election, facts["region"])
    except NotFound:
        return None, None


def _next(session: Session, participation: Participation) -> Any:
    return what_closes_next(session, participation.election, now(), participation)
