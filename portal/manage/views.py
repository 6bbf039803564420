"""Administration: the first page, the system's journal; the other pages come from the modules beside.

Next station: the topic's module.
"""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from portal import access
from portal.context import actor, services
from portal.manage import accounts, machine, process, rules, windows
from portal.manage.blueprint import bp
from portal.office.journal_words import SYSTEM_KINDS
from portal.office.timeline import timeline_of

__all__ = ["accounts", "bp", "machine", "process", "rules", "windows"]


@bp.get("/kelola")
def home() -> ResponseReturnValue:
    return render_template("manage/home.html")


@bp.get("/kelola/riwayat")
def system_journal() -> ResponseReturnValue:
    with services().sessions.read() as session:
        chain = access.may_read_chain(session, actor())
        return render_template(
            "manage/journal.html", line=timeline_of(session, chain, SYSTEM_KINDS)
        )
