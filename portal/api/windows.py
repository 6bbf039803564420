"""When stages are open: the windows of each with their versions, what a new one would do, and a new one."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate
from sqlalchemy.orm import Session

from portal.api.calls import Calls, Versioned
from portal.api.fields import Moment, Text, public_id
from portal.context import actor, now
from portal.credentials import ApiScope
from portal.page import forget_closing, in_language
from portal.quota import open_uploads
from portal.refusals import BadInput
from verification import extending, windows
from verification.errors import (
    LegalBasisMissing,
    NotAllowed,
    NotFound,
    Stale,
    WindowNotSound,
    WindowPast,
    WindowShortened,
    WindowUnchanged,
)
from verification.extending import NewTimes
from verification.models import Stage, Window
from verification.reference import current_election, participation_by_public_id, participations
from verification.schedule import stages
from verification.states import Role

calls = Calls("windows")
ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})
UNSOUND = (
    LegalBasisMissing,
    NotFound,
    WindowNotSound,
    WindowPast,
    WindowShortened,
    WindowUnchanged,
)


class WindowSchema(Schema):
    """A version. `participation` null: for everybody; `grace_seconds`: what was begun before the close
    may still end. `made_at` null: it came with the election.
    """

    participation = fields.String(allow_none=True)
    version = fields.Integer()
    opens_at = Moment()
    closes_at = Moment()
    grace_seconds = fields.Integer()
    legal_basis = fields.String()
    made_at = Moment(allow_none=True)


class StageWindowsSchema(Schema):
    """`revision`, also the ETag, grows with every version. `versions`: everybody's first, of each the
    newest first: that one holds, a party's own before everybody's.
    """

    stage = fields.String()
    name = fields.String()
    revision = fields.Integer()
    versions = fields.List(fields.Nested(WindowSchema))


class AllWindowsSchema(Schema):
    stages = fields.List(fields.Nested(StageWindowsSchema))


class NewWindow(Schema):
    """`participation` null: for everybody. `opens_at`: only for what has not opened yet."""

    participation = public_id(load_default=None, allow_none=True)
    closes_at = Moment(required=True)
    opens_at = Moment(load_default=None, allow_none=True)
    grace_seconds = fields.Integer(
        required=True, validate=validate.Range(0, extending.LONGEST_GRACE)
    )
    legal_basis = Text(required=True, validate=validate.Length(1, extending.BASIS_LIMIT))


class EffectSchema(Schema):
    """`was`: the window that holds. `parties`: how many it is for; `own`: windows of parties that keep
    theirs. `running`: uploads that are open now; `in_time`: files that came too late and no longer do.
    """

    was = fields.Nested(WindowSchema, allow_none=True)
    parties = fields.Integer()
    running = fields.Integer()
    in_time = fields.Integer()
    own = fields.List(fields.Nested(WindowSchema))


@calls.read("/windows", summary="When each stage is open", roles=ADMINISTRATORS,
            scope=ApiScope.READ, reply=AllWindowsSchema, refusals=(NotFound,))  # fmt: skip
def list_windows(session: Session) -> Any:
    found = stages(session, current_election(session))
    return {"stages": [_stage(session, stage) for stage in found]}


@calls.read("/windows/<stage:code>", summary="When a stage is open", roles=ADMINISTRATORS,
            scope=ApiScope.READ, reply=StageWindowsSchema, refusals=(NotFound,))  # fmt: skip
def show_windows(session: Session, code: str) -> Any:
    shown = _stage(session, windows.stage_by_code(session, current_election(session), code))
    return Versioned(shown, shown["revision"])


@calls.read("/windows/<stage:code>/effect", summary="What a new window would do",
            roles=ADMINISTRATORS, scope=ApiScope.READ, query=NewWindow, reply=EffectSchema,
            refusals=UNSOUND)  # fmt: skip
def show_effect(session: Session, code: str, query: dict[str, Any]) -> Any:
    """Nothing changes; what the new window would be refused for is refused here."""
    times = _times(session, code, query)
    effect = extending.effect_of(session, times, now())
    ids = _public_ids(session)
    return {
        "was": _window(effect.was, ids) if effect.was else None,
        "parties": len(effect.touched),
        "running": open_uploads(session, [party.id for party in effect.touched], now()),
        "in_time": effect.files,
        "own": [_window(own, ids) for _, own in effect.own],
    }


@calls.write("POST", "/windows/<stage:code>", summary="Move a stage's window, with a new version",
             roles=ADMINISTRATORS, scope=ApiScope.MANAGE, body=NewWindow, reply=StageWindowsSchema,
             status=201, if_match=True, idempotent=True,
             refusals=(*UNSOUND, NotAllowed, Stale))  # fmt: skip
def move_window(session: Session, code: str, version: int | None, body: dict[str, Any]) -> Any:
    """If-Match is the stage's ETag and must be there. What has opened only grows."""
    if version is None:
        raise BadInput({"If-Match": ["required"]})
    times = _times(session, code, body)
    extending.move(session, times, seen=version, actor=actor().actor, role=actor().role, now=now())
    forget_closing()
    shown = _stage(session, times.stage)
    return Versioned(shown, shown["revision"])


def _times(session: Session, code: str, given: dict[str, Any]) -> NewTimes:
    election = current_election(session)
    named = given["participation"]
    # Whole seconds, as pages show and send them.
    opens_at = given["opens_at"]
    return NewTimes(
        closes_at=given["closes_at"].replace(microsecond=0),
        opens_at=opens_at.replace(microsecond=0) if opens_at else None,
        grace_seconds=given["grace_seconds"],
        legal_basis=given["legal_basis"],
        stage=windows.stage_by_code(session, election, code),
        participation=participation_by_public_id(session, named, election) if named else None,
    )


def _stage(session: Session, stage: Stage) -> dict[str, Any]:
    ids = _public_ids(session)
    return {
        "stage": stage.code,
        "name": in_language(stage, "name"),
        "revision": windows.revision(session, stage),
        "versions": [_window(row, ids) for row in windows.versions(session, stage)],
    }


def _window(window: Window, ids: dict[int | None, str]) -> dict[str, Any]:
    names = ("version", "opens_at", "closes_at", "grace_seconds", "legal_basis", "made_at")
    return {
        "participation": ids.get(window.participation_id),
        **{name: getattr(window, name) for name in names},
    }


def _public_ids(session: Session) -> dict[int | None, str]:
    return {row.id: row.public_id for row in participations(session, current_election(session))}
