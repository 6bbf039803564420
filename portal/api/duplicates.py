"""A party's own rows that another party has as well; which one, is not said."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields
from sqlalchemy.orm import Session

from portal import access
from portal.actors import PARTY_ROLES
from portal.api.calls import Calls, Page
from portal.api.fields import cursor_of
from portal.api.roster_schemas import VersionQuery
from portal.context import actor
from portal.credentials import ApiScope
from portal.roster_view import version_of
from verification.duplicates.told import external_rows
from verification.errors import NotFound

calls = Calls("duplicates")


class OwnDuplicateSchema(Schema):
    """A row of this list that another party has as well, found after both have submitted.

    `kind`: identical, other_name, similar. `fate`: open, kept (with this party), lost.
    """

    line = fields.Integer()
    row_ref = fields.String()
    kind = fields.String()
    fate = fields.String()


@calls.read("/rosters/<id:roster_id>/duplicates", summary="Rows another party has as well",
            roles=PARTY_ROLES, scope=ApiScope.READ, query=VersionQuery, reply=OwnDuplicateSchema,
            paged=True, refusals=(NotFound,))  # fmt: skip
def list_duplicates(session: Session, roster_id: str, query: dict[str, Any]) -> Page:
    """Found after the dossier was submitted; which party it is, is not said."""
    roster = access.may_read_roster_rows(session, actor(), roster_id)
    version = version_of(session, roster, query["version"])
    rows = external_rows(session, version, after=cursor_of(query), limit=query["limit"] + 1)
    kept = rows[: query["limit"]]
    return Page(kept, kept[-1].line if len(rows) > len(kept) else None)
