"""`/kelola/tahapan`: when each stage is open, and moving it: form, what it does, confirmed.

Made for 23.40 on the last night: every moment stands in WIB, WITA and WIT, the page that is confirmed
carries moments and not lengths of time, and what somebody else changed meanwhile is never overwritten.

Next station: `verification.extending`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.answers import answer_for
from portal.api.fields import PUBLIC_ID
from portal.context import actor, now, services
from portal.formatting import WIB, moment
from portal.manage.blueprint import bp
from portal.office.people import names_of
from portal.page import forget_closing, in_language
from portal.quota import open_uploads
from verification import extending, schedule, windows
from verification.errors import (
    DomainError,
    LegalBasisMissing,
    NotFound,
    Stale,
    WindowClosed,
    WindowNotSound,
    WindowPast,
    WindowShortened,
    WindowUnchanged,
)
from verification.extending import NewTimes
from verification.models import Participation, Stage, Window
from verification.reference import current_election, participation_by_public_id, participations

# Hours that are added with one choice.
STEPS = (1, 2, 24)
REFUSALS = (
    LegalBasisMissing, Stale, WindowNotSound, WindowPast, WindowShortened, WindowUnchanged,
)  # fmt: skip
Given = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRow:
    """A stage with everybody's window and the parties' own (the newest of each), and all before."""

    stage: Stage
    general: Window | None
    own: tuple[Window, ...]
    older: tuple[Window, ...]


@bp.get("/kelola/tahapan")
def stages() -> ResponseReturnValue:
    with services().sessions.read() as session:
        election = current_election(session)
        rows = [_row(session, stage) for stage in schedule.stages(session, election)]
        shown = [row for each in rows for row in (each.general, *each.own, *each.older) if row]
        return render_template(
            "manage/stages.html",
            rows=rows,
            rounds=schedule.rounds(session, election),
            parties=_parties(session),
            names=names_of(session, {row.made_by for row in shown if row.made_by}),
        )


@bp.get("/kelola/tahapan/<stage:code>")
def window_form(code: str) -> ResponseReturnValue:
    with services().sessions.read() as session:
        stage, party = _asked(session, code, request.args.get("bagi", ""))
        return _form(session, stage, party, {})


@bp.post("/kelola/tahapan/<stage:code>")
def move_window(code: str) -> ResponseReturnValue:
    """`langkah`: `lihat` shows what would change, `ubah` goes back with what was typed, `simpan` does it."""
    given = request.form.to_dict()
    step = given.get("langkah", "lihat")
    try:
        if step == "simpan":
            return _move(code, given)
        with services().sessions.read() as session:
            stage, party = _asked(session, code, given.get("bagi", ""))
            if step == "ubah":
                return _form(session, stage, party, given)
            return _preview(session, stage, party, given)
    except REFUSALS as refusal:
        with services().sessions.read() as session:
            stage, party = _asked(session, code, given.get("bagi", ""))
            return _form(session, stage, party, given, refusal), answer_for(refusal).status


def _move(code: str, given: Given) -> ResponseReturnValue:
    with services().sessions.begin() as session:
        stage, party = _asked(session, code, given.get("bagi", ""))
        times = _times(session, stage, party, given)
        who = actor()
        made = extending.move(
            session, times, seen=_seen(given), actor=who.actor, role=who.role, now=now()
        )
        said = _("%(stage)s, %(whom)s: ditutup %(at)s. Jam di semua halaman mengikuti dalam satu menit.",
                 stage=in_language(stage, "name"), whom=party.party.name if party else _("semua partai"),
                 at=moment(made.closes_at))  # fmt: skip
    forget_closing()
    flash(said, "success")
    return redirect(url_for("manage.stages"), 303)


def _preview(
    session: Session, stage: Stage, party: Participation | None, given: Given
) -> ResponseReturnValue:
    times = _times(session, stage, party, given)
    if windows.revision(session, stage) != _seen(given):
        raise Stale("the stage's windows have changed")
    effect = extending.effect_of(session, times, now())
    return render_template(
        "manage/window_preview.html",
        stage=stage,
        party=party,
        effect=effect,
        running=open_uploads(session, [each.id for each in effect.touched], now()),
        seen=_seen(given),
        opened=effect.was is not None and effect.was.opens_at <= now(),
        fields=_fixed(times),
    )


def _form(
    session: Session,
    stage: Stage,
    party: Participation | None,
    given: Given,
    refusal: DomainError | None = None,
) -> str:
    held = _held(session, stage, party)
    typed = _fixed_of(held) | given
    # Who was told that it is not so any more decides anew, on what stands on the page now.
    return render_template(
        "manage/window.html",
        stage=stage,
        party=party,
        held=held,
        opened=held is not None and held.opens_at <= now(),
        quick=[(hours, _later(held, hours)) for hours in STEPS] if held else [],
        parties=participations(session, current_election(session)),
        own={row.participation_id for row in windows.versions(session, stage)},
        given=typed,
        chosen=given.get("tutup", ""),
        seen=windows.revision(session, stage),
        refusal=answer_for(refusal) if refusal else None,
        at="dasar" if isinstance(refusal, LegalBasisMissing) else "tutup",
    )


def _asked(session: Session, code: str, party: str) -> tuple[Stage, Participation | None]:
    election = current_election(session)
    stage = windows.stage_by_code(session, election, code)
    if not party:
        return stage, None
    if not re.fullmatch(PUBLIC_ID, party):
        raise NotFound("participation")
    return stage, participation_by_public_id(session, party, election)


def _times(session: Session, stage: Stage, party: Participation | None, given: Given) -> NewTimes:
    """What the form says. Raises WindowNotSound for what cannot be read."""
    held = _held(session, stage, party)
    opens_at = None
    try:
        grace = int(given.get("tenggang", "")) * 60
        if given.get("buka_tanggal"):
            opens_at = _moment(given, "buka_tanggal", "buka_jam")
        closes_at = _close(given, held)
    except (ValueError, OverflowError, StopIteration) as error:
        raise WindowNotSound("a choice, a date and a time were expected") from error
    return NewTimes(
        stage=stage,
        participation=party,
        closes_at=closes_at,
        opens_at=opens_at,
        grace_seconds=grace,
        legal_basis=given.get("dasar", ""),
    )


def _close(given: Given, held: Window | None) -> datetime:
    chosen = given.get("tutup", "")
    if held is not None and chosen.isascii() and chosen.isdigit():
        return _later(held, next(hours for hours in STEPS if str(hours) == chosen))
    closes_at = _moment(given, "tanggal", "jam")
    if not chosen and held is not None and closes_at == held.closes_at:
        raise ValueError("nothing was chosen")
    return closes_at


def _moment(given: Given, day: str, clock: str) -> datetime:
    """A date and a time of WIB; people without a clock field write 23.59."""
    at = time.fromisoformat(given.get(clock, "").strip().replace(".", ":"))
    return datetime.combine(date.fromisoformat(given.get(day, "").strip()), at, tzinfo=WIB)


def _later(held: Window, hours: int) -> datetime:
    """So much after the close that holds; after this minute when that would have passed too."""
    later = held.closes_at + timedelta(hours=hours)
    this_minute = now().replace(second=0, microsecond=0)
    return later if later > now() else this_minute + timedelta(hours=hours)


def _fixed(times: NewTimes) -> dict[str, str]:
    """The form's fields with moments in place of choices."""
    fields = _day_and_clock(times.closes_at, "tanggal", "jam")
    if times.opens_at is not None:
        fields |= _day_and_clock(times.opens_at, "buka_tanggal", "buka_jam")
    basis = times.legal_basis.strip()
    grace = str(times.grace_seconds // 60)
    return fields | {"tutup": "lain", "tenggang": grace, "dasar": basis}


def _fixed_of(held: Window | None) -> dict[str, str]:
    if held is None:
        return {"tenggang": "0"}
    fields = _day_and_clock(held.closes_at, "tanggal", "jam")
    if held.opens_at > now():
        fields |= _day_and_clock(held.opens_at, "buka_tanggal", "buka_jam")
    return fields | {"tenggang": str(-(-held.grace_seconds // 60))}


def _day_and_clock(at: datetime, day: str, clock: str) -> dict[str, str]:
    here = at.astimezone(WIB)
    return {day: f"{here:%Y-%m-%d}", clock: f"{here:%H.%M.%S}".removesuffix(".00")}


def _seen(given: Given) -> int:
    text = given.get("terlihat", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def _held(session: Session, stage: Stage, party: Participation | None) -> Window | None:
    try:
        return schedule.window_for(session, stage, party)
    except WindowClosed:
        return None


def _row(session: Session, stage: Stage) -> StageRow:
    every = windows.versions(session, stage)
    newest: dict[int | None, Window] = {}
    for row in every:
        newest.setdefault(row.participation_id, row)
    return StageRow(
        stage=stage,
        general=newest.get(None),
        own=tuple(row for party, row in newest.items() if party is not None),
        older=tuple(row for row in every if newest[row.participation_id] is not row),
    )


def _parties(session: Session) -> dict[Any, Participation]:
    return {row.id: row for row in participations(session, current_election(session))}
