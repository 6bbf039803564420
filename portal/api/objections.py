"""Citizens' objections: what a party may see of its rows, and what an office writes down.

Next station: `verification.disputes.handling`.
"""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate
from sqlalchemy.orm import Session

from portal import access
from portal.actors import CHIEF_ROLES, PARTY_ROLES
from portal.api.calls import Calls, Page
from portal.api.fields import Moment, PageQuery, Text, cursor_of
from portal.context import actor, now, own_participation, services
from portal.credentials import ApiScope
from portal.member_facts import facts_of
from verification.disputes import filing, handling
from verification.disputes.states import DisputeAction, DisputeState, possible
from verification.errors import NotAllowed, NotFound, ReasonRequired, StillListed
from verification.models import DisputedMember

calls = Calls("objections")
STATES = [state.value for state in DisputeState]


class OwnDisputeSchema(Schema):
    """A row of the party whose person says he is no member; `suspended` and `struck` do not count."""

    id = fields.String()
    state = fields.String(validate=validate.OneOf(STATES))
    filed_at = Moment()
    due_at = Moment(allow_none=True)
    roster = fields.String()
    region = fields.String()
    line = fields.Integer()
    row_ref = fields.String()


class DisputeSchema(Schema):
    """A disputed member before an office; nobody is named."""

    id = fields.String(attribute="public_id")
    ticket = fields.String(attribute="objection.ticket")
    state = fields.String(validate=validate.OneOf(STATES))
    office = fields.String(attribute="office.code")
    party = fields.String(attribute="participation.party.public_id")
    filed_at = Moment(attribute="objection.filed_at")
    due_at = Moment(allow_none=True)
    reference = fields.String(allow_none=True)
    moved_at = Moment()


class OpenedDisputeSchema(DisputeSchema):
    """The same with who objects (as he says) and the row; `listed`: it is in the list in force."""

    person_name = fields.String()
    person_contact = fields.String()
    member_name = fields.String()
    member_nik = fields.String()
    member_line = fields.Integer()
    listed = fields.Boolean()
    possible = fields.List(fields.String())


class DisputesQuery(PageQuery):
    """`open`: those that wait for a step, or those that have ended."""

    open = fields.Boolean(load_default=True)


class StepBody(Schema):
    """`reference`: the minute (berita acara) or letter; the party does not read it."""

    action = fields.String(
        required=True, validate=validate.OneOf([action.value for action in DisputeAction])
    )
    reference = Text(required=True, validate=validate.Length(1, handling.REFERENCE_LIMIT))


@calls.read("/objections", summary="Own rows whose people say they are no members",
            roles=PARTY_ROLES, scope=ApiScope.READ, query=PageQuery, reply=OwnDisputeSchema,
            paged=True, refusals=(NotFound,))  # fmt: skip
def list_own_disputes(session: Session, query: dict[str, Any]) -> Page:
    """Within one's regions, those that are open or do not count."""
    found = handling.of_party(
        session, own_participation(session), actor().scope,
        after_key=cursor_of(query), limit=query["limit"] + 1,
    )  # fmt: skip
    kept = found[: query["limit"]]
    return Page(kept, kept[-1].key if len(found) > len(kept) else None)


@calls.read("/offices/<region:code>/objections", summary="Members whose people say they are none",
            roles=CHIEF_ROLES, scope=ApiScope.READ, query=DisputesQuery, reply=DisputeSchema,
            paged=True, refusals=(NotFound,))  # fmt: skip
def list_disputes(session: Session, code: str, query: dict[str, Any]) -> Page:
    office = access.may_run_office(session, actor(), code)
    found = handling.before_office(
        session, office, is_open=query["open"],
        after_key=cursor_of(query), limit=query["limit"] + 1,
    )  # fmt: skip
    kept = found[: query["limit"]]
    return Page(kept, kept[-1].id if len(found) > len(kept) else None)


@calls.write("GET", "/objections/<id:dispute_id>", summary="One of them, with who objects",
             roles=CHIEF_ROLES, scope=ApiScope.MANAGE, reply=OpenedDisputeSchema,
             refusals=(NotFound,))  # fmt: skip
def show_dispute(session: Session, dispute_id: str) -> Any:
    """The reading is logged."""
    return _opened(session, access.may_handle_dispute(session, actor(), dispute_id))


@calls.write("POST", "/objections/<id:dispute_id>/steps", summary="Write down a step",
             roles=CHIEF_ROLES, scope=ApiScope.MANAGE, body=StepBody, reply=DisputeSchema,
             refusals=(NotFound, NotAllowed, ReasonRequired, StillListed))  # fmt: skip
def take_dispute_step(session: Session, dispute_id: str, body: dict[str, Any]) -> Any:
    """From `identify` on the member does not count, until it has ended."""
    return handling.move(
        session,
        services().field_keys,
        access.may_handle_dispute(session, actor(), dispute_id),
        DisputeAction(body["action"]),
        reference=body["reference"],
        actor=actor().actor,
        role=actor().role,
        now=now(),
        days=services().config.objection_outcome_days,
    )


def _opened(session: Session, disputed: DisputedMember) -> dict[str, Any]:
    keys = services().field_keys
    member = facts_of(
        handling.opened(session, disputed, actor=actor().actor, now=now()), keys, clear=True
    )
    person = filing.person_of(keys, disputed.objection)
    return {
        "public_id": disputed.public_id,
        "objection": disputed.objection,
        "state": disputed.state,
        "office": disputed.office,
        "participation": disputed.participation,
        "due_at": disputed.due_at,
        "reference": disputed.reference,
        "moved_at": disputed.moved_at,
        "person_name": person.name,
        "person_contact": person.contact,
        "member_name": member.name,
        "member_nik": member.nik,
        "member_line": member.line,
        "listed": handling.is_listed(session, keys, disputed),
        "possible": possible(DisputeState(disputed.state)),
    }
