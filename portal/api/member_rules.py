"""What member lists are judged by: the version in force, those before it, and a new one."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate
from sqlalchemy.orm import Session

from portal.api.calls import Calls
from portal.api.fields import Moment, Text
from portal.context import actor, now
from portal.credentials import ApiScope
from verification.errors import NotAllowed, NotFound, RulesNotSound
from verification.reference import current_election
from verification.rosters import prescribed
from verification.rosters.rules import PRESETS
from verification.states import Role

calls = Calls("member rules")
ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})
PHRASES = validate.Length(max=prescribed.MOST_PHRASES)


class MemberRulesVersionSchema(Schema):
    version = fields.Integer()
    preset = fields.String()
    cut_off = fields.Date()
    minimum_age = fields.Integer()
    legal_basis = fields.String()
    made_at = Moment()


class MemberRulesSchema(Schema):
    """In force. `version` 0: nothing was prescribed yet, the usual rules hold."""

    version = fields.Integer()
    preset = fields.String(attribute="preset.name")
    cut_off = fields.Date()
    minimum_age = fields.Integer()
    barred_occupations = fields.List(fields.String())
    no_longer_in_office = fields.List(fields.String())
    legal_basis = fields.String()


class AllMemberRulesSchema(Schema):
    """`versions`: all that were prescribed, the newest first."""

    current = fields.Nested(MemberRulesSchema)
    versions = fields.List(fields.Nested(MemberRulesVersionSchema))


class MemberRulesBody(Schema):
    """`preset`: the fields that must match the KTP-el; `cut_off`: the day ages (years) are counted on."""

    preset = fields.String(required=True, validate=validate.OneOf(list(PRESETS)))
    cut_off = fields.Date(required=True)
    minimum_age = fields.Integer(
        required=True, validate=validate.Range(prescribed.AGES.start, prescribed.AGES.stop - 1)
    )
    barred_occupations = fields.List(Text(), required=True, validate=PHRASES)
    no_longer_in_office = fields.List(Text(), required=True, validate=PHRASES)
    legal_basis = Text(required=True, validate=validate.Length(1, prescribed.BASIS_LIMIT))


@calls.read("/member-rules", summary="What member lists are judged by", roles=ADMINISTRATORS,
            scope=ApiScope.READ, reply=AllMemberRulesSchema, refusals=(NotFound,))  # fmt: skip
def show_member_rules(session: Session) -> Any:
    election = current_election(session)
    return {
        "current": prescribed.prescribed(session, election),
        "versions": prescribed.versions(session, election),
    }


@calls.write("POST", "/member-rules", summary="Prescribe a new version", roles=ADMINISTRATORS,
             scope=ApiScope.MANAGE, body=MemberRulesBody, reply=MemberRulesSchema, status=201,
             idempotent=True, refusals=(NotAllowed, NotFound, RulesNotSound))  # fmt: skip
def prescribe_member_rules(session: Session, body: dict[str, Any]) -> Any:
    """Lists that are imported from then on are judged by it; those before keep theirs."""
    return prescribed.prescribe(
        session, current_election(session), **body,
        actor=actor().actor, role=actor().role, now=now(),
    )  # fmt: skip
