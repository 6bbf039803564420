"""What a view may reach: `services()`, `actor()`, `now()`, and the party's participation.

Next station: the service that the view calls, session first.
"""

from __future__ import annotations

from datetime import datetime
from typing import cast

from flask import current_app, g
from flask_login import current_user
from sqlalchemy.orm import Session

from portal.actors import Actor
from portal.refusals import LoginRequired
from portal.wiring import Services
from verification.errors import NotFound
from verification.models import Office, Participation

EXTENSION = "sipol"


def services() -> Services:
    """The services this application was wired with."""
    return cast(Services, current_app.extensions[EXTENSION])


def now() -> datetime:
    """One instant for the whole request, UTC."""
    if "now" not in g:
        g.now = services().clock()
    return cast(datetime, g.now)


def actor() -> Actor:
    """Who is signed in. Raises LoginRequired."""
    found = actor_or_none()
    if found is None:
        raise LoginRequired("no valid credential")
    return found


def actor_or_none() -> Actor | None:
    """Who is signed in, if anybody is: for pages that everybody may read."""
    if not current_user.is_authenticated:
        return None
    # The Actor itself, not Flask-Login's proxy for it: it may outlive the request in a thread.
    return cast(Actor, current_user._get_current_object())  # noqa: SLF001


def own_participation(session: Session) -> Participation:
    """The signed-in party's participation in the election asked for. Raises NotFound."""
    found = session.get(Participation, actor().participation_id or 0)
    if found is None:
        raise NotFound("this party does not take part in that election")
    return found


def own_office(session: Session) -> Office:
    """The office the signed-in account works for. Raises NotFound."""
    found = session.get(Office, actor().office_id or 0)
    if found is None:
        raise NotFound("this account belongs to no office")
    return found
