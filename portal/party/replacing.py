"""`/anggota/<daftar>/pastikan` and `/tetap`: the party's word on a whole list that waits.

Next station: `verification.rosters.confirming`; the block that asks is `party/replacing.html`.
"""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal import access
from portal.context import actor, now, services
from portal.party.blueprint import bp
from portal.roster_view import version_of
from verification.errors import NotFound
from verification.models import RosterVersion
from verification.rosters import confirming


@bp.post("/anggota/<id:list_id>/pastikan")
def confirm_replacing(list_id: str) -> ResponseReturnValue:
    """The version whose numbers were shown takes the place of the one in force."""
    with services().sessions.begin() as session:
        version = _meant(session, list_id)
        taken = confirming.confirm(session, version, actor=actor().actor, now=now())
        number = version.number
    if taken:
        flash(_("Versi %(n)s berlaku sekarang, dan tercatat di riwayat.", n=number), "success")
    else:
        flash(
            _("Daftar yang berlaku sudah berubah sementara itu. Perbedaannya dihitung lagi, lalu "
              "ditanyakan sekali lagi."),
            "info",
        )  # fmt: skip
    return redirect(url_for("party.member_list", list_id=list_id), 303)


@bp.post("/anggota/<id:list_id>/tetap")
def discard_replacing(list_id: str) -> ResponseReturnValue:
    """The version before stays in force, or is again."""
    with services().sessions.begin() as session:
        version = _meant(session, list_id)
        confirming.discard(session, version, actor=actor().actor, now=now())
        number = version.against
    flash(_("Versi %(n)s yang berlaku, dan tercatat di riwayat.", n=number), "success")
    return redirect(url_for("party.member_list", list_id=list_id), 303)


def _meant(session: Session, list_id: str) -> RosterVersion:
    roster = access.may_read_roster_rows(session, actor(), list_id)
    given = request.form.get("versi", "")
    if not (given.isascii() and given.isdigit() and len(given) < 6):
        raise NotFound("version of a list")
    return version_of(session, roster, int(given))
