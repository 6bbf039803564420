"""Receipts, the journal, submissions: what a party can show to a court."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask import Response
from marshmallow import Schema, fields, validate
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import access
from portal.actors import CHIEF_ROLES, PARTY_ROLES
from portal.api.calls import EVERYBODY, Calls, Page, PageQuery
from portal.api.fields import Moment, Text, cursor_of, public_id
from portal.context import actor, now, own_participation, services
from portal.credentials import ApiScope
from portal.receipt_view import manifest_of, receipt_document, receipt_page
from portal.wiring import Services
from verification import journal, submission
from verification.errors import (
    DossierChanged,
    DossierLocked,
    NotFound,
    NothingToSubmit,
    WindowClosed,
)
from verification.issuing import receipt_of
from verification.journal import log_access
from verification.journal_kinds import Kind as EventKind
from verification.models import Chain, Receipt, ReceivedFile, Submission
from verification.receipts import Kind
from verification.states import Role

calls = Calls("proof")
READERS = frozenset({Role.COORDINATOR, Role.OBSERVER}) | CHIEF_ROLES


class ReceiptSchema(Schema):
    """A line of the list; the receipt itself is `GET receipts/{serial}`."""

    serial = fields.String()
    kind = fields.String()
    about = fields.String()
    issued_at = Moment()
    key_id = fields.String()


@calls.read("/receipts", summary="The party's receipts, newest first", roles=PARTY_ROLES,
            scope=ApiScope.READ, query=PageQuery, reply=ReceiptSchema, paged=True)  # fmt: skip
def list_receipts(session: Session, query: dict[str, Any]) -> Page:
    """An operator sees those of his regions."""
    wanted = (
        select(Receipt)
        .where(Receipt.participation_id == own_participation(session).id)
        .order_by(Receipt.id.desc())
        .limit(query["limit"] + 1)
    )
    scope = actor().scope
    if scope is not None:
        inside = ReceivedFile.region_id.in_(scope.region_ids(own_participation(session).election))
        wanted = wanted.where(Receipt.about.in_(select(ReceivedFile.public_id).where(inside)))
    if cursor_of(query):
        wanted = wanted.where(Receipt.id < cursor_of(query))
    rows = list(session.scalars(wanted))
    kept = rows[: query["limit"]]
    return Page(kept, kept[-1].id if len(rows) > len(kept) else None)


@calls.read("/receipts/<id:serial>", summary="A receipt, byte for byte as it was signed",
            roles=EVERYBODY, scope=ApiScope.READ, also=ApiScope.UPLOAD, media="application/json",
            refusals=(NotFound,))  # fmt: skip
def show_receipt(session: Session, serial: str) -> Response:
    """By its serial, or by the id of what it was given for."""
    receipt = access.may_see_receipt(session, actor(), serial)
    return _file(
        receipt_document(receipt), "application/json", f"tanda-terima-{receipt.serial}.json"
    )


@calls.read("/receipts/<id:serial>.pdf", summary="A receipt as a page with QR code",
            roles=EVERYBODY, scope=ApiScope.READ, also=ApiScope.UPLOAD, media="application/pdf",
            refusals=(NotFound,))  # fmt: skip
def show_receipt_pdf(session: Session, serial: str) -> Response:
    receipt = access.may_see_receipt(session, actor(), serial)
    return _file(
        receipt_page(session, receipt), "application/pdf", f"tanda-terima-{receipt.serial}.pdf"
    )


@calls.read("/receipts/<id:serial>/manifest", summary="The manifest a submission's receipt signs",
            roles=EVERYBODY, scope=ApiScope.READ, also=ApiScope.UPLOAD, media="application/json",
            refusals=(NotFound,))  # fmt: skip
def show_manifest(session: Session, serial: str) -> Response:
    receipt = access.may_see_receipt(session, actor(), serial)
    return _file(
        manifest_of(session, receipt), "application/json", f"manifes-{receipt.serial}.json"
    )


def _file(body: bytes, media: str, name: str) -> Response:
    response = Response(body, mimetype=media)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


class EntrySchema(Schema):
    """A thing that would be locked, or is."""

    kind = fields.String()
    id = fields.String(attribute="public_id")
    version = fields.Integer()
    requirement = fields.String()
    region = fields.String()
    sha256 = fields.String(attribute="digest")
    size = fields.Integer()
    state = fields.String()


class MissingSchema(Schema):
    """A requirement that is still short."""

    requirement = fields.String(attribute="requirement.code")
    unit = fields.String()
    needed = fields.Integer()
    present = fields.Integer()
    missing = fields.Integer()


class LeftSchema(Schema):
    """A file that is here and would not go in. `why`: rejected, not_open, unconfirmed."""

    id = fields.String(attribute="public_id")
    requirement = fields.String()
    region = fields.String()
    why = fields.String()


class DraftSchema(Schema):
    """What would be locked now; `digest` goes into `POST submissions`."""

    round = fields.Integer(attribute="round.number")
    digest = fields.String()
    entries = fields.List(fields.Nested(EntrySchema))
    missing = fields.List(fields.Nested(MissingSchema))
    not_included = fields.List(fields.Nested(LeftSchema))
    submission = fields.String(attribute="submission.public_id", allow_none=True)


COORDINATOR = frozenset({Role.COORDINATOR})


@calls.read("/submissions/draft", summary="Check the answers before sending", roles=PARTY_ROLES,
            scope=ApiScope.READ, reply=DraftSchema, refusals=(NotFound,))  # fmt: skip
def show_draft(session: Session) -> Any:
    return submission.draft(session, own_participation(session), now())


class SubmitBody(Schema):
    """The digest that the draft showed."""

    digest = Text(required=True, validate=validate.Regexp(r"^[0-9a-f]{64}\Z"))


class SubmissionSchema(Schema):
    """A locked dossier. `items_made` grows until the state is `queued`."""

    id = fields.String(attribute="public_id")
    state = fields.String()
    round = fields.Integer(attribute="round.number")
    digest = fields.String()
    submitted_at = Moment()
    items_made = fields.Integer()
    receipt = fields.String(allow_none=True)


@calls.write("POST", "/submissions", summary="Lock the dossier and send it", roles=COORDINATOR,
             scope=ApiScope.SUBMIT, body=SubmitBody, reply=SubmissionSchema, status=201,
             idempotent=True,
             refusals=(NotFound, DossierChanged, DossierLocked, NothingToSubmit,
                       WindowClosed))  # fmt: skip
def submit_dossier(session: Session, body: dict[str, Any]) -> Any:
    """Repeating it, with or without Idempotency-Key, gives the same receipt."""
    made = submission.submit(
        session,
        own_participation(session),
        digest=body["digest"],
        actor=actor().actor,
        signer=services().signer,
        now=now(),
    )
    return _submitted(session, made)


@calls.read("/submissions", summary="The party's submissions", roles=PARTY_ROLES,
            scope=ApiScope.READ, query=PageQuery, reply=SubmissionSchema, paged=True,
            refusals=(NotFound,))  # fmt: skip
def list_submissions(session: Session, query: dict[str, Any]) -> Page:
    rows = list(
        session.scalars(
            select(Submission)
            .where(
                Submission.participation_id == own_participation(session).id,
                Submission.id > cursor_of(query),
            )
            .order_by(Submission.id)
            .limit(query["limit"] + 1)
        )
    )
    kept = rows[: query["limit"]]
    more = kept[-1].id if len(rows) > len(kept) else None
    return Page([_submitted(session, row) for row in kept], more)


@calls.read("/submissions/<id:submission_id>", summary="One submission", roles=EVERYBODY,
            scope=ApiScope.READ, reply=SubmissionSchema, refusals=(NotFound,))  # fmt: skip
def show_submission(session: Session, submission_id: str) -> Any:
    return _submitted(session, access.may_see_submission(session, actor(), submission_id))


def _submitted(session: Session, made: Submission) -> dict[str, Any]:
    receipt = receipt_of(session, Kind.SUBMISSION, made.public_id)
    names = ("public_id", "state", "round", "digest", "submitted_at", "items_made")
    return {
        **{name: getattr(made, name) for name in names},
        "receipt": receipt.serial if receipt else None,
    }


class JournalQuery(PageQuery):
    kind = fields.String(validate=validate.OneOf([str(kind) for kind in EventKind]),
                         load_default=None)  # fmt: skip
    chain = public_id(load_default=None)


class JournalEntrySchema(Schema):
    """An event with its place in the chain; the note is shown beside it, its digest is chained."""

    number = fields.Integer()
    at = Moment()
    actor = fields.String()
    kind = fields.String()
    facts = fields.Function(journal.facts_of)
    note = fields.String(allow_none=True)
    previous = fields.String()
    hash = fields.String()


@calls.read("/journal", summary="One's own journal, newest first", roles=READERS,
            scope=ApiScope.READ, query=JournalQuery, reply=JournalEntrySchema, paged=True,
            refusals=(NotFound,))  # fmt: skip
def list_journal(session: Session, query: dict[str, Any]) -> Page:
    """A coordinator reads his party's, a supervisor his office's; observers choose by `chain`."""
    chain = access.may_read_chain(session, actor(), query["chain"])
    found = journal.entries(
        session,
        chain,
        before=cursor_of(query) or None,
        limit=query["limit"] + 1,
        kinds=[query["kind"]] if query["kind"] else None,
    )
    kept = found[: query["limit"]]
    return Page(kept, kept[-1].number if len(found) > len(kept) else None)


class ExportQuery(Schema):
    chain = public_id(load_default=None)


@calls.write("GET", "/journal/export", summary="The whole journal, signed, for `sipol verify`",
             roles=READERS, scope=ApiScope.READ, query=ExportQuery, media="application/x-ndjson",
             refusals=(NotFound,))  # fmt: skip
def export_journal(session: Session, query: dict[str, Any]) -> Response:
    """JSON lines with a signed head. Reading another's is logged."""
    chain = access.may_read_chain(session, actor(), query["chain"])
    if not actor().is_party:
        log_access(
            session,
            actor=actor().actor,
            action="journal.export",
            object_kind="chain",
            object_id=chain.public_id,
            now=now(),
        )
    response = Response(_exported(services(), chain.id, now()), mimetype="application/x-ndjson")
    response.headers["Content-Disposition"] = (
        f'attachment; filename="riwayat-{chain.public_id}.jsonl"'
    )
    return response


def _exported(wired: Services, chain_id: int, at: datetime) -> Iterator[str]:
    # In a snapshot of its own, while it is sent: a long journal needs no memory.
    with wired.sessions.read() as session:
        chain = session.get_one(Chain, chain_id)
        for line in journal.export(session, chain, wired.signer, at):
            yield line if line.endswith("\n") else f"{line}\n"
