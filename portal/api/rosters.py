"""Member lists: sent = stored + rejected, rejected rows, columns to confirm."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import access
from portal.actors import PARTY_ROLES
from portal.api.calls import EVERYBODY, Calls, Nothing, Page, PageQuery
from portal.api.fields import cursor_of
from portal.api.files import ReasonBody
from portal.api.roster_schemas import (
    ColumnsBody,
    RejectedRowSchema,
    RosterSchema,
    VersionQuery,
    WarnedRowSchema,
    spelled,
)
from portal.babel import locale
from portal.context import actor, now, own_participation, services
from portal.credentials import ApiScope
from portal.roster_view import (
    version_of,
    view_of,
    waiting_view,
)
from verification import files
from verification.errors import DossierLocked, NotFound, ReasonRequired
from verification.models import Member, Roster
from verification.models.process import Purpose
from verification.rosters.rejected import rejected_rows
from verification.rosters.texts import problems_of_warnings
from verification.rosters.versions import confirm_columns
from verification.rosters.work import named_in_words

calls = Calls("rosters")


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
    return Page([spelled(view_of(session, row)) for row in kept], more)


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
    return spelled(view)


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
                Member.of(version.id, cursor_of(query)),
                Member.warnings != 0,
            )
            .order_by(Member.id)
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
    return spelled(view_of(session, roster))


@calls.write("POST", "/rosters/<id:roster_id>/withdraw", summary="Take a whole list back",
             roles=PARTY_ROLES, scope=ApiScope.UPLOAD, body=ReasonBody, reply=RosterSchema,
             idempotent=True, refusals=(NotFound, ReasonRequired, DossierLocked))  # fmt: skip
def withdraw_list(session: Session, roster_id: str, body: dict[str, Any]) -> Any:
    roster = access.may_read_roster_rows(session, actor(), roster_id)
    files.withdraw_roster(session, roster, actor=actor().actor, reason=body["reason"], now=now())
    return spelled(view_of(session, roster))


@calls.write("POST", "/rosters/<id:roster_id>/restore", summary="Bring a withdrawn list again",
             roles=PARTY_ROLES, scope=ApiScope.UPLOAD, body=Nothing, reply=RosterSchema,
             idempotent=True, refusals=(NotFound, DossierLocked))  # fmt: skip
def restore_list(session: Session, roster_id: str) -> Any:
    roster = access.may_read_roster_rows(session, actor(), roster_id)
    files.restore_roster(session, roster, actor=actor().actor, now=now())
    return spelled(view_of(session, roster))
