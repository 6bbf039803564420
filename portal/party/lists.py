"""`/anggota`: the member lists, and one list with its stage, counts, rejected rows and versions.

Next station: a correction goes to `/files/` with `corrects`; `verification.rosters.merging` joins it.
"""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from marshmallow import fields, validate
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import access
from portal.babel import locale
from portal.card_rows import counts
from portal.context import actor, now, own_participation, services
from portal.dispute_words import STATES
from portal.party.blueprint import bp
from portal.party.list_rows import TABS, counts_of, rows_of
from portal.party.queue_panel import panel
from portal.party.reading import CursorQuery, question, receives, slot_receives
from portal.refusals import BadInput
from portal.roster_view import (
    RosterView,
    list_receipt,
    version_of,
    view_of,
    waiting_view,
)
from verification import files, jobs
from verification.checks.reasons import describe
from verification.disputes.handling import of_party
from verification.duplicates.told import external_rows
from verification.errors import NotFound
from verification.jobs import JobKind
from verification.models import Participation, ReceivedFile, Roster, RosterVersion
from verification.models.process import Purpose
from verification.outcomes import failed_by_list
from verification.reference import requirements
from verification.rosters.columns import COLUMNS
from verification.rosters.versions import UNCLEAR, confirm_columns
from verification.schedule import current_round
from verification.slots import is_repair, members_to_repair
from verification.states import FileState, ListStage

PAGE = 50
# Objections that stand above the lists; the others have a page.
FEW = 10
LONGEST_REASON = 400
FINAL = tuple(stage.value for stage in ListStage if stage.is_over)


class ListQuery(CursorQuery):
    """`tab`: ditolak, peringatan, ganda; `versi`: a number, else the current version."""

    tab = fields.String(validate=validate.OneOf(TABS), load_default=TABS[0])
    versi = fields.Integer(validate=validate.Range(1, 10_000), load_default=None)


@bp.get("/anggota")
def member_lists() -> ResponseReturnValue:
    asked = question(CursorQuery())
    with services().sessions.read() as session:
        participation = own_participation(session)
        rows = _rosters(session, participation, int(asked["setelah"]))
        kept = rows[:PAGE]
        first = int(asked["setelah"]) == 0
        return render_template(
            "party/lists.html",
            views=[view_of(session, row) for row in kept],
            waiting=_waiting(session, participation) if first else [],
            more=kept[-1].id if len(rows) > len(kept) else None,
            scans=counts(session, participation, actor().scope),
            requirement=_requirement(session, participation),
            is_open=receives(session, participation),
            failed=failed_by_list(session, participation, [row.id for row in kept]),
            disputes=of_party(session, participation, actor().scope, limit=FEW + 1)
            if first
            else [],
            few=FEW,
            dispute_words=STATES,
        )


@bp.get("/anggota/<id:list_id>")
def member_list(list_id: str) -> ResponseReturnValue:
    """By its own id, or by the id of its file, which is there first."""
    asked = question(ListQuery())
    with services().sessions.read() as session:
        return _page(session, list_id, asked)


@bp.post("/anggota/<id:list_id>/kolom")
def confirm_list_columns(list_id: str) -> ResponseReturnValue:
    """Which column is which, as the party says; the import starts again by itself."""
    chosen: dict[str, int] = {}
    for name, field in request.form.items():
        if name.startswith("kolom-") and field:
            number = name.removeprefix("kolom-")
            if not (number.isascii() and number.isdigit()) or field in chosen or len(number) > 3:
                raise BadInput({field: [_("kolom yang sama dipilih dua kali")]})
            chosen[field] = int(number)
    with services().sessions.begin() as session:
        roster = access.may_read_roster_rows(session, actor(), list_id)
        view = view_of(session, roster)
        if view.shown is None:
            raise NotFound("version of a list")
        _check_columns(view.shown, chosen)
        confirm_columns(session, view.shown, chosen, now())
    flash(_("Kolom dipastikan. Daftar dibaca lagi; berkas tidak perlu diunggah ulang."), "success")
    return redirect(url_for("party.member_list", list_id=list_id), 303)


@bp.post("/anggota/<id:list_id>/hapus")
def withdraw_list(list_id: str) -> ResponseReturnValue:
    """Take a whole list back, with the reason; it stays and can be brought again."""
    reason = request.form.get("alasan", "").strip()[:LONGEST_REASON]
    if not reason:
        with services().sessions.read() as session:
            page = _page(session, list_id, question(ListQuery()), unreasoned=True)
        return page, 422
    with services().sessions.begin() as session:
        roster = access.may_read_roster_rows(session, actor(), list_id)
        files.withdraw_roster(session, roster, actor=actor().actor, reason=reason, now=now())
    flash(
        _("Daftar dikeluarkan dari dosir. Isinya tetap tersimpan; pulihkan bila keliru."), "success"
    )
    return redirect(url_for("party.member_list", list_id=list_id), 303)


@bp.post("/anggota/<id:list_id>/pulihkan")
def restore_list(list_id: str) -> ResponseReturnValue:
    """Undo: the list counts again."""
    with services().sessions.begin() as session:
        roster = access.may_read_roster_rows(session, actor(), list_id)
        files.restore_roster(session, roster, actor=actor().actor, now=now())
    flash(_("Daftar dipulihkan dan kembali masuk dosir."), "success")
    return redirect(url_for("party.member_list", list_id=list_id), 303)


def _page(
    session: Session, list_id: str, asked: dict[str, Any], *, unreasoned: bool = False
) -> str:
    view = _view(session, list_id)
    participation = own_participation(session)
    version = _version(session, view, asked["versi"])
    rows = rows_of(session, version, asked["tab"], int(asked["setelah"])) if version else None
    # A correction joins what is in force; where nothing is, a whole list is wanted.
    corrects = bool(view.roster and view.roster.current_version_id and not view.roster.withdrawn_at)
    file = view.file
    words = describe(file.rejection, file.rejection_params, locale()) if file.rejection else None
    ask = view.shown.columns.get("ask") if view.shown and file.rejection == UNCLEAR else None
    return render_template(
        "party/list.html",
        view=view,
        version=version,
        corrects=corrects,
        rows=rows,
        receipt=list_receipt(session, version) if version else None,
        signing=bool(view.shown) and view.receipt is None and jobs.is_open(
            session, JobKind.ISSUE_LIST_RECEIPT, file.public_id
        ),
        tab_counts=counts_of(session, version) if version else {},
        twins=external_rows(session, version) if version and asked["tab"] == TABS[2] else [],
        words=words,
        ask=ask,
        columns=COLUMNS,
        final=FINAL,
        # A list that waits for the party's word takes no correction, so there is no queue either.
        panel=None if view.stage == ListStage.WAITING else panel(
            session, participation, requirement=view.requirement, region=view.region,
            corrects=view.roster.public_id if view.roster and corrects else None,
        ),
        is_open=slot_receives(
            session, participation, view.requirement, view.region
        ),
        repair=_repair(session, participation, view),
        failed=failed_by_list(session, participation, [view.roster.id]).get(view.roster.id)
        if view.roster else None,
        asked=asked,
        unreasoned=unreasoned,
    )  # fmt: skip


def _repair(session: Session, participation: Participation, view: RosterView) -> str | None:
    """While members of this list are to be repaired: the address where their scans are renewed."""
    round_ = current_round(session, participation.election)
    region = view.region.code
    if not (
        is_repair(session, round_) and members_to_repair(session, participation, round_, region)
    ):
        return None
    for row in requirements(session, participation.election):
        if row.purpose == Purpose.SCANS.value and row.level == view.region.level:
            return url_for("party.slot", syarat=row.code, wilayah=region)
    return url_for("party.upload")


def _view(session: Session, list_id: str) -> RosterView:
    try:
        return view_of(session, access.may_read_roster_rows(session, actor(), list_id))
    except NotFound:
        file = access.may_change_file(session, actor(), list_id)
        if file.purpose != Purpose.ROSTER.value:
            raise
        return waiting_view(session, file)


def _version(session: Session, view: RosterView, number: int | None) -> RosterVersion | None:
    if view.roster is None:
        return None
    return version_of(session, view.roster, number)


def _check_columns(version: RosterVersion, chosen: dict[str, int]) -> None:
    known = {column.name for column in COLUMNS}
    places = {match["index"] for match in version.columns.get("ask", {}).get("matches", ())}
    wrong = {name: [_("tidak dikenal")] for name in chosen if name not in known}
    wrong |= {name: [_("tidak ada")] for name, place in chosen.items() if place not in places}
    missing = [column for column in COLUMNS if column.needed and column.name not in chosen]
    for column in missing:
        title = column.title_en if locale() == "en" else column.title_id
        wrong[title] = [_("belum dipilih kolomnya")]
    if wrong:
        raise BadInput(wrong)


def _rosters(session: Session, participation: Participation, after: int) -> list[Roster]:
    wanted = (
        select(Roster)
        .where(Roster.participation_id == participation.id, Roster.id > after)
        .order_by(Roster.id)
        .limit(PAGE + 1)
    )
    scope = actor().scope
    if scope is not None:
        wanted = wanted.where(Roster.region_id.in_(scope.region_ids(participation.election)))
    return list(session.scalars(wanted))


def _waiting(session: Session, participation: Participation) -> list[RosterView]:
    """Lists whose file is here and whose import has not begun."""
    unread = select(ReceivedFile).where(
        ReceivedFile.participation_id == participation.id,
        ReceivedFile.purpose == Purpose.ROSTER.value,
        ReceivedFile.state == FileState.RECEIVED.value,
        ReceivedFile.withdrawn_at.is_(None),
        ~select(RosterVersion.id).where(RosterVersion.file_id == ReceivedFile.id).exists(),
    )
    scope = actor().scope
    if scope is not None:
        unread = unread.where(ReceivedFile.region_id.in_(scope.region_ids(participation.election)))
    return [
        waiting_view(session, file)
        for file in session.scalars(unread.order_by(ReceivedFile.id).limit(PAGE))
    ]


def _requirement(session: Session, participation: Participation) -> str | None:
    found = requirements(session, participation.election)
    return next((row.code for row in found if row.purpose == Purpose.ROSTER.value), None)
