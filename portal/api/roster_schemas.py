"""What the API's calls about member lists take and give.

Next station: `portal.api.rosters`, `portal.api.rosters_replaced`.
"""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from portal.api.calls import PageQuery
from portal.api.fields import Moment, Text
from portal.babel import locale
from portal.context import actor
from portal.roster_view import RosterView
from verification.checks.reasons import describe


class VersionSchema(Schema):
    """One import of a list. Added, removed and changed: members against the version before."""

    number = fields.Integer()
    file = fields.String(attribute="file.public_id")
    stage = fields.String()
    sent = fields.Integer(allow_none=True)
    stored = fields.Integer(allow_none=True)
    rejected = fields.Integer(allow_none=True)
    warned = fields.Integer(allow_none=True)
    repeated = fields.Integer(allow_none=True)
    added = fields.Integer(allow_none=True)
    removed = fields.Integer(allow_none=True)
    changed = fields.Integer(allow_none=True)
    against = fields.Integer(allow_none=True)
    rows_digest = fields.String(allow_none=True)
    created_at = Moment()
    done_at = Moment(allow_none=True)


class ReplacingSchema(Schema):
    """A whole list against the one it replaces (`against`), in people before and after.

    `question`: removes, grows; null when nothing was asked. `may_confirm`, `may_discard`: what can be
    said now; a word that was given may be taken back until the dossier is sent.
    """

    version = fields.Integer()
    stage = fields.String()
    against = fields.Integer()
    question = fields.String(allow_none=True)
    before = fields.Integer()
    after = fields.Integer()
    added = fields.Integer()
    removed = fields.Integer()
    changed = fields.Integer()
    may_confirm = fields.Boolean()
    may_discard = fields.Boolean()


class RosterSchema(Schema):
    """A list. `stage`: stored, reading, checked, saving, comparing, waiting, done, discarded, failed.

    `replacing`: what the newest whole list does to the one before it; the party is asked while its
    `stage` is waiting (`POST rosters/{id}/confirm`, `/discard`).
    `position`: the import's place in line, 0 when it does not wait. `ask`: columns to confirm.
    `receipt`: serial of the signed counts of `version`, for `GET receipts/{serial}`.
    """

    id = fields.String()
    requirement = fields.String()
    region = fields.String()
    file = fields.String()
    stage = fields.String()
    position = fields.Integer()
    version = fields.Integer(allow_none=True)
    sent = fields.Integer(allow_none=True)
    stored = fields.Integer(allow_none=True)
    rejected = fields.Integer(allow_none=True)
    warned = fields.Integer(allow_none=True)
    receipt = fields.String(allow_none=True)
    reason = fields.String(allow_none=True)
    reason_code = fields.String(allow_none=True)
    repair = fields.String(allow_none=True)
    ask = fields.Dict(allow_none=True)
    replacing = fields.Nested(ReplacingSchema, allow_none=True)
    withdrawn_at = Moment(allow_none=True)
    versions = fields.List(fields.Nested(VersionSchema))


class VersionQuery(PageQuery):
    version = fields.Integer(validate=validate.Range(1, 10_000), load_default=None)


class ExportQuery(Schema):
    version = fields.Integer(validate=validate.Range(1, 10_000), load_default=None)


class ProblemRowSchema(Schema):
    """One thing wrong with a row; `value` is the cell as it was sent."""

    code = fields.String()
    severity = fields.String()
    column = fields.String()
    value = fields.String()
    message = fields.String()
    repair = fields.String()


class RejectedRowSchema(Schema):
    """A rejected row; send it again with its `row_ref` and it is known."""

    line = fields.Integer()
    row_ref = fields.String()
    problems = fields.List(fields.Nested(ProblemRowSchema))


class WarnedRowSchema(Schema):
    """A stored row with what was noticed."""

    line = fields.Integer()
    row_ref = fields.String()
    name = fields.String()
    problems = fields.List(fields.Nested(ProblemRowSchema))


class WordBody(Schema):
    """`version`: the one whose numbers were read, so that no other is meant."""

    version = fields.Integer(required=True, strict=True, validate=validate.Range(1, 10_000))


class ColumnsBody(Schema):
    """Field → number of its column, from 0; the fields are named in `ask`."""

    columns = fields.Dict(
        keys=Text(validate=validate.Length(1, 40)),
        values=fields.Integer(validate=validate.Range(0, 500), strict=True),
        required=True,
        validate=validate.Length(1, 60),
    )


def spelled(view: RosterView) -> dict[str, Any]:
    """A list, or a file that will be one, as RosterSchema has it."""
    file, shown = view.file, view.shown
    words = describe(file.rejection, file.rejection_params, locale()) if file.rejection else None
    counts = ("sent", "stored", "rejected", "warned")
    return {
        "id": view.public_id,
        "requirement": view.requirement.code,
        "region": view.region.code,
        "file": file.public_id,
        "stage": view.stage,
        "position": view.position,
        "version": shown.number if shown else None,
        **{name: getattr(shown, name) if shown else None for name in counts},
        "receipt": view.receipt,
        "reason": words.message if words else None,
        "reason_code": file.rejection,
        "repair": words.repair if words else None,
        "ask": shown.columns.get("ask") if shown and actor().is_party else None,
        "replacing": view.replacing,
        "withdrawn_at": view.roster.withdrawn_at if view.roster else None,
        "versions": view.versions,
    }
