"""How far a party is, region by region: members, boards, and what is still short."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields
from sqlalchemy.orm import Session

from portal import access
from portal.api.calls import EVERYBODY, Calls
from portal.api.fields import public_id, region_code
from portal.context import actor
from portal.credentials import ApiScope
from verification.counting.standing import PartyStanding, standing_of
from verification.errors import NotFound

calls = Calls("counting")


class CountingQuery(Schema):
    """`participation`: of a party in this election, for offices and observers; a party's is its own."""

    participation = public_id(load_default=None)
    province = region_code(load_default=None)


class RegencyCountSchema(Schema):
    """A kabupaten/kota. `counted`: people listed, or once published (`judged`) those at MS.

    `suspended`: at MS, and not counted because they have objected.
    """

    code = fields.String()
    name = fields.String()
    state = fields.String()
    population = fields.Integer()
    needed = fields.Integer()
    listed = fields.Integer()
    qualified = fields.Integer()
    suspended = fields.Integer()
    judged = fields.Boolean()
    counted = fields.Integer()
    short = fields.Integer()
    board = fields.Boolean()
    districts = fields.Integer()
    districts_needed = fields.Integer()
    districts_present = fields.Integer()


class ProvinceCountSchema(Schema):
    """A province; `needed` of its kabupaten/kota are to be complete."""

    code = fields.String()
    name = fields.String()
    state = fields.String()
    board = fields.Boolean()
    needed = fields.Integer()
    complete = fields.Integer()
    short = fields.Integer()
    members = fields.Integer()
    regencies = fields.List(fields.Nested(RegencyCountSchema))


class CountingSchema(Schema):
    """A party; all provinces are to be complete. States: empty, short, complete."""

    participation = fields.String()
    party = fields.String()
    members = fields.Integer()
    complete = fields.Integer()
    provinces_total = fields.Integer()
    provinces = fields.List(fields.Nested(ProvinceCountSchema))


@calls.read("/counting", summary="How far a party is, region by region", roles=EVERYBODY,
            scope=ApiScope.READ, query=CountingQuery, reply=CountingSchema,
            refusals=(NotFound,))  # fmt: skip
def show_counting(session: Session, query: dict[str, Any]) -> Any:
    """Within one's regions, or one's office's."""
    participation, scope = access.may_see_counting(session, actor(), query["participation"])
    found = standing_of(session, participation, scope)
    provinces = [
        row for row in found.provinces if query["province"] in (None, row.code)
    ]  # fmt: skip
    return {
        "participation": participation.public_id,
        "party": participation.party.name,
        "members": PartyStanding(provinces=tuple(provinces)).members,
        "complete": sum(not row.short and row.board for row in provinces),
        "provinces_total": len(provinces),
        "provinces": provinces,
    }
