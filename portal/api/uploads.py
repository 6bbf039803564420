"""Tickets for a night's queue, open uploads, and the capability URL of one's own.

Status is asked for here, never by HEAD: HEAD takes an upload away from whoever is sending it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from marshmallow import Schema, fields, validate
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import access
from portal.actors import PARTY_ROLES
from portal.api.calls import EVERYBODY, Calls, Nothing, Page, PageQuery
from portal.api.fields import Moment, Text, cursor_of, region_code
from portal.babel import locale
from portal.context import actor, now, own_participation, services
from portal.credentials import ApiScope, issue_ticket
from portal.models import Account, Reservation
from uploads.capability import path_for
from verification.checks.reasons import describe
from verification.errors import NotFound, WindowClosed
from verification.issuing import receipt_of
from verification.models import EarlyWord, ReceivedFile, Region, Requirement
from verification.receipts import Kind
from verification.rosters.early import words_of
from verification.states import FileState

calls = Calls("uploads")


class TicketSchema(Schema):
    """A create-only ticket: `Authorization: Bearer …` on `POST /files/`. Shown once."""

    ticket = fields.String()
    expires_at = Moment()


@calls.write("POST", "/tickets", summary="A ticket for a queue of uploads", roles=PARTY_ROLES,
             scope=ApiScope.UPLOAD, body=Nothing, reply=TicketSchema, status=201,
             refusals=(WindowClosed,))  # fmt: skip
def make_ticket(session: Session) -> Any:
    account = session.get_one(Account, actor().account_id)
    text, ticket = issue_ticket(
        session, account, lifetime=services().config.ticket_lifetime, now=now()
    )
    return {"ticket": text, "expires_at": ticket.expires_at}


class EarlySchema(Schema):
    """What the first 8 MiB of a list say while the rest is on its way; `code` null: nothing wrong."""

    code = fields.String(allow_none=True)
    reason = fields.String(allow_none=True)
    repair = fields.String(allow_none=True)


class UploadSchema(Schema):
    """An upload at every age: open (`uploading`), then the states of its file."""

    id = fields.String()
    state = fields.String()
    offset = fields.Integer(allow_none=True)
    length = fields.Integer()
    requirement = fields.String()
    region = fields.String()
    purpose = fields.String()
    filename = fields.String(allow_none=True)
    fingerprint = fields.String(allow_none=True)
    batch = fields.String(allow_none=True)
    sha256 = fields.String(allow_none=True)
    reason = fields.String(allow_none=True)
    reason_code = fields.String(allow_none=True)
    repair = fields.String(allow_none=True)
    receipt = fields.String(allow_none=True)
    early = fields.Nested(EarlySchema, allow_none=True)
    created_at = Moment()
    expires_at = Moment(allow_none=True)
    finished_at = Moment(allow_none=True)


class UploadsQuery(PageQuery):
    fingerprint = Text(validate=validate.Length(max=64), load_default=None)
    batch = Text(validate=validate.Length(max=64), load_default=None)
    sha256 = Text(validate=validate.Regexp(r"^[0-9a-f]{64}\Z"), load_default=None)
    arrived = Text(validate=validate.Regexp(r"^[0-9a-f]{32}\Z"), load_default=None)
    requirement = Text(validate=validate.Length(max=40), load_default=None)
    region = region_code(load_default=None)


@calls.read("/uploads", summary="Open uploads, newest last", roles=PARTY_ROLES,
            scope=ApiScope.UPLOAD, query=UploadsQuery, reply=UploadSchema, paged=True,
            ticket=True)  # fmt: skip
def list_uploads(session: Session, query: dict[str, Any]) -> Page:
    """One's own; a coordinator sees the whole party's.

    With `sha256` or `arrived` one's own that have arrived and stand, by content or by id, for who lost
    the reply to one.
    """
    if query["sha256"] or query["arrived"]:
        return Page([arrived(session, file) for file in _that_stand(session, query)])
    wanted = (
        select(Reservation)
        .where(
            Reservation.participation_id == own_participation(session).id,
            Reservation.expires_at > now(),
            Reservation.id > cursor_of(query),
        )
        .order_by(Reservation.id)
        .limit(query["limit"] + 1)
    )
    if actor().scope is not None or query["fingerprint"]:
        wanted = wanted.where(Reservation.account_id == actor().account_id)
    for name in ("fingerprint", "batch"):
        if query[name]:
            wanted = wanted.where(getattr(Reservation, name) == query[name])
    rows = list(session.scalars(wanted))
    kept = rows[: query["limit"]]
    more = kept[-1].id if len(rows) > len(kept) else None
    return Page(_open_uploads(session, kept), more)


@calls.read("/uploads/<id:upload_id>", summary="One upload", roles=EVERYBODY,
            scope=ApiScope.READ, also=ApiScope.UPLOAD, reply=UploadSchema, ticket=True,
            refusals=(NotFound,))  # fmt: skip
def show_upload(session: Session, upload_id: str) -> Any:
    try:
        file = access.may_see_file(session, actor(), upload_id)
    except NotFound:
        reservation = access.may_see_upload(session, actor(), upload_id)
        return _open_uploads(session, [reservation])[0]
    return arrived(session, file)


class AddressSchema(Schema):
    """The capability URL's path; whoever holds it may continue the upload."""

    url = fields.String()


@calls.write("POST", "/uploads/<id:upload_id>/url", summary="The URL of an open upload of one's own",
             roles=PARTY_ROLES, scope=ApiScope.UPLOAD, body=Nothing, reply=AddressSchema,
             ticket=True, refusals=(NotFound,))  # fmt: skip
def show_upload_url(session: Session, upload_id: str) -> Any:
    reservation = access.may_see_upload(session, actor(), upload_id)
    if reservation.account_id != actor().account_id:
        raise NotFound("somebody else's upload")
    return {"url": path_for(services().upload_secret, upload_id)}


def arrived(session: Session, file: ReceivedFile) -> dict[str, Any]:
    """A file as an upload: what a client that polls wants to know."""
    receipt = receipt_of(session, Kind.ARRIVAL, file.public_id)
    words = describe(file.rejection, file.rejection_params, locale()) if file.rejection else None
    return {
        "id": file.public_id,
        "state": file.state,
        "offset": file.size,
        "length": file.size,
        "requirement": file.requirement.code,
        "region": file.region.code,
        "purpose": file.purpose,
        "filename": file.filename if actor().is_party else None,
        "batch": file.batch,
        "sha256": file.sha256,
        "reason": words.message if words else None,
        "reason_code": file.rejection,
        "repair": words.repair if words else None,
        "receipt": receipt.serial if receipt else None,
        "created_at": file.created_at,
        "finished_at": file.finished_at,
    }


def _that_stand(session: Session, query: dict[str, Any]) -> Sequence[ReceivedFile]:
    wanted = (
        select(ReceivedFile)
        .join(Requirement, Requirement.id == ReceivedFile.requirement_id)
        .join(Region, Region.id == ReceivedFile.region_id)
        .where(
            ReceivedFile.participation_id == own_participation(session).id,
            ReceivedFile.uploaded_by == actor().actor,
            ReceivedFile.withdrawn_at.is_(None),
            ReceivedFile.state != FileState.REJECTED.value,
        )
        .order_by(ReceivedFile.id)
        .limit(query["limit"])
    )
    for column, name in (
        (ReceivedFile.sha256, "sha256"),
        (ReceivedFile.public_id, "arrived"),
        (Requirement.code, "requirement"),
        (Region.code, "region"),
    ):
        if query[name]:
            wanted = wanted.where(column == query[name])
    return session.scalars(wanted).all()


def _open_uploads(session: Session, rows: Sequence[Reservation]) -> list[dict[str, Any]]:
    codes: dict[int, str] = dict(
        session.execute(
            select(Requirement.id, Requirement.code).where(
                Requirement.id.in_({row.requirement_id for row in rows})
            )
        ).all()
    )
    regions: dict[int, str] = dict(
        session.execute(
            select(Region.id, Region.code).where(Region.id.in_({row.region_id for row in rows}))
        ).all()
    )
    said = words_of(session, [row.upload_id for row in rows])
    return [
        {
            "id": row.upload_id,
            "state": "uploading",
            "early": _early(said.get(row.upload_id)),
            "offset": services().shelf.size(row.upload_id),
            "length": row.bytes,
            "requirement": codes[row.requirement_id],
            "region": regions[row.region_id],
            "purpose": row.purpose,
            "filename": row.filename if actor().is_party else None,
            "fingerprint": row.fingerprint,
            "batch": row.batch,
            "created_at": row.created_at,
            "expires_at": row.expires_at,
        }
        for row in rows
    ]


def _early(row: EarlyWord | None) -> dict[str, Any] | None:
    if row is None:
        return None
    words = describe(row.code, row.params, locale()) if row.code else None
    return {
        "code": row.code,
        "reason": words.message if words else None,
        "repair": words.repair if words else None,
    }
