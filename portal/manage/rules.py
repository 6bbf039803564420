"""`/kelola/aturan`: what member lists are judged by, version after version, and a new one.

Next station: `verification.rosters.prescribed`.
"""

from __future__ import annotations

from datetime import date

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.context import actor, now, services
from portal.manage.blueprint import bp
from verification.errors import RulesNotSound
from verification.reference import current_election
from verification.rosters import prescribed
from verification.rosters.rules import PRESETS


@bp.get("/kelola/aturan")
def member_rules() -> ResponseReturnValue:
    with services().sessions.read() as session:
        election = current_election(session)
        return render_template(
            "manage/rules.html",
            held=prescribed.prescribed(session, election),
            rows=prescribed.versions(session, election),
            presets=list(PRESETS.values()),
        )


@bp.post("/kelola/aturan")
def prescribe_rules() -> ResponseReturnValue:
    """Lists that are imported from now on are judged by these."""
    given = request.form
    try:
        cut_off = date.fromisoformat(given.get("batas", ""))
        minimum_age = int(given.get("umur", ""))
    except ValueError as error:
        raise RulesNotSound("a date and a number were expected") from error
    with services().sessions.begin() as session:
        made = prescribed.prescribe(
            session,
            current_election(session),
            preset=given.get("kecocokan", ""),
            cut_off=cut_off,
            minimum_age=minimum_age,
            barred_occupations=given.get("terlarang", "").splitlines(),
            no_longer_in_office=given.get("mantan", "").splitlines(),
            legal_basis=given.get("dasar", ""),
            actor=actor().actor,
            role=actor().role,
            now=now(),
        )
        said = _("Aturan versi %(number)s berlaku bagi daftar yang dibaca mulai sekarang.",
                 number=made.version)  # fmt: skip
    flash(said, "success")
    return redirect(url_for("manage.member_rules"), 303)
