"""`/pengawas/…/koreksi`: published results that a later duplicate has overtaken, corrected by two chiefs.

Next station: `verification.corrections`.
"""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import access
from portal.context import actor, now, services
from portal.office.blueprint import bp
from portal.refusals import BadInput
from verification import corrections
from verification.errors import ReasonRequired
from verification.reference import current_election, reason_codes
from verification.slots import MEMBER
from verification.states import Outcome


@bp.get("/pengawas/kantor/<region:code>/koreksi")
def doubts(code: str) -> ResponseReturnValue:
    """Results at MS whose member another party has as well, and what can be done about each."""
    with services().sessions.read() as session:
        found = access.may_run_office(session, actor(), code)
        return render_template(
            "office/corrections.html",
            office=found,
            rows=corrections.doubts(session, found),
            reasons=reason_codes(session, current_election(session), MEMBER, Outcome.TMS),
            limit=corrections.REFERENCE_LIMIT,
        )


@bp.post("/pengawas/butir/<id:item_id>/koreksi")
def propose(item_id: str) -> ResponseReturnValue:
    with services().sessions.begin() as session:
        item = access.may_run_item(session, actor(), item_id)
        try:
            corrections.propose(
                session, item,
                reason=request.form.get("alasan", ""), reference=request.form.get("acuan", ""),
                actor=actor().actor, role=actor().role, now=now(),
            )  # fmt: skip
        except ReasonRequired as error:
            raise BadInput(
                {_("Koreksi"): [_("pilih alasan dan tulis nomor berita acara")]}
            ) from error
        code = item.office.code
    flash(_("Koreksi diusulkan; orang kedua mengesahkannya."), "success")
    return redirect(url_for("office.doubts", code=code), 303)


@bp.post("/pengawas/koreksi/<id:correction_id>/sahkan")
def confirm_correction(correction_id: str) -> ResponseReturnValue:
    with services().sessions.begin() as session:
        correction = access.may_correct(session, actor(), correction_id)
        item = corrections.confirm(
            session, correction, actor=actor().actor, role=actor().role, now=now()
        )
        code = item.office.code
    flash(_("Koreksi disahkan: partai kini melihat TMS dengan alasannya."), "success")
    return redirect(url_for("office.doubts", code=code), 303)


@bp.post("/pengawas/koreksi/<id:correction_id>/batalkan")
def drop_correction(correction_id: str) -> ResponseReturnValue:
    with services().sessions.begin() as session:
        correction = access.may_correct(session, actor(), correction_id)
        corrections.drop(session, correction, actor=actor().actor, role=actor().role, now=now())
        code = correction.item.office.code
    flash(_("Usul koreksi dibatalkan."), "success")
    return redirect(url_for("office.doubts", code=code), 303)
