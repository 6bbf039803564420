"""Member lists: sent = stored + rejected, the rejected rows to download, columns to confirm."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields, validate
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import access
from portal.actors import PARTY_ROLES
from portal.api.calls import EVERYBODY, Calls, Nothing, Page, PageQuery
from portal.api.fields import Moment, Text, cursor_of
from portal.api.files import ReasonBody
from portal.babel import locale
from portal.context import actor, now, own_participation, services
from portal.credentials import ApiScope
from portal.roster_view import (
    RosterView,
    rejected_csv,
    rejected_xlsx,
    version_of,
    view_of,
    waiting_view,
)
from verification import files
from verification.checks.reasons import describe
from verification.errors import DossierLocked, NotFound, ReasonRequired
from verification.models import Member, Roster
from verification.models.process import Purpose
from verification.rosters.rejected import rejected_rows
from verification.rosters.texts import problems_of_warnings
from verification.rosters.versions import confirm_columns
from verification.rosters.work import named_in_words

calls = Calls("rosters")


class VersionSchema(Schema):
    """One import of a list. Added, removed and changed: members against the version before."""

    number = fields.Integer()
    file = fields.String(attribute="file.public_id")
    stage = fields.String()
    sent = fields.Integer(allow_none=True)
    stored = fields.Integer(allow_none=True)
    rejected = fields.Integer(allow_none=True)
    warned = fields.Integer(allow_none=True)
    repeated = fields.Integer(allow_none=True)
    added = fields.Integer(allow_none=True)
    removed = fields.Integer(allow_none=True)
    changed = fields.Integer(allow_none=True)
    rows_digest = fields.String(allow_none=True)
    created_at = Moment()
    done_at = Moment(allow_none=True)


class RosterSchema(Schema):
    """A list. `stage`: stored, reading, checked, saving, comparing, done, failed.

    `position`: the import's place in line, 0 when it does not wait. `ask`: columns to confirm.
    `receipt`: serial of the signed counts of `version`, for `GET receipts/{serial}`.
    """

    id = fields.String()
    requirement = fields.String()
    region = fields.String()
    file = fields.String()
    stage = fields.String()
    position = fields.Integer()
    version = fields.Integer(allow_none=True)
    sent = fields.Integer(allow_none=True)
    stored = fields.Integer(allow_none=True)
    rejected = fields.Integer(allow_none=True)
    warned = fields.Integer(allow_none=True)
    receipt = fields.String(allow_none=True)
    reason = fields.String(allow_none=True)
    reason_code = fields.String(allow_none=True)
    repair = fields.String(allow_none=True)
    ask = fields.Dict(allow_none=True)
    withdrawn_at = Moment(allow_none=True)
    versions = fields.List(fields.Nested(VersionSchema))


class VersionQuery(PageQuery):
    version = fields.Integer(validate=validate.Range(1, 10_000), load_default=None)


class ExportQuery(Schema):
    version = fields.Integer(validate=validate.Range(1, 10_000), load_default=None)


class ProblemRowSchema(Schema):
    """One thing wrong with a row; `value` is the cell as it was sent."""

    code = fields.String()
    severity = fields.String()
    column = fields.String()
    value = fields.String()
    message = fields.String()
    repair = fields.String()


class RejectedRowSchema(Schema):
    """A rejected row; send it again with its `row_ref` and it is known."""

    line = fields.Integer()
    row_ref = fields.String()
    problems = fields.List(fields.Nested(ProblemRowSchema))


class WarnedRowSchema(Schema):
    """A stored row with what was noticed."""

    line = fields.Integer()
    row_ref = fields.String()
    name = fields.String()
    problems = fields.List(fields.Nested(ProblemRowSchema))


class ColumnsBody(Schema):
    """Field → number of its column, from 0; the fields are named in `ask`."""

    columns = fields.Dict(
        keys=Text(validate=validate.Length(1, 40)),
        values=fields.Integer(validate=validate.Range(0, 500), strict=True),
        required=True,
        validate=validate.Length(1, 60),
    )


@calls.read("/rosters", summary="The party's member lists", roles=PARTY_ROLES,
            scope=ApiScope.READ, query=PageQuery, reply=RosterSchema, paged=True,
            refusals=(NotFound,))  # fmt: skip
def list_rosters(session: Session, query: dict[str, Any]) -> Page:
    """Within the account's regions; a list whose import has not begun is under `GET files`."""
    party = own_participation(session)
    wanted = (
        select(Roster)
        .where(Roster.participation_id == party.id, Roster.id > cursor_of(query))
        .order_by(Roster.id)
        .limit(query["limit"] + 1)
    )
    scope = actor().scope
    if scope is not None:
        wanted = wanted.where(Roster.region_id.in_(scope.region_ids(party.election)))
    rows = list(session.scalars(wanted))
    kept = rows[: query["limit"]]
    more = kept[-1].id if len(rows) > len(kept) else None
    return Page([_spelled(view_of(session, row)) for row in kept], more)


@calls.read("/rosters/<id:roster_id>", summary="One member list", roles=EVERYBODY,
            scope=ApiScope.READ, also=ApiScope.UPLOAD, reply=RosterSchema, refusals=(NotFound,))  # fmt: skip
def show_roster(session: Session, roster_id: str) -> Any:
    """By its own id, or by the id of its file, which is there first."""
    try:
        view = view_of(session, access.may_see_roster(session, actor(), roster_id))
    except NotFound:
        file = access.may_see_file(session, actor(), roster_id)
        if file.purpose != Purpose.ROSTER.value:
            raise
        view = waiting_view(session, file)
    return _spelled(view)


@calls.read("/rosters/<id:roster_id>/rejected", summary="Rejected rows", roles=PARTY_ROLES,
            scope=ApiScope.READ, query=VersionQuery, reply=RejectedRowSchema, paged=True,
            refusals=(NotFound,))  # fmt: skip
def list_rejected(session: Session, roster_id: str, query: dict[str, Any]) -> Page:
    roster = access.may_read_roster_rows(session, actor(), roster_id)
    version = version_of(session, roster, query["version"])
    found = list(
        rejected_rows(
            session, services().field_keys, version, locale(),
            after=cursor_of(query), limit=query["limit"] + 1,
        )
    )  # fmt: skip
    kept = found[: query["limit"]]
    names = ("code", "severity", "column", "message", "repair")
    rows = [
        {
            "line": row.line,
            "row_ref": row.row_ref,
            "problems": [
                {**{name: getattr(each, name) for name in names}, "value": row.value(each)}
                for each in row.problems
            ],
        }
        for row in kept
    ]
    return Page(rows, kept[-1].line if len(found) > len(kept) else None)


@calls.read("/rosters/<id:roster_id>/rejected.csv", summary="Rejected rows as CSV",
            roles=PARTY_ROLES, scope=ApiScope.READ, query=ExportQuery, media="text/csv",
            refusals=(NotFound,))  # fmt: skip
def export_rejected_csv(session: Session, roster_id: str, query: dict[str, Any]) -> Response:
    """Correct the original columns and upload the file as it is: `row_ref` says which row is meant."""
    roster = access.may_read_roster_rows(session, actor(), roster_id)
    return rejected_csv(services(), version_of(session, roster, query["version"]), locale())


@calls.read("/rosters/<id:roster_id>/rejected.xlsx", summary="Rejected rows as a workbook",
            roles=PARTY_ROLES, scope=ApiScope.READ, query=ExportQuery,
            media="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            refusals=(NotFound,))  # fmt: skip
def export_rejected_xlsx(session: Session, roster_id: str, query: dict[str, Any]) -> Response:
    """Text cells throughout, so that no spreadsheet makes numbers of NIK again."""
    roster = access.may_read_roster_rows(session, actor(), roster_id)
    version = version_of(session, roster, query["version"])
    return rejected_xlsx(session, services(), version, locale())


@calls.read("/rosters/<id:roster_id>/warnings", summary="Stored rows with warnings",
            roles=PARTY_ROLES, scope=ApiScope.READ, query=VersionQuery, reply=WarnedRowSchema,
            paged=True, refusals=(NotFound,))  # fmt: skip
def list_warnings(session: Session, roster_id: str, query: dict[str, Any]) -> Page:
    roster = access.may_read_roster_rows(session, actor(), roster_id)
    version = version_of(session, roster, query["version"])
    rows = list(
        session.scalars(
            select(Member)
            .where(
                Member.version_id == version.id,
                Member.warnings != 0,
                Member.line > cursor_of(query),
            )
            .order_by(Member.line)
            .limit(query["limit"] + 1)
        )
    )
    kept = rows[: query["limit"]]
    named = named_in_words(session, version.id)
    warned = [
        {
            "line": row.line,
            "row_ref": row.row_ref,
            "name": row.name,
            "problems": problems_of_warnings(row.warnings, locale(), named),
        }
        for row in kept
    ]
    return Page(warned, kept[-1].line if len(rows) > len(kept) else None)


@calls.write("POST", "/rosters/<id:roster_id>/columns", summary="Say which column is which",
             roles=PARTY_ROLES, scope=ApiScope.UPLOAD, body=ColumnsBody, reply=RosterSchema,
             refusals=(NotFound,))  # fmt: skip
def confirm_roster_columns(session: Session, roster_id: str, body: dict[str, Any]) -> Any:
    """For a list whose columns were unclear (`ask`); the import starts again."""
    roster = access.may_read_roster_rows(session, actor(), roster_id)
    view = view_of(session, roster)
    if view.shown is None:
        raise NotFound("version of a list")
    confirm_columns(session, view.shown, body["columns"], now())
    return _spelled(view_of(session, roster))


@calls.write("POST", "/rosters/<id:roster_id>/withdraw", summary="Take a whole list back",
             roles=PARTY_ROLES, scope=ApiScope.UPLOAD, body=ReasonBody, reply=RosterSchema,
             idempotent=True, refusals=(NotFound, ReasonRequired, DossierLocked))  # fmt: skip
def withdraw_list(session: Session, roster_id: str, body: dict[str, Any]) -> Any:
    roster = access.may_read_roster_rows(session, actor(), roster_id)
    files.withdraw_roster(session, roster, actor=actor().actor, reason=body["reason"], now=now())
    return _spelled(view_of(session, roster))


@calls.write("POST", "/rosters/<id:roster_id>/restore", summary="Bring a withdrawn list again",
             roles=PARTY_ROLES, scope=ApiScope.UPLOAD, body=Nothing, reply=RosterSchema,
             idempotent=True, refusals=(NotFound, DossierLocked))  # fmt: skip
def restore_list(session: Session, roster_id: str) -> Any:
    roster = access.may_read_roster_rows(session, actor(), roster_id)
    files.restore_roster(session, roster, actor=actor().actor, now=now())
    return _spelled(view_of(session, roster))


def _spelled(view: RosterView) -> dict[str, Any]:
    file, shown = view.file, view.shown
    words = describe(file.rejection, file.rejection_params, locale()) if file.rejection else None
    counts = ("sent", "stored", "rejected", "warned")
    return {
        "id": view.public_id,
        "requirement": view.requirement.code,
        "region": view.region.code,
        "file": file.public_id,
        "stage": view.stage,
        "position": view.position,
        "version": shown.number if shown else None,
        **{name: getattr(shown, name) if shown else None for name in counts},
        "receipt": view.receipt,
        "reason": words.message if words else None,
        "reason_code": file.rejection,
        "repair": words.repair if words else None,
        "ask": shown.columns.get("ask") if shown and actor().is_party else None,
        "withdrawn_at": view.roster.withdrawn_at if view.roster else None,
        "versions": view.versions,
    }
