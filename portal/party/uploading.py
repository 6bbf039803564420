"""`/unggah`: the queue, what it asks for by batches, and what was left unfinished.

Next station: `static/js/upload/page.js`; the bytes go to `/files/` and never come through here.
"""

from __future__ import annotations

from typing import Any

from flask import jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from marshmallow import Schema, validate
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from portal.api.fields import Text, region_code
from portal.api.uploads import UploadsQuery, arrived, list_uploads
from portal.context import actor, own_participation, services
from portal.formatting import clock_time
from portal.page import in_language
from portal.party.blueprint import bp
from portal.party.queue_panel import panel
from portal.party.reading import (
    extension,
    goes_on_until,
    levels_of,
    question,
    receives,
    requirement_named,
)
from portal.refusals import BadInput
from verification.models import Participation, ReceivedFile, Region, RosterVersion
from verification.models.process import Purpose
from verification.reference import region_of, requirements
from verification.states import FileState, ListStage

BATCH = 100
MATCHES = 20


class FindQuery(Schema):
    """`syarat`: whose level; `cari`: a code or a part of a name. `kode` (repeated) is read beside."""

    syarat = Text(required=True, validate=validate.Length(1, 40))
    cari = Text(validate=validate.Length(max=60), load_default="")


class NewUploadQuery(Schema):
    """`syarat`, `wilayah`: the claim that all files of this visit get."""

    syarat = Text(validate=validate.Length(max=40), load_default=None)
    wilayah = region_code(load_default=None)


@bp.get("/unggah")
def upload() -> ResponseReturnValue:
    asked = question(NewUploadQuery())
    with services().sessions.read() as session:
        participation = own_participation(session)
        election = participation.election
        fixed = requirement_named(session, election, asked["syarat"]) if asked["syarat"] else None
        region = region_of(session, election, asked["wilayah"]) if asked["wilayah"] else None
        levels = levels_of(session, election, actor())
        sends = bool(levels) if fixed is None else fixed.level in levels
        left = unfinished(session, participation)
        receiving = receives(session, participation)
        ends = goes_on_until(session, participation) if left and not receiving else None
        return render_template(
            "party/upload.html",
            panel=panel(session, participation, requirement=fixed, region=region)
            if sends
            else None,
            requirement=fixed,
            region=region,
            unfinished=left,
            is_open=receiving or ends is not None,
            ends=ends,
            extension=extension(session, participation),
        )


@bp.get("/unggah/wilayah")
def find_regions() -> ResponseReturnValue:
    """Regions of a requirement's level within the actor's: by codes, or the first that match."""
    asked = question(FindQuery())
    codes = request.args.getlist("kode")[:BATCH]
    with services().sessions.read() as session:
        participation = own_participation(session)
        requirement = requirement_named(session, participation.election, asked["syarat"])
        wanted = (
            select(Region.code, Region.name)
            .where(
                Region.region_set_id == participation.election.region_set_id,
                Region.level == requirement.level,
                _like(asked["cari"]) if not codes else Region.code.in_(codes),
            )
            .order_by(Region.code)
            .limit(BATCH if codes else MATCHES)
        )
        scope = actor().scope
        if scope is not None:
            wanted = wanted.where(Region.id.in_(scope.region_ids(participation.election)))
        return jsonify([[code, name] for code, name in session.execute(wanted)])


@bp.get("/unggah/keadaan")
def upload_states() -> ResponseReturnValue:
    """Up to a hundred of the party's files at once: state, reason, receipt, and of lists the counts."""
    asked = request.args.getlist("id")[:BATCH]
    for given in asked:
        if len(given) != 32:
            raise BadInput({"id": ["32 hex"]})
    with services().sessions.read() as session:
        participation = own_participation(session)
        wanted = select(ReceivedFile).where(
            ReceivedFile.participation_id == participation.id, ReceivedFile.public_id.in_(asked)
        )
        scope = actor().scope
        if scope is not None:
            inside = scope.region_ids(participation.election)
            wanted = wanted.where(ReceivedFile.region_id.in_(inside))
        return jsonify([_state(session, file) for file in session.scalars(wanted)])


def unfinished(session: Session, participation: Participation) -> list[dict[str, Any]]:
    """Open uploads with the names of what they are for, oldest first."""
    asked: dict[str, Any] = UploadsQuery().load({})
    found = list(list_uploads(session, asked).items)
    names = {
        row.code: in_language(row, "name") for row in requirements(session, participation.election)
    }
    places: dict[str, str] = dict(
        session.execute(
            select(Region.code, Region.name).where(
                Region.region_set_id == participation.election.region_set_id,
                Region.code.in_({row["region"] for row in found}),
            )
        ).all()
    )
    return [
        {
            **row,
            "offset": row["offset"] or 0,
            "requirement_name": names.get(row["requirement"], row["requirement"]),
            "region_name": places.get(row["region"], row["region"]),
        }
        for row in found
    ]


def _like(text: str) -> ColumnElement[bool]:
    return or_(
        Region.code.startswith(text, autoescape=True),
        Region.name.icontains(text, autoescape=True),
    )


def _state(session: Session, file: ReceivedFile) -> dict[str, Any]:
    known = arrived(session, file)
    row: dict[str, Any] = {
        "id": known["id"],
        "state": known["state"],
        "reason": known["reason"],
        "code": known["reason_code"],
        "repair": known["repair"],
        "at": clock_time(file.finished_at, seconds=True),
        "receipt": url_for("party.receipt", serial=known["receipt"]) if known["receipt"] else None,
        "settled": known["state"] in (FileState.PASSED, FileState.REJECTED),
    }
    if file.purpose == Purpose.ROSTER.value:
        version = session.scalar(select(RosterVersion).where(RosterVersion.file_id == file.id))
        row["list"] = url_for("party.member_list", list_id=file.public_id)
        for count in ("sent", "stored", "rejected"):
            row[count] = getattr(version, count) if version else None
        if version is not None and version.stage == ListStage.WAITING:
            row["reason"] = _("Menunggu kepastian Anda: buka daftarnya. Daftar sebelumnya tetap "
                              "berlaku sampai itu.")  # fmt: skip
    row["settled"] = row["settled"] and known["receipt"] is not None
    return row
