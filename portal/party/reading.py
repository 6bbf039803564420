"""What every page of a party begins with: its question read, its regions narrowed.

Next station: the page's own service call.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import request
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.actors import Actor
from portal.api.fields import region_code
from portal.context import now
from portal.refusals import BadInput
from verification.errors import DossierLocked, NotFound, UnknownRequirement, WindowClosed
from verification.models import Election, Participation, Region, Requirement, Stage
from verification.models.reference import Level
from verification.reference import NATION, Scope, regions_at, requirement_by_code, within
from verification.schedule import current_round, last_moment, open_for_upload, window_now
from verification.slots import check_open, submission_in
from verification.windows import Extension, extension_of


class CursorQuery(Schema):
    """`setelah`: the inner key after (or before) which a list goes on; 0 is its beginning."""

    setelah = fields.String(validate=validate.Regexp(r"^[0-9]{1,18}\Z"), load_default="0")


class RegionQuery(Schema):
    """`wilayah`: only this region and what lies in it; an empty field of the form is none."""

    wilayah = region_code(load_default=None)


def question(schema: Schema) -> dict[str, Any]:
    """The address's query; empty fields of a filter form are as good as none. Raises BadInput."""
    given = {name: value for name, value in request.args.items() if value}
    try:
        asked: dict[str, Any] = schema.load(given, unknown=EXCLUDE)
    except ValidationError as error:
        messages = error.messages
        raise BadInput(messages if isinstance(messages, dict) else {"": messages}) from None
    return asked


def requirement_named(session: Session, election: Election, code: str) -> Requirement:
    """The requirement of an address. Raises NotFound: here it is the page that does not exist."""
    try:
        return requirement_by_code(session, election, code)
    except UnknownRequirement as error:
        raise NotFound("no such requirement") from error


def narrowed(actor: Actor, code: str | None) -> Scope | None:
    """The actor's scope within a region asked for; None is everything. Raises NotFound outside it."""
    if code is None or code == NATION:
        return actor.scope
    if actor.covers(code):
        return Scope((code,))
    inside = tuple(own for own in actor.regions if within(own, code))
    if not inside:
        raise NotFound("region outside the scope")
    return Scope(inside)


def extension(session: Session, participation: Participation) -> Extension | None:
    """What the party is told while it may send: its close was moved to a later moment."""
    try:
        round_ = current_round(session, participation.election)
    except NotFound:
        return None
    return extension_of(session, session.get_one(Stage, round_.stage_id), participation, now())


def goes_on_until(session: Session, participation: Participation) -> datetime | None:
    """In the grace after the close: when what was begun before must be there. None at any other time."""
    try:
        window = window_now(session, participation)
        round_ = current_round(session, participation.election)
    except (NotFound, WindowClosed):
        return None
    ends = last_moment(window)
    in_grace = window.closes_at <= now() <= ends
    return ends if in_grace and submission_in(session, participation, round_) is None else None


def receives(session: Session, participation: Participation) -> bool:
    """Whether anything may be sent in now: the window is open and this round's dossier not yet sent."""
    return (
        open_for_upload(session, participation, now())
        and submission_in(session, participation, current_round(session, participation.election))
        is None
    )


def slot_receives(
    session: Session, participation: Participation, requirement: Requirement, region: Region
) -> bool:
    """Whether this slot may be changed now; a repair round opens only some."""
    if not receives(session, participation):
        return False
    try:
        check_open(session, participation, requirement, region)
    except DossierLocked:
        return False
    return True


def levels_of(session: Session, election: Election, actor: Actor) -> frozenset[str]:
    """The levels of which an actor has a region: a requirement of another is not his to send."""
    if actor.scope is None:
        return frozenset(Level)
    inside = select(Region.level).where(Region.id.in_(actor.scope.region_ids(election))).distinct()
    return frozenset(session.scalars(inside))


def provinces_of(session: Session, election: Election, actor: Actor) -> list[Region]:
    """The provinces an actor can filter by: those he works in or below of."""
    return [
        region
        for region in regions_at(session, election, [Level.PROVINCE])
        if actor.covers(region.code) or any(within(own, region.code) for own in actor.regions)
    ]
