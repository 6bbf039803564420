"""Who am I, what is my dossier: the first calls of every client."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.actors import PARTY_ROLES
from portal.api.calls import EVERYBODY, Calls, Page, PageQuery
from portal.api.fields import Moment, cursor_of, region_code
from portal.context import actor, now, own_participation
from portal.credentials import ApiScope
from portal.page import in_language, next_closing
from verification import dossier, reference
from verification.errors import NotFound
from verification.models import Region
from verification.outcomes import by_requirement
from verification.schedule import open_for_upload
from verification.states import Outcome

calls = Calls("me")


class ClosingSchema(Schema):
    """What closes next."""

    stage = fields.String()
    closes_at = Moment()


class MeSchema(Schema):
    """The account behind the credential."""

    account = fields.String()
    login = fields.String()
    name = fields.String()
    role = fields.String()
    party = fields.String(attribute="party_name", allow_none=True)
    participation = fields.String(allow_none=True)
    election = fields.String(allow_none=True)
    office = fields.String(attribute="office_code", allow_none=True)
    regions = fields.List(fields.String())
    locale = fields.String()
    time_zone = fields.String()
    credential = fields.String(attribute="kind")
    scopes = fields.List(fields.String())
    server_time = Moment()
    closes_next = fields.Nested(ClosingSchema, allow_none=True)


@calls.read("/me", summary="The account behind the credential", roles=EVERYBODY,
            scope=ApiScope.READ, also=ApiScope.UPLOAD, reply=MeSchema)  # fmt: skip
def show_me(session: Session) -> Any:  # noqa: ARG001
    who = actor()
    names = ("account", "login", "name", "role", "party_name", "participation", "election",
             "office_code", "locale", "time_zone", "kind")  # fmt: skip
    return {
        **{name: getattr(who, name) for name in names},
        "regions": list(who.regions),
        "scopes": sorted(who.scopes),
        "server_time": now(),
        "closes_next": next_closing(),
    }


class RequirementSchema(Schema):
    """What a dossier must hold. `accepts`: media types; `max_bytes` of one file."""

    code = fields.String()
    version = fields.Integer()
    group = fields.String()
    name = fields.Function(lambda row: in_language(row, "name"))
    level = fields.String()
    purpose = fields.String()
    threshold = fields.Dict()
    accepts = fields.List(fields.String())
    max_bytes = fields.Integer()
    legal_basis = fields.String()


class RequirementsSchema(Schema):
    items = fields.List(fields.Nested(RequirementSchema))


@calls.read("/requirements", summary="The requirements in force", roles=EVERYBODY,
            scope=ApiScope.READ, reply=RequirementsSchema)  # fmt: skip
def list_requirements(session: Session) -> Any:
    election = reference.current_election(session, actor().election)
    return {"items": reference.requirements(session, election)}


class RegionQuery(PageQuery):
    parent = region_code(load_default="ID")


class RegionSchema(Schema):
    """A region of the election's region set."""

    code = fields.String()
    name = fields.String()
    level = fields.String()
    time_zone = fields.String()
    population = fields.Integer(allow_none=True)
    population_source = fields.String(allow_none=True)


@calls.read("/regions", summary="The regions directly below one", roles=EVERYBODY,
            scope=ApiScope.READ, query=RegionQuery, reply=RegionSchema, paged=True)  # fmt: skip
def list_regions(session: Session, query: dict[str, Any]) -> Page:
    election = reference.current_election(session, actor().election)
    rows = session.scalars(
        select(Region)
        .where(
            Region.region_set_id == election.region_set_id,
            Region.parent_code == query["parent"],
            Region.id > cursor_of(query),
        )
        .order_by(Region.id)
        .limit(query["limit"] + 1)
    ).all()
    more = len(rows) > query["limit"]
    kept = rows[: query["limit"]]
    return Page(kept, kept[-1].id if more else None)


class ProgressSchema(Schema):
    """How far the party is."""

    provinces = fields.Integer()
    provinces_total = fields.Integer()
    regencies = fields.Integer()
    regencies_total = fields.Integer()
    members = fields.Integer()
    open_requirements = fields.Integer()


class LineSchema(Schema):
    """A requirement's standing. The numbers count regions, or members (`unit`)."""

    requirement = fields.String(attribute="requirement.code")
    name = fields.Function(lambda line: in_language(line.requirement, "name"))
    group = fields.String(attribute="requirement.group")
    unit = fields.String()
    needed = fields.Integer()
    present = fields.Integer()
    passed = fields.Integer()
    rejected = fields.Integer()
    missing = fields.Integer()
    state = fields.String()
    optional = fields.Boolean()


class OutcomesSchema(Schema):
    """How many subjects of a requirement stand at which published result, the newest of each."""

    requirement = fields.String()
    ms = fields.Integer()
    bms = fields.Integer()
    tms = fields.Integer()


class DossierSchema(Schema):
    """The task list of the signed-in party, within the account's regions.

    `results`: of the requirements of which anything is published.
    """

    participation = fields.String()
    locked = fields.Boolean()
    open_for_upload = fields.Boolean()
    progress = fields.Nested(ProgressSchema)
    requirements = fields.List(fields.Nested(LineSchema))
    results = fields.List(fields.Nested(OutcomesSchema))


@calls.read("/dossier", summary="The party's task list", roles=PARTY_ROLES,
            scope=ApiScope.READ, reply=DossierSchema, refusals=(NotFound,))  # fmt: skip
def show_dossier(session: Session) -> Any:
    participation = own_participation(session)
    listed = dossier.task_list(session, participation, actor().scope)
    results = by_requirement(session, participation, actor().scope)
    return {
        "participation": participation.public_id,
        "locked": listed.locked,
        "open_for_upload": open_for_upload(session, participation, now()),
        "progress": dossier.progress(session, participation),
        "requirements": listed.rows,
        "results": [
            {
                "requirement": code,
                **{outcome.lower(): each.get(outcome.value, 0) for outcome in Outcome},
            }
            for code, each in sorted(results.items())
        ],
    }
