"""Card scans: which pictures count for nobody, who lacks which card, and pairings corrected."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate
from sqlalchemy.orm import Session

from portal import access
from portal.actors import PARTY_ROLES
from portal.api.calls import Calls, Nothing, Page, PageQuery
from portal.api.fields import Text, cursor_of
from portal.card_rows import holders_of, picture_of, unpaired
from portal.context import actor, now, own_participation, services
from portal.credentials import ApiScope
from portal.roster_view import version_of
from verification import scan_pairing
from verification.card_coverage import Cards
from verification.card_scans import KINDS
from verification.errors import DossierLocked, NoSuchMember, NotFound
from verification.models import ReceivedFile, Scan

calls = Calls("scans")
NUMBER = "/scans/<id:file_id>/<int:number>"


class ScanSchema(Schema):
    """A picture of a file. `kind`: ktp, kta, kk, unknown; `twin`: the same picture, earlier."""

    file = fields.String()
    number = fields.Integer()
    name = fields.String()
    kind = fields.String()
    region = fields.String()
    withdrawn = fields.Boolean()
    twin = fields.String(allow_none=True)


class HolderSchema(Schema):
    """A member of a list and his pictures by kind; what is not there is missing."""

    line = fields.Integer()
    name = fields.String()
    kta_number = fields.String()
    cards = fields.Dict(keys=fields.String(), values=fields.Nested(ScanSchema))


class CardsQuery(PageQuery):
    cards = fields.String(
        validate=validate.OneOf([each.value for each in Cards]), load_default=Cards.SHORT.value
    )


class PairBody(Schema):
    """`member`: KTA number or NIK of a member of a list in force."""

    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    member = Text(required=True, validate=validate.Length(1, 60))


@calls.read("/scans/unpaired", summary="Pictures that count for no member", roles=PARTY_ROLES,
            scope=ApiScope.READ, query=PageQuery, reply=ScanSchema, paged=True)  # fmt: skip
def list_unpaired_scans(session: Session, query: dict[str, Any]) -> Page:
    """By name nobody is found, the kind is unknown, or the party withdrew them."""
    rows, more = unpaired(
        session, own_participation(session), actor().scope,
        after=cursor_of(query), limit=query["limit"],
    )  # fmt: skip
    return Page(rows, more)


@calls.read("/rosters/<id:roster_id>/cards", summary="Members of a list and their card scans",
            roles=PARTY_ROLES, scope=ApiScope.READ, query=CardsQuery, reply=HolderSchema,
            paged=True, refusals=(NotFound,))  # fmt: skip
def list_cards(session: Session, roster_id: str, query: dict[str, Any]) -> Page:
    """`cards`: semua, kurang, tanpa-ktp, tanpa-kta, lengkap."""
    roster = access.may_read_roster_rows(session, actor(), roster_id)
    rows, more = holders_of(
        session, version_of(session, roster), Cards(query["cards"]),
        after=cursor_of(query), limit=query["limit"],
    )  # fmt: skip
    return Page(rows, more)


@calls.write("POST", NUMBER + "/pair", summary="Say whose card a picture is",
             roles=PARTY_ROLES, scope=ApiScope.UPLOAD, body=PairBody, reply=ScanSchema,
             refusals=(NotFound, NoSuchMember, DossierLocked))  # fmt: skip
def pair_scan(session: Session, file_id: str, number: int, body: dict[str, Any]) -> Any:
    """Stands against the picture's name, also when file or list are read again."""
    file = access.may_change_file(session, actor(), file_id)
    scan = scan_pairing.pair(
        session, file, number, kind=body["kind"], member=body["member"], scope=actor().scope,
        actor=actor().actor, keys=services().field_keys, now=now(),
    )  # fmt: skip
    return _spelled(session, scan, file)


@calls.write("POST", NUMBER + "/withdraw", summary="Let a picture count for nobody",
             roles=PARTY_ROLES, scope=ApiScope.UPLOAD, body=Nothing, reply=ScanSchema,
             refusals=(NotFound, DossierLocked))  # fmt: skip
def withdraw_scan(session: Session, file_id: str, number: int) -> Any:
    file = access.may_change_file(session, actor(), file_id)
    scan = scan_pairing.withdraw_scan(session, file, number, actor=actor().actor, now=now())
    return _spelled(session, scan, file)


@calls.write("POST", NUMBER + "/by-name", summary="Let a picture's name count again",
             roles=PARTY_ROLES, scope=ApiScope.UPLOAD, body=Nothing, reply=ScanSchema,
             refusals=(NotFound, DossierLocked))  # fmt: skip
def follow_scan_name(session: Session, file_id: str, number: int) -> Any:
    file = access.may_change_file(session, actor(), file_id)
    scan = scan_pairing.follow_name(
        session, file, number, actor=actor().actor, keys=services().field_keys, now=now()
    )
    return _spelled(session, scan, file)


def _spelled(session: Session, scan: Scan, file: ReceivedFile) -> Any:
    session.flush()
    return picture_of(scan, file, scan_pairing.same_as(session, [scan]).get(scan.id))
