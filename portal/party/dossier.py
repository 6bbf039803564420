"""`/dosir` and `/dosir/<syarat>`: what is needed, what is here, what is missing, and where.

Next station: `/dosir/<syarat>/<wilayah>`, one slot with its files.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue
from marshmallow import fields, validate
from sqlalchemy.orm import Session

from portal.api.fields import region_code
from portal.babel import locale
from portal.context import actor, own_participation, services
from portal.party.blueprint import bp
from portal.party.queue_panel import panel
from portal.party.reading import (
    RegionQuery,
    extension,
    levels_of,
    narrowed,
    provinces_of,
    question,
    receives,
    requirement_named,
)
from portal.words import STATES
from verification import dossier
from verification.checks.reasons import describe
from verification.coverage import SlotLine, coverage
from verification.dossier import Dossier, Line, LineGroup, RowState
from verification.models import Participation, ReceivedFile, Requirement
from verification.outcomes import by_requirement
from verification.reference import Scope, region_of
from verification.schedule import current_round
from verification.slots import is_repair
from verification.states import Outcome

PAGE = 50
STRIDE = 500
SHORT = "kurang"
# Of a requirement the states of its regions are summed up; these are their words.
ROW_WORDS = {
    RowState.EMPTY: "none",
    RowState.INCOMPLETE: "received",
    RowState.REJECTED: "rejected",
    RowState.CHECKING: "checking",
    RowState.COMPLETE: "passed",
    RowState.LOCKED: "locked",
}
SLOT_STATES = tuple(code for code in STATES if code not in ("uploading", "interrupted"))


class DossierQuery(RegionQuery):
    """`kurang=1`: only what is still short, or to be repaired."""

    kurang = fields.Boolean(load_default=False)


class SlotsQuery(RegionQuery):
    """`keadaan`: a state, or `kurang`; `setelah`: code of the last region seen."""

    keadaan = fields.String(validate=validate.OneOf([SHORT, *SLOT_STATES]), load_default=None)
    setelah = region_code(load_default=None)


@bp.get("/dosir")
def task_list() -> ResponseReturnValue:
    asked = question(DossierQuery())
    with services().sessions.read() as session:
        participation = own_participation(session)
        scope = narrowed(actor(), asked["wilayah"])
        listed = dossier.task_list(session, participation, scope)
        results = by_requirement(session, participation, scope)
        repairing = is_repair(session, current_round(session, participation.election))
        asked_for = _asked_for(listed, scope)
        repairs = {code for code, each in results.items() if repairing and each.get(Outcome.BMS)}
        return render_template(
            "party/dossier.html",
            groups=_short(asked_for, repairs) if asked["kurang"] else asked_for,
            dossier=listed,
            short=sum(len(group.rows) for group in _short(asked_for)),
            progress=dossier.progress(session, participation) if scope is None else None,
            places=_names(session, participation, scope),
            provinces=provinces_of(session, participation.election, actor()),
            is_open=receives(session, participation),
            extension=extension(session, participation),
            row_words=ROW_WORDS,
            results=results,
            repairing=repairing,
            asked=asked,
        )


@bp.get("/dosir/<syarat>")
def slots(syarat: str) -> ResponseReturnValue:
    asked = question(SlotsQuery())
    with services().sessions.read() as session:
        participation = own_participation(session)
        requirement = requirement_named(session, participation.election, syarat)
        found = _lines(session, participation, requirement, asked)
        kept = found[:PAGE]
        sends = requirement.level in levels_of(session, participation.election, actor())
        return render_template(
            "party/slots.html",
            requirement=requirement,
            lines=kept,
            reasons=_reasons(session, kept),
            more=kept[-1].region.code if len(found) > PAGE else None,
            line=_standing(session, participation, requirement, asked["wilayah"]),
            provinces=provinces_of(session, participation.election, actor()),
            slot_states=SLOT_STATES,
            row_words=ROW_WORDS,
            panel=panel(session, participation, requirement=requirement) if sends else None,
            is_open=receives(session, participation),
            asked=asked,
        )


def _asked_for(listed: Dossier, scope: Scope | None) -> list[LineGroup]:
    """The groups without what the reader's regions are not asked for."""
    return _with(
        listed.groups, lambda row: bool(scope is None or row.needed or row.present or row.optional)
    )


def _short(groups: list[LineGroup], repairs: Collection[str] = ()) -> list[LineGroup]:
    """What is short of them, or is among `repairs` by its code."""
    return _with(groups, lambda row: row.is_open or row.requirement.code in repairs)


def _with(groups: Iterable[LineGroup], wanted: Callable[[Line], bool]) -> list[LineGroup]:
    kept = [
        LineGroup(name=group.name, rows=tuple(row for row in group.rows if wanted(row)))
        for group in groups
    ]
    return [group for group in kept if group.rows]


def _names(session: Session, participation: Participation, scope: Scope | None) -> list[str]:
    codes = scope.codes if scope is not None else ()
    return [region_of(session, participation.election, code).name for code in codes]


def _standing(
    session: Session, participation: Participation, requirement: Requirement, code: str | None
) -> Line | None:
    rows = dossier.task_list(session, participation, narrowed(actor(), code)).rows
    return next((row for row in rows if row.requirement.code == requirement.code), None)


@dataclass(frozen=True, slots=True)
class _Walk:
    session: Session
    participation: Participation
    requirement: Requirement
    scope: Scope | None

    def stride(self, after: str | None, limit: int, *, only_short: bool) -> list[SlotLine]:
        return coverage(
            self.session, self.participation, self.requirement,
            scope=self.scope, only_missing=only_short, after=after, limit=limit,
        )  # fmt: skip


def _lines(
    session: Session, participation: Participation, requirement: Requirement, asked: dict[str, Any]
) -> list[SlotLine]:
    """One line more than a page holds, when there are more."""
    walk = _Walk(session, participation, requirement, narrowed(actor(), asked["wilayah"]))
    state, after = asked["keadaan"], asked["setelah"]
    if state in (None, SHORT):
        return walk.stride(after, PAGE + 1, only_short=state == SHORT)
    found: list[SlotLine] = []
    while len(found) <= PAGE:
        lines = walk.stride(after, STRIDE, only_short=False)
        found += [line for line in lines if line.state == state]
        if len(lines) < STRIDE:
            break
        after = lines[-1].region.code
    return found[: PAGE + 1]


def _reasons(session: Session, lines: list[SlotLine]) -> dict[str, str]:
    """File id → why the system has refused it."""
    refused = [line.file for line in lines if line.file and line.state == "rejected"]
    if not refused:
        return {}
    rows = session.query(ReceivedFile).where(ReceivedFile.public_id.in_(refused))
    return {
        file.public_id: describe(file.rejection, file.rejection_params, locale()).message
        for file in rows
        if file.rejection
    }
