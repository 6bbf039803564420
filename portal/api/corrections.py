"""Published results that a later duplicate has overtaken: which, and the two chiefs' steps."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate
from sqlalchemy.orm import Session

from portal import access
from portal.actors import CHIEF_ROLES
from portal.api.calls import Calls, Nothing
from portal.api.fields import Moment, Text
from portal.context import actor, now
from portal.credentials import ApiScope
from verification import corrections
from verification.errors import CorrectionRefused, NotAllowed, NotFound, ReasonRequired

calls = Calls("corrections")
REFUSALS = (NotFound, NotAllowed, CorrectionRefused)


class CorrectionSchema(Schema):
    """A proposal to make an item's MS a TMS; `confirmed` once it has ended."""

    id = fields.String(attribute="public_id")
    item = fields.String(attribute="item.public_id")
    reason = fields.String()
    reference = fields.String()
    proposed_by = fields.String()
    proposed_at = Moment()
    confirmed = fields.Boolean()
    ended_by = fields.String(allow_none=True)
    ended_at = Moment(allow_none=True)


class DoubtSchema(Schema):
    """A published MS whose member another party has too; `lost`: settled against this one's party."""

    item = fields.String(attribute="item.public_id")
    party = fields.String(attribute="item.participation.party.public_id")
    region = fields.String(attribute="item.subject.region.code")
    lost = fields.Boolean()
    proposed = fields.Nested(CorrectionSchema, allow_none=True)


class DoubtsSchema(Schema):
    items = fields.List(fields.Nested(DoubtSchema))


class ProposalBody(Schema):
    """`reason`: a code of TMS; `reference`: the minute (berita acara), which the party reads."""

    reason = Text(required=True, validate=validate.Length(1, 40))
    reference = Text(required=True, validate=validate.Length(1, corrections.REFERENCE_LIMIT))


@calls.read("/offices/<region:code>/corrections", summary="Results in doubt, those to correct first",
            roles=CHIEF_ROLES, scope=ApiScope.READ, reply=DoubtsSchema,
            refusals=(NotFound,))  # fmt: skip
def list_doubts(session: Session, code: str) -> Any:
    office = access.may_run_office(session, actor(), code)
    return {"items": corrections.doubts(session, office)}


@calls.write("POST", "/items/<id:item_id>/correction", summary="Propose that an MS becomes TMS",
             roles=CHIEF_ROLES, scope=ApiScope.MANAGE, body=ProposalBody, reply=CorrectionSchema,
             status=201, refusals=(*REFUSALS, ReasonRequired))  # fmt: skip
def propose_correction(session: Session, item_id: str, body: dict[str, Any]) -> Any:
    item = access.may_run_item(session, actor(), item_id)
    return corrections.propose(
        session, item, **body, actor=actor().actor, role=actor().role, now=now()
    )


@calls.write("POST", "/corrections/<id:correction_id>/confirm", summary="Confirm another's proposal",
             roles=CHIEF_ROLES, scope=ApiScope.MANAGE, body=Nothing, reply=CorrectionSchema,
             refusals=REFUSALS)  # fmt: skip
def confirm_correction(session: Session, correction_id: str) -> Any:
    """The party sees it from now on."""
    correction = access.may_correct(session, actor(), correction_id)
    corrections.confirm(session, correction, actor=actor().actor, role=actor().role, now=now())
    return correction


@calls.write("POST", "/corrections/<id:correction_id>/drop", summary="Take a proposal off the table",
             roles=CHIEF_ROLES, scope=ApiScope.MANAGE, body=Nothing, reply=CorrectionSchema,
             refusals=REFUSALS)  # fmt: skip
def drop_correction(session: Session, correction_id: str) -> Any:
    correction = access.may_correct(session, actor(), correction_id)
    return corrections.drop(session, correction, actor=actor().actor, role=actor().role, now=now())
