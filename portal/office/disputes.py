"""`/keberatan`: citizens who say that they are no members, before the office of their kabupaten/kota.

The list names nobody. Opening one shows who objects and which row it is about, and is logged; so is every
step, in the office's journal and in the party's.

Next station: `verification.disputes.handling`.
"""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import access, dispute_words
from portal.api.fields import row_key
from portal.context import actor, now, own_office, services
from portal.member_facts import facts_of
from portal.office.blueprint import bp
from portal.refusals import BadInput
from verification.disputes import filing, handling
from verification.disputes.states import DisputeAction, DisputeState, possible
from verification.errors import ReasonRequired
from verification.models import Participation
from verification.states import Role

PAGE = 50


@bp.get("/keberatan")
def disputes() -> ResponseReturnValue:
    """Those of one's own office, an administrator's all: what waits first, or what has ended."""
    is_open = request.args.get("keadaan") != "selesai"
    ticket = filing.plain(request.args.get("nomor", ""))
    with services().sessions.read() as session:
        office = None if actor().role is Role.ADMINISTRATOR else own_office(session)
        found = handling.before_office(
            session, office, is_open=is_open, ticket=ticket,
            after_key=request.args.get("dari", 0, row_key), limit=PAGE + 1,
        )  # fmt: skip
        kept = found[:PAGE]
        return render_template(
            "office/disputes.html", office=office, rows=kept, is_open=is_open, ticket=ticket,
            more=kept[-1].id if len(found) > len(kept) else None,
            states=dispute_words.STATES, spelled=filing.spelled,
        )  # fmt: skip


@bp.get("/keberatan/<id:dispute_id>")
def dispute(dispute_id: str) -> ResponseReturnValue:
    """Who objects and to which row; the reading is logged."""
    keys = services().field_keys
    with services().sessions.begin() as session:
        found = access.may_handle_dispute(session, actor(), dispute_id)
        member = handling.opened(session, found, actor=actor().actor, now=now())
        return render_template(
            "office/dispute.html",
            row=found,
            party=session.get_one(Participation, found.participation_id).party.name,
            person=filing.person_of(keys, found.objection),
            member=facts_of(member, keys, clear=True),
            listed=handling.is_listed(session, keys, found),
            possible=possible(DisputeState(found.state)),
            states=dispute_words.STATES,
            actions=dispute_words.ACTIONS,
            ticket=filing.spelled(found.objection.ticket),
            limit=handling.REFERENCE_LIMIT,
        )


@bp.post("/keberatan/<id:dispute_id>")
def dispute_step(dispute_id: str) -> ResponseReturnValue:
    word = request.form.get("langkah", "")
    if word not in set(DisputeAction):
        raise BadInput({_("Langkah"): [_("pilih salah satu tombol")]})
    with services().sessions.begin() as session:
        found = access.may_handle_dispute(session, actor(), dispute_id)
        try:
            handling.move(
                session, services().field_keys, found, DisputeAction(word),
                reference=request.form.get("acuan", ""), actor=actor().actor, role=actor().role,
                now=now(), days=services().config.objection_outcome_days,
            )  # fmt: skip
        except ReasonRequired as error:
            raise BadInput({_("Acuan"): [_("tulis nomor berita acara atau surat")]}) from error
        state = dispute_words.STATES[found.state]
    flash(_("Dicatat: %(state)s.", state=state), "success")
    return redirect(url_for("office.dispute", dispute_id=dispute_id), 303)
