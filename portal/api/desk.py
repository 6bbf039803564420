"""The verifier's desk: the queue, one item at a time, decisions.

If-Match with the item's version is honoured wherever an item changes; Idempotency-Key on claim,
decision and undo.
"""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields, validate
from sqlalchemy.orm import Session

from portal import access, images, item_sheet
from portal.actors import CHIEF_ROLES, DESK_ROLES
from portal.api.calls import Calls, Nothing, Versioned
from portal.api.desk_schemas import ItemSchema, OverviewSchema, spelled_sheet
from portal.api.fields import Text, public_id
from portal.context import actor, now, own_office, services
from portal.credentials import ApiScope
from portal.desk.moves import Hand
from portal.desk.settling import take_step
from portal.refusals import ImageNotDrawn
from verification import board, decisions, queue
from verification.checks.derived import MEDIA_TYPE
from verification.checks.sizes import ImageKind
from verification.duplicates.clearing import REFERENCE_LIMIT
from verification.duplicates.steps import Step
from verification.errors import (
    ClearingRefused,
    DuplicateOpen,
    LeaseLost,
    NotAllowed,
    NotFound,
    NothingToClaim,
    OutcomeNotAllowed,
    ReasonRequired,
    Stale,
)
from verification.models import Item
from verification.states import Outcome, Role

calls = Calls("desk")
LOOKERS = DESK_ROLES | {Role.ADMINISTRATOR, Role.OBSERVER}
MOVES = (NotFound, NotAllowed, Stale, LeaseLost)


class NoteBody(Schema):
    """Why; for the supervisor's eyes, and in the office's journal."""

    note = Text(required=True, validate=validate.Length(1, 1000))


class MaybeNoteBody(Schema):
    note = Text(validate=validate.Length(max=1000), load_default=None)


class ReassignBody(Schema):
    account = public_id(required=True)


class DecisionBody(Schema):
    """MS takes no reason; BMS and TMS need one of the item's reason codes, some a note besides.

    The party reads the note once the decision is published.
    """

    outcome = fields.String(required=True, validate=validate.OneOf([o.value for o in Outcome]))
    reason = Text(validate=validate.Length(max=40), load_default=None, allow_none=True)
    note = Text(validate=validate.Length(max=1000), load_default=None, allow_none=True)


class ClearingBody(Schema):
    """A step towards settling a duplicate; `reference` names the paper it rests on.

    `mine`: of a statement, whether it is this item's party's; of a choice, whether the person chose
    it. Left out for all other steps.
    """

    step = fields.String(required=True, validate=validate.OneOf([step.value for step in Step]))
    mine = fields.Boolean(load_default=None, allow_none=True)
    reference = Text(required=True, validate=validate.Length(1, REFERENCE_LIMIT))


class ImageQuery(Schema):
    size = fields.String(validate=validate.OneOf(["page", "zoom", "thumb"]), load_default="page")


def recall_item(session: Session, item_id: str) -> Versioned:
    """The item as it is now: a reply with a NIK in it is never stored to be repeated."""
    return _sheet(session, access.may_see_item(session, actor(), item_id))


@calls.read("/queue", summary="How the office's queue stands", roles=DESK_ROLES,
            scope=ApiScope.REVIEW, reply=OverviewSchema, refusals=(NotFound,))  # fmt: skip
def show_queue(session: Session) -> Any:
    office = own_office(session)
    view = board.overview(session, office, actor().actor, now())
    held = queue.held_by(session, actor().actor, office, now())
    recent = decisions.decided_lately(session, actor().actor)
    return {
        "office": office.code,
        "office_name": office.name,
        "round": view.round.number,
        "counts": view.counts,
        "oldest_at": view.oldest_at,
        "today": view.today_by_actor,
        "per_hour": round(view.per_hour, 1),
        "finish_at": view.finish_at,
        "due_at": view.due_at,
        "held": held.public_id if held else None,
        "undoable": [item.public_id for item in recent],
    }


@calls.write("POST", "/queue/claim", summary="Take the next item", roles=DESK_ROLES,
             scope=ApiScope.REVIEW, body=Nothing, reply=ItemSchema, idempotent=True, recall=recall_item,
             refusals=(NothingToClaim, NotAllowed))  # fmt: skip
def claim_next_item(session: Session) -> Versioned:
    """The one held already comes first. Claiming shows a person's data, and is logged."""
    item = queue.claim_next(
        session, own_office(session), actor().actor, actor().role, now(), _lease()
    )
    return _sheet(session, item)


@calls.write("POST", "/items/<id:item_id>/claim", summary="Take this item", roles=DESK_ROLES,
             scope=ApiScope.REVIEW, body=Nothing, reply=ItemSchema, idempotent=True, recall=recall_item,
             refusals=MOVES)  # fmt: skip
def claim_item(session: Session, item_id: str) -> Versioned:
    """A queued one; as a supervisor a flagged one."""
    item = access.may_judge_item(session, actor(), item_id)
    claimed = queue.claim_item(session, item, actor().actor, actor().role, now(), _lease())
    return _sheet(session, claimed)


@calls.write("GET", "/items/<id:item_id>", summary="One item", roles=LOOKERS,
             scope=ApiScope.REVIEW, reply=ItemSchema, refusals=(NotFound,))  # fmt: skip
def show_item(session: Session, item_id: str) -> Versioned:
    """In full for its holder; masked for everybody else, and that reading is logged."""
    return _sheet(session, access.may_see_item(session, actor(), item_id))


@calls.read("/items/<id:item_id>/images/<int:number>", summary="A derived image of an item",
            roles=LOOKERS, scope=ApiScope.REVIEW, query=ImageQuery, media="image/webp",
            refusals=(NotFound, ImageNotDrawn))  # fmt: skip
def show_item_image(session: Session, item_id: str, number: int, query: dict[str, Any]) -> Response:
    """Cards for the holder alone; pages of a document for its office. Never an original."""
    item = access.may_see_item(session, actor(), item_id)
    image = item_sheet.image_of(session, item, number, actor(), services().field_keys, now())
    kind = ImageKind.CARD if image.card else ImageKind(query["size"])
    path = images.drawn(image.file, image.page, kind)
    return Response(path.read_bytes(), mimetype=MEDIA_TYPE)


@calls.write("POST", "/items/<id:item_id>/heartbeat", summary="Hold on to an item",
             roles=DESK_ROLES, scope=ApiScope.REVIEW, body=Nothing, reply=ItemSchema,
             refusals=(NotFound, LeaseLost))  # fmt: skip
def hold_item(session: Session, item_id: str) -> Versioned:
    item = access.may_judge_item(session, actor(), item_id)
    return _sheet(session, queue.heartbeat(session, item, actor().actor, now(), _lease()))


@calls.write("POST", "/items/<id:item_id>/duplicates/<id:duplicate_id>",
             summary="Settle a duplicate, step by step", roles=DESK_ROLES, scope=ApiScope.REVIEW,
             body=ClearingBody, reply=ItemSchema,
             refusals=(*MOVES, ReasonRequired, ClearingRefused))  # fmt: skip
def settle_duplicate(
    session: Session, item_id: str, duplicate_id: str, body: dict[str, Any]
) -> Versioned:
    """For the holder of the item. Which steps the rules allow now stands in the item."""
    item = access.may_judge_item(session, actor(), item_id)
    hand = Hand(who=actor(), now=now(), seconds=_lease())
    take_step(
        session, item, duplicate_id, Step(body["step"]), hand, mine=body["mine"],
        reference=body["reference"],
    )  # fmt: skip
    return _sheet(session, item)


@calls.write("POST", "/items/<id:item_id>/release", summary="Give an item back",
             roles=DESK_ROLES, scope=ApiScope.REVIEW, body=Nothing, if_match=True,
             refusals=MOVES)  # fmt: skip
def release_item(
    session: Session,
    item_id: str,
    version: int | None,
) -> None:
    """It keeps its place in the queue."""
    item = access.may_judge_item(session, actor(), item_id)
    queue.release(session, item, actor=actor().actor, role=actor().role, now=now(), version=version)


@calls.write("POST", "/items/<id:item_id>/skip", summary="Put an item behind the others",
             roles=DESK_ROLES, scope=ApiScope.REVIEW, body=Nothing, if_match=True,
             refusals=MOVES)  # fmt: skip
def skip_item(
    session: Session,
    item_id: str,
    version: int | None,
) -> None:
    item = access.may_judge_item(session, actor(), item_id)
    queue.skip(session, item, actor=actor().actor, role=actor().role, now=now(), version=version)


@calls.write("POST", "/items/<id:item_id>/flag", summary="Hand an item to the supervisor",
             roles=frozenset({Role.VERIFIER}), scope=ApiScope.REVIEW, body=NoteBody,
             if_match=True, refusals=MOVES)  # fmt: skip
def flag_item(session: Session, item_id: str, body: dict[str, Any], version: int | None) -> None:
    item = access.may_judge_item(session, actor(), item_id)
    queue.flag(
        session, item, actor=actor().actor, role=actor().role, now=now(), note=body["note"],
        version=version,
    )  # fmt: skip


@calls.write("POST", "/items/<id:item_id>/decision", summary="Decide an item one holds",
             roles=DESK_ROLES, scope=ApiScope.REVIEW, body=DecisionBody, reply=ItemSchema,
             if_match=True, idempotent=True, recall=recall_item,
             refusals=(*MOVES, OutcomeNotAllowed, ReasonRequired, DuplicateOpen))  # fmt: skip
def decide_item(
    session: Session, item_id: str, body: dict[str, Any], version: int | None
) -> Versioned:
    item = access.may_judge_item(session, actor(), item_id)
    decisions.decide(
        session, item, outcome=body["outcome"], reason=body["reason"], note=body["note"],
        actor=actor().actor, role=actor().role, now=now(), version=version,
    )  # fmt: skip
    return _after(session, item)


@calls.write("POST", "/items/<id:item_id>/undo", summary="Take a decision back",
             roles=DESK_ROLES, scope=ApiScope.REVIEW, body=Nothing, reply=ItemSchema,
             idempotent=True, recall=recall_item, refusals=(NotFound, NotAllowed, Stale))  # fmt: skip
def undo_decision(session: Session, item_id: str) -> Versioned:
    """Until the office publishes; the item is held again."""
    item = access.may_judge_item(session, actor(), item_id)
    undone = decisions.undo(
        session, item, actor=actor().actor, role=actor().role, now=now(), seconds=_lease()
    )
    return _sheet(session, undone)


@calls.write("POST", "/items/<id:item_id>/return", summary="Put a flagged item back into the queue",
             roles=frozenset({Role.SUPERVISOR}), scope=ApiScope.REVIEW, body=MaybeNoteBody,
             refusals=MOVES)  # fmt: skip
def return_item(session: Session, item_id: str, body: dict[str, Any]) -> None:
    item = access.may_judge_item(session, actor(), item_id)
    queue.return_to_queue(
        session, item, actor=actor().actor, role=actor().role, now=now(), note=body["note"]
    )


@calls.write("POST", "/items/<id:item_id>/revoke", summary="Take an item from its holder",
             roles=CHIEF_ROLES, scope=ApiScope.REVIEW, body=MaybeNoteBody,
             refusals=MOVES)  # fmt: skip
def revoke_item(session: Session, item_id: str, body: dict[str, Any]) -> None:
    item = access.may_see_item(session, actor(), item_id)
    queue.revoke(
        session, item, actor=actor().actor, role=actor().role, now=now(), note=body["note"]
    )


@calls.write("POST", "/items/<id:item_id>/reassign", summary="Give an item to a verifier",
             roles=CHIEF_ROLES, scope=ApiScope.REVIEW, body=ReassignBody,
             refusals=MOVES)  # fmt: skip
def reassign_item(session: Session, item_id: str, body: dict[str, Any]) -> None:
    """A waiting or held one, to a verifier of its office, who holds it from now."""
    item = access.may_see_item(session, actor(), item_id)
    queue.reassign(
        session, item, to_actor=access.may_be_given(session, item, body["account"]).actor,
        actor=actor().actor, role=actor().role, now=now(), seconds=_lease(),
    )  # fmt: skip


def _lease() -> int:
    return services().config.lease_seconds


def _sheet(session: Session, item: Item, *, logged: bool = True) -> Versioned:
    sheet = item_sheet.sheet_of(session, item, actor(), services().field_keys, now(), logged=logged)
    return Versioned(spelled_sheet(sheet), item.version)


def _after(session: Session, item: Item) -> Versioned:
    session.refresh(item)
    return _sheet(session, item, logged=False)
