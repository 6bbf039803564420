"""The verifier's desk: `/antrean`, and `/periksa/<butir>` where one item after the other is decided.

Every move is a plain form; a script sends the same form as JSON and swaps the item in place.

Next station: `portal.desk.moves`, and through it `verification.queue` and `verification.decisions`.
"""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal import access, item_sheet
from portal.actors import Actor
from portal.api.desk_schemas import spelled_sheet
from portal.context import actor, now, own_office, services
from portal.desk import moves, settling
from portal.desk.claim import lines_of
from portal.desk.flags import flag_notes
from portal.desk.moves import Hand, Verdict
from portal.refusals import BadInput
from verification import board, decisions, queue
from verification.decisions import PastDecision
from verification.duplicates.steps import Step
from verification.models import Item
from verification.reference import reasons_by_code
from verification.states import ItemState, Outcome, Role

bp = Blueprint("desk", __name__)
RECENT = 10
EARLIER = 4
# So many waiting items are counted, and no more are said.
MOST_COUNTED = 1_000


@bp.get("/antrean")
def line() -> ResponseReturnValue:
    """How the office's queue stands, and the one thing to do: begin."""
    with services().sessions.read() as session:
        office = own_office(session)
        recent = decisions.decided_lately(session, actor().actor, RECENT)
        return render_template(
            "desk/queue.html",
            office=office,
            view=board.overview(session, office, actor().actor, now()),
            held=queue.held_by(session, actor().actor, office, now()),
            recent=recent,
            reason_texts=reasons_by_code(session, recent[0].participation.election)
            if recent
            else {},
        )


@bp.post("/antrean/ambil")
def begin() -> ResponseReturnValue:
    with services().sessions.begin() as session:
        item = moves.take_next(session, own_office(session), _hand())
        return _go_on(session, item)


@bp.get("/periksa/<id:item_id>")
def item(item_id: str) -> ResponseReturnValue:
    """The item; in clear for its holder only. A reading that is not the holder's is logged."""
    with services().sessions.begin() as session:
        found = access.may_see_item(session, actor(), item_id)
        return render_template("desk/item.html", **_parts(session, found))


@bp.post("/periksa/<id:item_id>/keputusan")
def decide(item_id: str) -> ResponseReturnValue:
    """Decide, and have the next item before one's eyes."""
    verdict = _verdict()
    with services().sessions.begin() as session:
        judged = access.may_judge_item(session, actor(), item_id)
        moves.decide(session, judged, verdict, _hand())
        return _go_on(
            session,
            moves.take_next(session, own_office(session), _hand()),
            _("%(outcome)s disimpan.", outcome=verdict.outcome),
        )


@bp.post("/periksa/<id:item_id>/lewati")
def skip(item_id: str) -> ResponseReturnValue:
    with services().sessions.begin() as session:
        found = access.may_judge_item(session, actor(), item_id)
        queue.skip(
            session, found, actor=actor().actor, role=actor().role, now=now(), version=_version()
        )
        following = moves.take_next(session, own_office(session), _hand())
        return _go_on(session, following, _("Dilewati; butir itu kembali di ujung antrean."))


@bp.post("/periksa/<id:item_id>/tandai")
def flag(item_id: str) -> ResponseReturnValue:
    note = _note()
    if not note:
        raise BadInput({_("Catatan"): [_("tulis apa yang harus dilihat pengawas")]})
    with services().sessions.begin() as session:
        found = access.may_judge_item(session, actor(), item_id)
        queue.flag(
            session, found, actor=actor().actor, role=actor().role, now=now(), note=note,
            version=_version(),
        )  # fmt: skip
        following = moves.take_next(session, own_office(session), _hand())
        return _go_on(session, following, _("Diserahkan kepada pengawas."))


@bp.post("/periksa/<id:item_id>/ganda/<id:duplicate_id>")
def settle(item_id: str, duplicate_id: str) -> ResponseReturnValue:
    """One step towards settling a duplicate; the item stays before one's eyes."""
    word, _colon, side = (_text("langkah") or "").partition(":")
    if word not in set(Step) or side not in ("", "mine", "other"):
        raise BadInput({_("Langkah"): [_("pilih salah satu tombol")]})
    reference = _text("acuan") or ""
    with services().sessions.begin() as session:
        found = access.may_judge_item(session, actor(), item_id)
        mine = None if not side else side == "mine"
        settling.take_step(
            session, found, duplicate_id, Step(word), _hand(), mine=mine, reference=reference
        )
        return _go_on(session, found, _("Langkah dicatat."))


@bp.post("/periksa/<id:item_id>/lepas")
def release(item_id: str) -> ResponseReturnValue:
    """Give it back and rest."""
    with services().sessions.begin() as session:
        found = access.may_judge_item(session, actor(), item_id)
        queue.release(session, found, actor=actor().actor, role=actor().role, now=now())
        return _go_on(session, None, _("Butir dilepas dan kembali ke tempatnya di antrean."))


@bp.post("/periksa/<id:item_id>/klaim")
def take(item_id: str) -> ResponseReturnValue:
    """Take this very item: again after a lost lease, or a flagged one as a supervisor."""
    with services().sessions.begin() as session:
        found = access.may_judge_item(session, actor(), item_id)
        return _go_on(session, moves.take(session, found, own_office(session), _hand()))


@bp.post("/periksa/<id:item_id>/urungkan")
def undo(item_id: str) -> ResponseReturnValue:
    with services().sessions.begin() as session:
        found = access.may_judge_item(session, actor(), item_id)
        undone = moves.undo(session, found, own_office(session), _hand())
        return _go_on(session, undone, _("Keputusan diurungkan; silakan putuskan lagi."))


@bp.post("/periksa/<id:item_id>/perpanjang")
def hold(item_id: str) -> ResponseReturnValue:
    """The heartbeat of a desk that is in use."""
    with services().sessions.begin() as session:
        found = access.may_judge_item(session, actor(), item_id)
        held = queue.heartbeat(session, found, actor().actor, now(), _hand().seconds)
        assert held.lease_until is not None
        return jsonify(seconds=int((held.lease_until - now()).total_seconds()))


def _go_on(session: Session, item: Item | None, said: str = "") -> ResponseReturnValue:
    """To the next item, or to the queue when there is none: as a fragment, or by a redirect."""
    if item is None:
        address = url_for("desk.line")
        empty = _("Tidak ada butir yang menunggu. Semua keputusan Anda tersimpan.")
        rests = request.endpoint == "desk.release"
        flash(said if rests else f"{said} {empty}".strip(), "success")
    else:
        address = url_for("desk.item", item_id=item.public_id)
    if not request.is_json:
        return redirect(address, 303)
    if item is None:
        return jsonify(address=address, html=None, said=said)
    session.refresh(item)
    parts = _parts(session, item)
    return jsonify(address=address, html=render_template("desk/_item.html", **parts), said=said)


def _parts(session: Session, item: Item) -> dict[str, Any]:
    wired = services()
    sheet = item_sheet.sheet_of(session, item, actor(), wired.field_keys, now())
    spelled = spelled_sheet(sheet)
    last = decisions.decided_lately(session, actor().actor, 1)
    number = request.args.get("gambar", 1, int)
    shown = next((image for image in sheet.images if image.number == number), None)
    return {
        "sheet": sheet,
        "item": item,
        "lines": lines_of(sheet),
        "notices": spelled["notices"],
        "past": _earlier(sheet.history),
        "flagged": flag_notes(session, item.office, [item]).get(item.public_id),
        "reason_texts": reasons_by_code(session, item.participation.election),
        "offered": {
            outcome: [reason for reason in sheet.reasons if reason.outcome == outcome]
            for outcome in item.round.allowed_outcomes
        },
        "needs_note": decisions.needs_note,
        "shown": shown or (sheet.images[0] if sheet.images else None),
        "last": last[0] if last and last[0].id != item.id else None,
        "left": _left(item, now()) if sheet.clear else None,
        "waiting": board.waiting(session, item.office_id, item.round_id, MOST_COUNTED + 1)
        if sheet.clear
        else None,
        "most_counted": MOST_COUNTED,
        "may_take": _may_take(item, actor()),
    }


def _earlier(history: tuple[PastDecision, ...]) -> list[PastDecision]:
    return list(history[-EARLIER:])


def _left(item: Item, at: Any) -> int:
    assert item.lease_until is not None
    return max(0, int((item.lease_until - at).total_seconds()))


def _may_take(item: Item, who: Actor) -> bool:
    if item.state == ItemState.QUEUED:
        return True
    if item.state == ItemState.CLAIMED:
        return item.holder == who.actor
    return item.state == ItemState.FLAGGED and who.role is Role.SUPERVISOR


def _hand() -> Hand:
    return Hand(who=actor(), now=now(), seconds=services().config.lease_seconds)


def _given() -> dict[str, Any]:
    if not request.is_json:
        return request.form.to_dict()
    body = request.get_json()
    return body if isinstance(body, dict) else {}


def _text(name: str) -> str | None:
    value = _given().get(name)
    return value.strip() or None if isinstance(value, str) else None


def _note() -> str | None:
    note = _text("note")
    if note is not None and len(note) > moves.NOTE_LIMIT:
        raise BadInput({_("Catatan"): [_("paling banyak 1.000 huruf")]})
    return note


def _version() -> int | None:
    text = _text("version")
    return int(text) if text is not None and re.fullmatch("[0-9]{1,9}", text) else None


def _verdict() -> Verdict:
    outcome = _text("outcome")
    if outcome not in set(Outcome):
        raise BadInput({_("Hasil"): [_("pilih MS, BMS, atau TMS")]})
    return Verdict(outcome=outcome, reason=_text("reason"), note=_note(), version=_version())
