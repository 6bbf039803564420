"""`/anggota/kartu`: card scans, who has which card, and pairings the party corrects.

Names of pictures and numbers of members are shown to their own party alone, and stand in no address.

Next station: the same pairing is made again when the desk opens a member (`verification.card_scans`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from flask import flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from marshmallow import fields, validate
from sqlalchemy.orm import Session

from portal import access, images
from portal.answers import ANSWERS
from portal.api.fields import public_id
from portal.card_rows import (
    counts,
    coverage_of,
    holders_of,
    list_among,
    lists_of,
    picture_of,
    unpaired,
)
from portal.context import actor, now, own_participation, services
from portal.party.blueprint import bp
from portal.party.reading import CursorQuery, question, slot_receives
from portal.refusals import BadInput
from verification import scan_pairing
from verification.card_coverage import Cards
from verification.card_scans import KINDS
from verification.checks.derived import MEDIA_TYPE
from verification.checks.sizes import ImageKind
from verification.errors import NoSuchMember
from verification.models import Member, Participation, Scan

PAGE = 50
LONGEST_NUMBER = 60


class CardsQuery(CursorQuery):
    """`daftar`: whose members (a list's id); `keadaan`: which of them; `baris`: after which line."""

    daftar = public_id(load_default=None)
    keadaan = fields.String(
        validate=validate.OneOf([each.value for each in Cards]), load_default=Cards.SHORT.value
    )
    baris = fields.Integer(validate=validate.Range(0, 10**9), load_default=0)


@bp.get("/anggota/kartu")
def card_scans() -> ResponseReturnValue:
    asked = question(CardsQuery())
    with services().sessions.read() as session:
        participation = own_participation(session)
        scope = actor().scope
        rows, more = unpaired(
            session, participation, scope, after=int(asked["setelah"]), limit=PAGE
        )
        lists = lists_of(session, participation, scope)
        version = list_among(lists, asked["daftar"])
        holders, next_line = (
            holders_of(session, version, Cards(asked["keadaan"]), after=asked["baris"], limit=PAGE)
            if version
            else ([], None)
        )
        return render_template(
            "party/scans.html",
            pairing=counts(session, participation, scope),
            rows=rows,
            more=more,
            lists=[(roster.public_id, region) for roster, _, region in lists],
            chosen=version.roster.public_id if version else None,
            coverage=coverage_of(session, version) if version else None,
            holders=holders,
            next_line=next_line,
            asked=asked,
        )


@bp.get("/anggota/kartu/<id:file_id>/<int:number>")
def card_scan(file_id: str, number: int) -> ResponseReturnValue:
    """One picture, whose it is, and the form that corrects it."""
    with services().sessions.read() as session:
        return _card_page(session, file_id, number)


@bp.get("/anggota/kartu/<id:file_id>/<int:number>/gambar")
def card_image(file_id: str, number: int) -> ResponseReturnValue:
    """The picture as we drew it anew; what was sent is shown to nobody."""
    with services().sessions.read() as session:
        file = access.may_change_file(session, actor(), file_id)
        scan = scan_pairing.scan_of(session, file, number)
        path = images.drawn(file.public_id, scan.number, ImageKind.CARD)
    response = send_file(path, mimetype=MEDIA_TYPE)
    response.headers["Cache-Control"] = "private, no-store"
    return response


@bp.post("/anggota/kartu/<id:file_id>/<int:number>/pasangkan")
def pair_card(file_id: str, number: int) -> ResponseReturnValue:
    kind = request.form.get("jenis", "")
    member = request.form.get("anggota", "").strip()[:LONGEST_NUMBER]
    if kind not in KINDS:
        raise BadInput({"jenis": [_("Pilih jenis kartunya.")]})
    try:
        with services().sessions.begin() as session:
            file = access.may_change_file(session, actor(), file_id)
            scan_pairing.pair(
                session, file, number, kind=kind, member=member, scope=actor().scope,
                actor=actor().actor, keys=services().field_keys, now=now(),
            )  # fmt: skip
    except NoSuchMember:
        with services().sessions.read() as session:
            return _card_page(session, file_id, number, unknown=True), 422
    flash(_("Pasangan kartu dibetulkan dan dicatat di riwayat."), "success")
    return redirect(url_for("party.card_scan", file_id=file_id, number=number), 303)


@bp.post("/anggota/kartu/<id:file_id>/<int:number>/tarik")
def withdraw_card(file_id: str, number: int) -> ResponseReturnValue:
    with services().sessions.begin() as session:
        file = access.may_change_file(session, actor(), file_id)
        scan_pairing.withdraw_scan(session, file, number, actor=actor().actor, now=now())
    flash(_("Gambar ditarik: tidak dipakai untuk siapa pun. Gambar tetap tersimpan."), "success")
    return redirect(url_for("party.card_scan", file_id=file_id, number=number), 303)


@bp.post("/anggota/kartu/<id:file_id>/<int:number>/nama")
def follow_card_name(file_id: str, number: int) -> ResponseReturnValue:
    with services().sessions.begin() as session:
        file = access.may_change_file(session, actor(), file_id)
        scan_pairing.follow_name(
            session, file, number, actor=actor().actor, keys=services().field_keys, now=now()
        )
    flash(_("Nama berkasnya berlaku lagi."), "success")
    return redirect(url_for("party.card_scan", file_id=file_id, number=number), 303)


def _card_page(session: Session, file_id: str, number: int, *, unknown: bool = False) -> str:
    file = access.may_change_file(session, actor(), file_id)
    scan = scan_pairing.scan_of(session, file, number)
    twin = scan_pairing.same_as(session, [scan]).get(scan.id)
    return render_template(
        "party/scan.html",
        picture=picture_of(scan, file, twin),
        twin=twin,
        holder=_holder_of(session, file.participation, scan),
        chosen=scan_pairing.is_chosen(session, scan),
        kinds=KINDS,
        is_open=slot_receives(session, file.participation, file.requirement, file.region),
        unknown=unknown,
        why=ANSWERS[NoSuchMember].sentence,
        given=request.form.get("anggota", "") if unknown else "",
        given_kind=request.form.get("jenis", scan.kind),
    )


def _holder_of(session: Session, participation: Participation, scan: Scan) -> Member | None:
    """The member of a list in force that the picture counts for."""
    if scan.withdrawn or scan.kind not in KINDS:
        return None
    keys = services().field_keys
    for number in _numbers(scan):
        with suppress(NoSuchMember):
            return scan_pairing.find_member(session, participation, number, actor().scope, keys)
    return None


def _numbers(scan: Scan) -> Iterator[str]:
    if scan.kta_number:
        yield scan.kta_number
    if scan.nik:
        yield services().field_keys.decipher(scan.nik, scan.key_id or "")
