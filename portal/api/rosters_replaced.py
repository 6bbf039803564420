"""A whole list that would take many out of the one in force: the party's yes, its no, and back."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from portal import access
from portal.actors import PARTY_ROLES
from portal.api.calls import Calls
from portal.api.roster_schemas import RosterSchema, WordBody, spelled
from portal.context import actor, now
from portal.credentials import ApiScope
from portal.roster_view import version_of, view_of
from verification.errors import DossierLocked, NotAllowed, NotFound
from verification.rosters import confirming

calls = Calls("rosters")
REFUSALS = (NotFound, NotAllowed, DossierLocked)


@calls.write("POST", "/rosters/<id:roster_id>/confirm", summary="Let a waiting list replace the old",
             roles=PARTY_ROLES, scope=ApiScope.UPLOAD, body=WordBody, reply=RosterSchema,
             refusals=REFUSALS)  # fmt: skip
def confirm_list(session: Session, roster_id: str, body: dict[str, Any]) -> Any:
    """When the list in force is another one by now, they are compared again and asked about again."""
    roster = access.may_read_roster_rows(session, actor(), roster_id)
    version = version_of(session, roster, body["version"])
    confirming.confirm(session, version, actor=actor().actor, now=now())
    return spelled(view_of(session, roster))


@calls.write("POST", "/rosters/<id:roster_id>/discard", summary="Keep the list before, or go back",
             roles=PARTY_ROLES, scope=ApiScope.UPLOAD, body=WordBody, reply=RosterSchema,
             refusals=REFUSALS)  # fmt: skip
def discard_list(session: Session, roster_id: str, body: dict[str, Any]) -> Any:
    """Nothing is erased: `confirm` takes the same version after all."""
    roster = access.may_read_roster_rows(session, actor(), roster_id)
    version = version_of(session, roster, body["version"])
    confirming.discard(session, version, actor=actor().actor, now=now())
    return spelled(view_of(session, roster))
