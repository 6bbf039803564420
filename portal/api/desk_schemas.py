"""How the desk's objects are spelled in JSON."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from portal.api.fields import Moment
from portal.babel import locale
from portal.item_sheet import ItemSheet
from portal.page import in_language
from verification.checks.reasons import describe
from verification.decisions import needs_note
from verification.rosters.texts import problem


class CountsSchema(Schema):
    """Items by where they are."""

    waiting = fields.Integer()
    claimed = fields.Integer()
    flagged = fields.Integer()
    decided = fields.Integer()
    published = fields.Integer()
    total = fields.Integer()
    open = fields.Integer()


class OverviewSchema(Schema):
    """The office's queue. `per_hour`: the office's rate; `finish_at`: where that leads."""

    office = fields.String()
    office_name = fields.String()
    round = fields.Integer()
    counts = fields.Nested(CountsSchema)
    oldest_at = Moment(allow_none=True)
    today = fields.Integer()
    per_hour = fields.Float()
    finish_at = Moment(allow_none=True)
    due_at = Moment()
    held = fields.String(allow_none=True)
    undoable = fields.List(fields.String())


class MemberSchema(Schema):
    """A member's claim; masked unless the reader holds the item."""

    row_ref = fields.String()
    line = fields.Integer()
    name = fields.String()
    nik = fields.String()
    sex = fields.String()
    birth_year = fields.Integer()
    birth_date = fields.Date(allow_none=True)
    birth_place = fields.String()
    kta_number = fields.String()
    marital_status = fields.String()
    occupation = fields.String()
    address = fields.String()
    village = fields.String()
    regency = fields.String()
    district = fields.String()
    nik_says = fields.Dict(keys=fields.String(), values=fields.String())


class DuplicateSchema(Schema):
    """Another row that is, or may be, this person's; both masked unless the reader holds the item.

    `party`: whose it is. `same`: fields that are equal. `steps`: what the rules allow now, for the
    holder; `kept`: mine, other, neither, once settled; `blocks`: MS is not possible.
    """

    id = fields.String()
    kind = fields.String()
    state = fields.String()
    internal = fields.Boolean()
    party = fields.String()
    likeness = fields.Integer()
    other = fields.Nested(MemberSchema)
    same = fields.List(fields.String())
    my_statement = fields.String(allow_none=True)
    other_statement = fields.String(allow_none=True)
    summons = fields.String(allow_none=True)
    resolution = fields.String(allow_none=True)
    kept = fields.String(allow_none=True)
    blocks = fields.Boolean()
    steps = fields.List(fields.String())


class NoticeSchema(Schema):
    """What the system noticed."""

    code = fields.String()
    severity = fields.String()
    message = fields.String()
    fields_ = fields.List(fields.String(), data_key="fields")


class ImageSchema(Schema):
    number = fields.Integer()
    label = fields.String()
    card = fields.Boolean()


class PastSchema(Schema):
    """A line of the subject's history through all rounds; `outcome` null is an undo."""

    round = fields.Integer()
    outcome = fields.String(allow_none=True)
    reason = fields.String(allow_none=True)
    note = fields.String(allow_none=True)
    actor = fields.String()
    decided_at = Moment()
    stands = fields.Boolean()


class ReasonSchema(Schema):
    """A reason code; `key` is the digit of the desk; `needs_note`: says nothing without a note."""

    code = fields.String()
    outcome = fields.String()
    key = fields.String()
    needs_note = fields.Function(lambda row: needs_note(row.code))
    text = fields.Function(lambda row: in_language(row, "text"))
    repair = fields.Function(lambda row: in_language(row, "repair"))


class ItemSchema(Schema):
    """A review item. `version` is its ETag; `clear`: shown in full because the reader holds it."""

    id = fields.String()
    version = fields.Integer()
    state = fields.String()
    kind = fields.String()
    party = fields.String()
    office = fields.String()
    round = fields.Integer()
    requirement = fields.String()
    requirement_name = fields.String()
    region = fields.String()
    region_name = fields.String()
    clear = fields.Boolean()
    lease_until = Moment(allow_none=True)
    outcome = fields.String(allow_none=True)
    reason = fields.String(allow_none=True)
    allowed_outcomes = fields.List(fields.String())
    member = fields.Nested(MemberSchema, allow_none=True)
    duplicates = fields.List(fields.Nested(DuplicateSchema))
    notices = fields.List(fields.Nested(NoticeSchema))
    images = fields.List(fields.Nested(ImageSchema))
    history = fields.List(fields.Nested(PastSchema))
    reasons = fields.List(fields.Nested(ReasonSchema))
    # The member says he is none: filed, suspended, struck.
    disputed = fields.String(allow_none=True)


def spelled_sheet(sheet: ItemSheet) -> dict[str, Any]:
    """A sheet as `ItemSchema` dumps it."""
    item, subject = sheet.item, sheet.item.subject
    return {
        "id": item.public_id,
        "version": item.version,
        "state": item.state,
        "kind": subject.kind,
        "party": sheet.party,
        "office": item.office.code,
        "round": item.round.number,
        "requirement": subject.requirement.code,
        "requirement_name": in_language(subject.requirement, "name"),
        "region": subject.region.code,
        "region_name": subject.region.name,
        "clear": sheet.clear,
        "lease_until": sheet.lease_until,
        "outcome": item.outcome,
        "reason": item.reason,
        "allowed_outcomes": item.round.allowed_outcomes,
        "member": sheet.member,
        "duplicates": sheet.duplicates,
        "notices": _notices(sheet),
        "images": sheet.images,
        "history": sheet.history,
        "reasons": sheet.reasons,
        "disputed": sheet.disputed,
    }


def _notices(sheet: ItemSheet) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        {
            "code": fault.code,
            "severity": fault.severity.value,
            "message": problem(fault, locale(), params=sheet.placeholders).message,
            "fields_": list(fault.fields),
        }
        for fault in sheet.faults
    ]
    for finding in sheet.findings:
        words = describe(finding.code, finding.params, locale())
        rows.append(
            {
                "code": finding.code,
                "severity": finding.severity,
                "message": words.message,
                "fields_": [],
            }
        )
    return rows
