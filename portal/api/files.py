"""Files of a party: listed, looked at, taken back with a reason, brought again."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate
from sqlalchemy.orm import Session

from portal import access
from portal.actors import PARTY_ROLES
from portal.api.calls import EVERYBODY, Calls, Nothing, Page, PageQuery
from portal.api.fields import Moment, Text, cursor_of, region_code
from portal.api.uploads import arrived
from portal.babel import locale
from portal.context import actor, now, own_participation
from portal.credentials import ApiScope
from verification import files, reference
from verification.checks.reasons import describe
from verification.errors import DossierLocked, NotAllowed, NotFound, ReasonRequired
from verification.file_checks import findings_of
from verification.models import ReceivedFile
from verification.models.process import Purpose
from verification.states import FileState

calls = Calls("files")


class FindingSchema(Schema):
    """What the system check noticed."""

    code = fields.String()
    severity = fields.String()
    message = fields.String()
    repair = fields.String()


class FileSchema(Schema):
    """A file that has arrived whole. `filename` is shown to its party only."""

    id = fields.String()
    state = fields.String()
    requirement = fields.String()
    region = fields.String()
    purpose = fields.String()
    filename = fields.String(allow_none=True)
    size = fields.Integer(attribute="length")
    sha256 = fields.String()
    detected_type = fields.String(allow_none=True)
    pages = fields.Integer(allow_none=True)
    reason = fields.String(allow_none=True)
    reason_code = fields.String(allow_none=True)
    repair = fields.String(allow_none=True)
    receipt = fields.String(allow_none=True)
    created_at = Moment()
    finished_at = Moment()
    withdrawn_at = Moment(allow_none=True)
    withdrawn_reason = fields.String(allow_none=True)
    findings = fields.List(fields.Nested(FindingSchema))


class FilesQuery(PageQuery):
    requirement = Text(validate=validate.Length(max=40), load_default=None)
    region = region_code(load_default=None)
    state = fields.String(validate=validate.OneOf([s.value for s in FileState]), load_default=None)
    purpose = fields.String(validate=validate.OneOf([p.value for p in Purpose]), load_default=None)
    withdrawn = fields.Boolean(load_default=False)


class ReasonBody(Schema):
    """Why; it goes into the party's journal."""

    reason = Text(required=True, validate=validate.Length(1, 400))


@calls.read("/files", summary="The party's files, newest first", roles=PARTY_ROLES,
            scope=ApiScope.READ, query=FilesQuery, reply=FileSchema, paged=True,
            refusals=(NotFound,))  # fmt: skip
def list_files(session: Session, query: dict[str, Any]) -> Page:
    """`withdrawn=true` lists replaced and withdrawn ones too."""
    participation = own_participation(session)
    election = participation.election
    code = query["requirement"]
    found = files.files_in(
        session,
        participation,
        reference.requirement_by_code(session, election, code) if code else None,
        reference.region_of(session, election, query["region"]) if query["region"] else None,
        scope=actor().scope,
        state=query["state"],
        purpose=query["purpose"],
        withdrawn=query["withdrawn"],
        before=cursor_of(query) or None,
        limit=query["limit"] + 1,
    )
    kept = found[: query["limit"]]
    more = kept[-1].id if len(found) > len(kept) else None
    return Page([_spelled(session, file) for file in kept], more)


@calls.read("/files/<id:file_id>", summary="One file with its findings", roles=EVERYBODY,
            scope=ApiScope.READ, reply=FileSchema, refusals=(NotFound,))  # fmt: skip
def show_file(session: Session, file_id: str) -> Any:
    file = access.may_see_file(session, actor(), file_id)
    return {**_spelled(session, file), "findings": _findings(session, file)}


@calls.write("POST", "/files/<id:file_id>/withdraw", summary="Take a file back, with the reason",
             roles=PARTY_ROLES, scope=ApiScope.UPLOAD, body=ReasonBody, reply=FileSchema,
             idempotent=True, refusals=(NotFound, ReasonRequired, DossierLocked))  # fmt: skip
def withdraw_file(session: Session, file_id: str, body: dict[str, Any]) -> Any:
    """The file stays, marked; its old version can be brought again."""
    file = access.may_change_file(session, actor(), file_id)
    files.withdraw(session, file, actor=actor().actor, reason=body["reason"], now=now())
    return _spelled(session, file)


@calls.write("POST", "/files/<id:file_id>/restore", summary="Bring a withdrawn file again",
             roles=PARTY_ROLES, scope=ApiScope.UPLOAD, body=Nothing, reply=FileSchema,
             idempotent=True, refusals=(NotFound, DossierLocked, NotAllowed))  # fmt: skip
def restore_file(session: Session, file_id: str) -> Any:
    file = access.may_change_file(session, actor(), file_id)
    files.restore(session, file, actor=actor().actor, now=now())
    return _spelled(session, file)


def _spelled(session: Session, file: ReceivedFile) -> dict[str, Any]:
    return {
        **arrived(session, file),
        "detected_type": file.detected_type,
        "pages": file.pages,
        "withdrawn_at": file.withdrawn_at,
        "withdrawn_reason": file.withdrawn_reason if actor().is_party else None,
    }


def _findings(session: Session, file: ReceivedFile) -> list[dict[str, str]]:
    spelled = []
    for finding in findings_of(session, file):
        words = describe(finding.code, finding.params, locale())
        spelled.append(
            {
                "code": finding.code,
                "severity": finding.severity,
                "message": words.message,
                "repair": words.repair,
            }
        )
    return spelled
