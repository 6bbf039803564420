"""`/dosir/<syarat>/<wilayah>`: the files of one requirement at one region, replaced and taken back.

Next station: the queue on this page sends a new file; `verification.files` marks the old one.
"""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from marshmallow import Schema
from sqlalchemy.orm import Session

from portal import access
from portal.api.fields import public_id
from portal.context import actor, now, own_participation, services
from portal.party.blueprint import bp
from portal.party.file_sheet import sheet
from portal.party.queue_panel import panel
from portal.party.reading import question, requirement_named, slot_receives
from verification import files
from verification.coverage import coverage
from verification.errors import NotFound
from verification.models import ReceivedFile
from verification.reference import Scope, region_of

MOST = 50
LONGEST_REASON = 400


class SlotQuery(Schema):
    """`ganti`: the file that a new one is to replace; `hapus`: the file whose removal is asked for."""

    ganti = public_id(load_default=None)
    hapus = public_id(load_default=None)


@bp.get("/dosir/<syarat>/<region:wilayah>")
def slot(syarat: str, wilayah: str) -> ResponseReturnValue:
    asked = question(SlotQuery())
    with services().sessions.read() as session:
        return _page(session, syarat, wilayah, removing=asked["hapus"], replacing=asked["ganti"])


@bp.post("/berkas/<id:file_id>/hapus")
def withdraw(file_id: str) -> ResponseReturnValue:
    """Take a file out of the dossier, with the reason; it stays and can be brought again."""
    reason = request.form.get("alasan", "").strip()[:LONGEST_REASON]
    if not reason:
        with services().sessions.read() as session:
            file = access.may_change_file(session, actor(), file_id)
            syarat, wilayah = file.requirement.code, file.region.code
            page = _page(session, syarat, wilayah, removing=file_id, unreasoned=True)
        return page, 422
    with services().sessions.begin() as session:
        file = access.may_change_file(session, actor(), file_id)
        files.withdraw(session, file, actor=actor().actor, reason=reason, now=now())
        target = _address(file)
    flash(_("Berkas dikeluarkan dari dosir. Berkas tetap tersimpan; pulihkan di bawah bila keliru."),
          "success")  # fmt: skip
    return redirect(target, 303)


@bp.post("/berkas/<id:file_id>/pulihkan")
def restore(file_id: str) -> ResponseReturnValue:
    """Undo: the file counts again."""
    with services().sessions.begin() as session:
        file = access.may_change_file(session, actor(), file_id)
        files.restore(session, file, actor=actor().actor, now=now())
        target = _address(file)
    flash(_("Berkas dipulihkan dan kembali masuk dosir."), "success")
    return redirect(target, 303)


def _page(
    session: Session,
    syarat: str,
    wilayah: str,
    *,
    removing: str | None = None,
    replacing: str | None = None,
    unreasoned: bool = False,
) -> str:
    participation = own_participation(session)
    requirement = requirement_named(session, participation.election, syarat)
    region = region_of(session, participation.election, wilayah)
    if region.level != requirement.level or not actor().covers(region.code):
        raise NotFound("no such slot")
    listed = files.files_in(
        session, participation, requirement, region, withdrawn=True, limit=MOST
    )  # fmt: skip
    line = coverage(session, participation, requirement, scope=Scope((region.code,)), limit=1)
    return render_template(
        "party/slot.html",
        requirement=requirement,
        region=region,
        line=line[0] if line else None,
        files=[sheet(session, file) for file in listed if file.withdrawn_at is None],
        older=[sheet(session, file) for file in listed if file.withdrawn_at is not None],
        panel=panel(
            session, participation, requirement=requirement, region=region, replaces=replacing
        ),
        is_open=slot_receives(session, participation, requirement, region),
        removing=removing,
        replacing=replacing,
        unreasoned=unreasoned,
    )


def _address(file: ReceivedFile) -> str:
    return url_for("party.slot", syarat=file.requirement.code, wilayah=file.region.code)
