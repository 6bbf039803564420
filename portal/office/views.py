"""Supervisors: how offices stand, what waits for a chief, publishing, the office's journal.

Next station: `verification.queue`, `verification.publication`, `verification.journal`.
"""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal import access
from portal.api.fields import row_key
from portal.auth import guards
from portal.context import actor, now, own_office, services
from portal.desk import moves
from portal.desk.moves import Hand
from portal.formatting import number
from portal.office import rows
from portal.office.blueprint import bp
from portal.office.journal_words import OFFICE_KINDS
from portal.office.people import people_of, verifiers_of
from portal.office.timeline import timeline_of
from portal.refusals import BadInput
from verification import board, corrections, publication, queue, reference, schedule
from verification.duplicates.findings import decided_against
from verification.errors import AlreadyPublished, NotFound, RoundNotReady
from verification.models import Office, Round
from verification.reference import NATION
from verification.states import Role


@bp.get("/pengawas")
def home() -> ResponseReturnValue:
    """One's own office; where there are offices below, all of them as rows."""
    with services().sessions.read() as session:
        if not rows.oversees_others(actor()):
            return _office_page(session, own_office(session))
        round_ = _round(session)
        found, after = rows.offices_page(session, actor(), round_, request.args.get("dari"), now())
        return render_template(
            "office/board.html",
            rows=found,
            after=after,
            round=round_,
            published=publication.publications(session, round_),
        )


@bp.get("/pengawas/kantor/<region:code>")
def office(code: str) -> ResponseReturnValue:
    with services().sessions.read() as session:
        return _office_page(session, access.may_see_office(session, actor(), code))


@bp.get("/pengawas/kantor/<region:code>/butir")
def items(code: str) -> ResponseReturnValue:
    """Items by state, without anybody's data."""
    state = request.args.get("keadaan", "terbuka")
    if state not in rows.STATES:
        raise NotFound("no such state")
    with services().sessions.read() as session:
        found = access.may_see_office(session, actor(), code)
        round_ = _round(session)
        shown, after = rows.items_page(
            session, found, round_, state, request.args.get("dari", 0, row_key)
        )
        return render_template(
            "office/items.html", office=found, round=round_, rows=shown, after=after, state=state,
            counts=board.counts_of(session, [found.id], round_)[found.id],
            acts=_acts(found), people=verifiers_of(session, found) if _acts(found)["revoke"] else (),
        )  # fmt: skip


@bp.post("/pengawas/butir/<id:item_id>/kembalikan")
def give_back(item_id: str) -> ResponseReturnValue:
    """A flagged item goes back into the queue."""
    with services().sessions.begin() as session:
        item = access.may_judge_item(session, actor(), item_id)
        queue.return_to_queue(
            session, item, actor=actor().actor, role=actor().role, now=now(), note=_note()
        )
        code = item.office.code
    flash(_("Butir kembali ke antrean."), "success")
    return redirect(_after_move(code), 303)


@bp.post("/pengawas/butir/<id:item_id>/cabut")
def revoke(item_id: str) -> ResponseReturnValue:
    """Take an item from its holder; whoever claims next gets it first."""
    with services().sessions.begin() as session:
        item = access.may_see_item(session, actor(), item_id)
        queue.revoke(session, item, actor=actor().actor, role=actor().role, now=now(), note=_note())
        code = item.office.code
    flash(_("Klaim dicabut; butir itu menjadi yang berikutnya bagi siapa pun yang mengambil."),
          "success")  # fmt: skip
    return redirect(_after_move(code), 303)


@bp.post("/pengawas/butir/<id:item_id>/serahkan")
def assign(item_id: str) -> ResponseReturnValue:
    """Give a waiting or held item to one of the office's verifiers."""
    with services().sessions.begin() as session:
        item = access.may_see_item(session, actor(), item_id)
        verifier = access.may_be_given(session, item, request.form.get("akun", ""))
        queue.reassign(
            session, item, to_actor=verifier.actor, actor=actor().actor, role=actor().role,
            now=now(), seconds=services().config.lease_seconds,
        )  # fmt: skip
        code, name = item.office.code, verifier.name
    flash(_("Butir diserahkan kepada %(name)s.", name=name), "success")
    return redirect(url_for("office.items", code=code, keadaan="dipegang"), 303)


@bp.post("/pengawas/butir/<id:item_id>/periksa")
def take(item_id: str) -> ResponseReturnValue:
    """A supervisor looks at a flagged item himself."""
    guards.require(Role.SUPERVISOR)
    hand = Hand(who=actor(), now=now(), seconds=services().config.lease_seconds)
    with services().sessions.begin() as session:
        item = access.may_judge_item(session, actor(), item_id)
        moves.take(session, item, own_office(session), hand)
    return redirect(url_for("desk.item", item_id=item_id), 303)


@bp.get("/pengawas/kantor/<region:code>/umumkan")
def confirm(code: str) -> ResponseReturnValue:
    """What publishing would do, before it is done."""
    with services().sessions.read() as session:
        return _confirm_page(session, access.may_run_office(session, actor(), code))


@bp.post("/pengawas/kantor/<region:code>/umumkan")
def publish(code: str) -> ResponseReturnValue:
    try:
        with services().sessions.begin() as session:
            found = access.may_run_office(session, actor(), code)
            done = publication.publish(
                session, found, _round(session),
                actor=actor().actor, role=actor().role, now=now(),
            )  # fmt: skip
            items = done.items
    except (RoundNotReady, AlreadyPublished) as refusal:
        with services().sessions.read() as session:
            page = _confirm_page(
                session, access.may_run_office(session, actor(), code), refused=refusal
            )
        return page, 409
    flash(_("Babak diumumkan: %(count)s butir kini terlihat oleh partai.", count=number(items)),
          "success")  # fmt: skip
    return redirect(url_for("office.office", code=code), 303)


@bp.get("/pengawas/kantor/<region:code>/riwayat")
def journal_page(code: str) -> ResponseReturnValue:
    with services().sessions.read() as session:
        found = access.may_see_office(session, actor(), code)
        chain = access.may_read_chain(session, actor(), found.chain.public_id)
        return render_template(
            "office/journal.html", office=found, line=timeline_of(session, chain, OFFICE_KINDS)
        )


def _office_page(session: Session, found: Office) -> str:
    round_ = _round(session)
    flagged, _more = rows.items_page(session, found, round_, "ditandai", 0)
    held, _more = rows.items_page(session, found, round_, "dipegang", 0)
    return render_template(
        "office/office.html",
        office=found,
        view=board.overview(session, found, actor().actor, now()),
        people=people_of(session, found, now()),
        flagged=flagged,
        held=held,
        unsettled=decided_against(session, found, round_),
        doubts=corrections.doubts(session, found),
        acts=_acts(found),
        runs=actor().role is Role.ADMINISTRATOR or found.id == actor().office_id,
        published=publication.publications(session, round_).get(found.id),
    )


def _confirm_page(
    session: Session, found: Office, refused: RoundNotReady | AlreadyPublished | None = None
) -> str:
    round_ = _round(session)
    return render_template(
        "office/publish.html",
        office=found,
        round=round_,
        counts=board.counts_of(session, [found.id], round_)[found.id],
        outcomes=rows.outcomes_of(session, found, round_),
        published=publication.publications(session, round_).get(found.id),
        refused=refused,
    )


def _acts(found: Office) -> dict[str, bool]:
    own = actor().role is Role.SUPERVISOR and found.id == actor().office_id
    return {"judge": own, "revoke": own or actor().role is Role.ADMINISTRATOR}


def _round(session: Session) -> Round:
    return schedule.current_round(session, reference.current_election(session))


def _note() -> str | None:
    note = request.form.get("note", "").strip()
    if len(note) > moves.NOTE_LIMIT:
        raise BadInput({_("Catatan"): [_("paling banyak 1.000 huruf")]})
    return note or None


def _after_move(code: str) -> str:
    if actor().role is Role.SUPERVISOR and actor().office_code != NATION:
        return url_for("office.home")
    return url_for("office.office", code=code)
