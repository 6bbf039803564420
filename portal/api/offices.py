"""Offices and rounds: how each stands, publishing, opening the next round; a party's results."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import access
from portal.actors import CHIEF_ROLES, PARTY_ROLES
from portal.api.calls import Calls, Nothing, Page, PageQuery
from portal.api.desk_schemas import CountsSchema
from portal.api.fields import Moment, Text, cursor_of, public_id
from portal.context import actor, now, own_participation
from portal.credentials import ApiScope
from portal.page import in_language
from verification import board, publication, reference, reports, schedule
from verification.errors import AlreadyPublished, NotAllowed, NotFound, RoundNotReady
from verification.models import Member, Office, ReasonCode, Round
from verification.states import Outcome, Role

calls = Calls("offices")
WATCHERS = CHIEF_ROLES | {Role.OBSERVER}


class OfficeSchema(Schema):
    """An office with the current round's counts."""

    code = fields.String(attribute="office.code")
    name = fields.String(attribute="office.name")
    level = fields.String(attribute="office.level")
    time_zone = fields.String(attribute="office.time_zone")
    round = fields.Integer()
    counts = fields.Nested(CountsSchema)
    published_at = Moment(allow_none=True)


class OfficesQuery(Schema):
    """By code: `next` of one answer is `after` of the next question."""

    after = Text(validate=validate.Length(max=16), load_default=None)
    limit = fields.Integer(validate=validate.Range(1, 200), load_default=50)


class OfficesSchema(Schema):
    items = fields.List(fields.Nested(OfficeSchema))
    next = fields.String(allow_none=True)


@calls.read("/offices", summary="The offices one watches over", roles=WATCHERS,
            scope=ApiScope.READ, query=OfficesQuery, reply=OfficesSchema,
            refusals=(NotFound,))  # fmt: skip
def list_offices(session: Session, query: dict[str, Any]) -> Any:
    """A supervisor's own and those below; administrators and observers see all."""
    wanted = select(Office).order_by(Office.code).limit(query["limit"] + 1)
    if query["after"]:
        wanted = wanted.where(Office.code > query["after"])
    top = actor().office_code
    if actor().role is Role.SUPERVISOR and top != reference.NATION:
        wanted = wanted.where((Office.code == top) | Office.code.startswith(f"{top}."))
    found = list(session.scalars(wanted))
    kept = found[: query["limit"]]
    return {
        "items": _standing(session, kept),
        "next": kept[-1].code if len(found) > len(kept) else None,
    }


@calls.read("/offices/<region:code>", summary="One office", roles=WATCHERS,
            scope=ApiScope.READ, reply=OfficeSchema, refusals=(NotFound,))  # fmt: skip
def show_office(session: Session, code: str) -> Any:
    return _standing(session, [access.may_see_office(session, actor(), code)])[0]


@calls.write("POST", "/offices/<region:code>/publish", summary="Publish the office's round",
             roles=CHIEF_ROLES, scope=ApiScope.MANAGE, body=Nothing, reply=OfficeSchema,
             idempotent=True,
             refusals=(NotFound, NotAllowed, RoundNotReady, AlreadyPublished))  # fmt: skip
def publish_round(session: Session, code: str) -> Any:
    """From then on the parties see the decisions, and none can be undone."""
    office = access.may_run_office(session, actor(), code)
    round_ = schedule.current_round(session, reference.current_election(session))
    publication.publish(session, office, round_, actor=actor().actor, role=actor().role, now=now())
    return _standing(session, [office])[0]


class RoundSchema(Schema):
    """A round and the outcomes it allows."""

    number = fields.Integer()
    allowed_outcomes = fields.List(fields.String())
    legal_basis = fields.String()
    opened_at = Moment(allow_none=True)


class RoundsSchema(Schema):
    items = fields.List(fields.Nested(RoundSchema))


@calls.read("/rounds", summary="The rounds of the election",
            roles=WATCHERS | PARTY_ROLES | {Role.VERIFIER}, scope=ApiScope.READ,
            reply=RoundsSchema)  # fmt: skip
def list_rounds(session: Session) -> Any:
    election = reference.current_election(session, actor().election)
    return {"items": schedule.rounds(session, election)}


@calls.write("POST", "/rounds", summary="Open the next round",
             roles=frozenset({Role.ADMINISTRATOR}), scope=ApiScope.MANAGE, body=Nothing,
             reply=RoundSchema, status=201, idempotent=True,
             refusals=(NotAllowed, RoundNotReady, NotFound))  # fmt: skip
def open_round(session: Session) -> Any:
    """For each party it opens only what was judged BMS."""
    election = reference.current_election(session)
    return publication.open_next_round(
        session, election, actor=actor().actor, role=actor().role, now=now()
    )


class ResultsQuery(PageQuery):
    participation = public_id(load_default=None)
    round = fields.Integer(validate=validate.Range(1, 99), load_default=None)
    outcome = fields.String(validate=validate.OneOf([o.value for o in Outcome]), load_default=None)
    kind = fields.String(validate=validate.OneOf(["document", "member"]), load_default=None)


class ResultSchema(Schema):
    """A published decision: why, the officer's note, what to repair; no verifier's name.

    `row_ref`, `line`, `name`: the row of the member's list that was judged; the name is its own
    party's alone.
    """

    subject = fields.String()
    round = fields.Integer()
    kind = fields.String()
    requirement = fields.String()
    region = fields.String()
    row_ref = fields.String(allow_none=True)
    line = fields.Integer(allow_none=True)
    name = fields.String(allow_none=True)
    outcome = fields.String()
    reason = fields.String(allow_none=True)
    reason_text = fields.String(allow_none=True)
    note = fields.String(allow_none=True)
    repair = fields.String(allow_none=True)
    decided_at = Moment(allow_none=True)


@calls.read("/results", summary="Published decisions", roles=PARTY_ROLES | WATCHERS,
            scope=ApiScope.READ, query=ResultsQuery, reply=ResultSchema, paged=True,
            refusals=(NotFound,))  # fmt: skip
def list_results(session: Session, query: dict[str, Any]) -> Page:
    """One's own party's; observers and administrators name a `participation`."""
    if query["participation"] is not None:
        party = access.may_see_participation(session, actor(), query["participation"])
    else:
        party = own_participation(session)
    found = reports.results_for(
        session,
        party,
        _round(session, party.election_id, query["round"]),
        outcome=query["outcome"],
        kind=query["kind"],
        scope=actor().scope if actor().is_party else None,
        after=cursor_of(query) or None,
        limit=query["limit"] + 1,
    )
    kept = found[: query["limit"]]
    words = reference.reasons_by_code(session, party.election)
    more = kept[-1].key if len(found) > len(kept) else None
    judged = _rows_judged(session, [row.member_id for row in kept if row.member_id is not None])
    return Page([_result(row, words, judged) for row in kept], more)


def _rows_judged(session: Session, members: list[int]) -> dict[int, dict[str, Any]]:
    rows = session.execute(
        select(Member.id, Member.row_ref, Member.line, Member.name).where(Member.id.in_(members))
    )
    return {
        row.id: {
            "row_ref": row.row_ref,
            "line": row.line,
            "name": row.name if actor().is_party else None,
        }
        for row in rows
    }


def _round(session: Session, election_id: int, number: int | None) -> Round | None:
    if number is None:
        return None
    found = session.scalar(
        select(Round).where(Round.election_id == election_id, Round.number == number)
    )
    if found is None:
        raise NotFound("round")
    return found


def _result(
    row: reports.Result, words: dict[str, ReasonCode], judged: dict[int, dict[str, Any]]
) -> dict[str, Any]:
    reason = words.get(row.reason or "")
    names = ("subject", "round", "kind", "requirement", "region", "outcome", "reason", "note",
             "decided_at")  # fmt: skip
    return {
        **{name: getattr(row, name) for name in names},
        **judged.get(row.member_id or 0, {"row_ref": None, "line": None, "name": None}),
        "reason_text": in_language(reason, "text") if reason else None,
        "repair": in_language(reason, "repair") if reason else None,
    }


def _standing(session: Session, offices: list[Office]) -> list[dict[str, Any]]:
    round_ = schedule.current_round(session, reference.current_election(session))
    counts = board.counts_of(session, [office.id for office in offices], round_)
    published = publication.publications(session, round_)
    return [
        {
            "office": office,
            "round": round_.number,
            "counts": counts[office.id],
            "published_at": published[office.id].published_at if office.id in published else None,
        }
        for office in offices
    ]
