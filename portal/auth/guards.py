"""Who may enter a blueprint. `portal.app` attaches one of these where it registers the blueprint.

A guard judges the role; which object an account may see is `portal.access`'s question.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import request
from flask.typing import ResponseReturnValue

from portal.actors import CHIEF_ROLES, DESK_ROLES, PARTY_ROLES
from portal.auth import saved_forms
from portal.context import actor, actor_or_none
from portal.refusals import LoginRequired, WrongRole
from verification.states import Role

Guard = Callable[[], ResponseReturnValue | None]


def public() -> None:
    """Everybody may enter; said explicitly, so that nothing is public by forgetting."""


def signed_in() -> ResponseReturnValue | None:
    """Any account, by session."""
    return _admit(frozenset(Role))


def party_only() -> ResponseReturnValue | None:
    """Coordinators and operators."""
    return _admit(PARTY_ROLES)


def desk_only() -> ResponseReturnValue | None:
    """Verifiers and supervisors."""
    return _admit(DESK_ROLES)


def office_only() -> ResponseReturnValue | None:
    """Supervisors and administrators."""
    return _admit(CHIEF_ROLES)


def counting_only() -> ResponseReturnValue | None:
    """All offices and observers: whom the numbers of every party concern."""
    return _admit(DESK_ROLES | {Role.ADMINISTRATOR, Role.OBSERVER})


def manage_only() -> ResponseReturnValue | None:
    """Administrators."""
    return _admit(frozenset({Role.ADMINISTRATOR}))


def observer_only() -> ResponseReturnValue | None:
    """Bawaslu's observers."""
    return _admit(frozenset({Role.OBSERVER}))


def api() -> None:
    """A session with CSRF header or a bearer token; each call names roles and scope itself.

    `portal.api.calls.call` is the only way to add one, and refuses to be without them.
    """


def _admit(roles: frozenset[Role]) -> ResponseReturnValue | None:
    who = actor_or_none()
    if who is None:
        if request.method == "POST":
            saved_forms.keep()
        raise LoginRequired(f"{request.endpoint} needs a login")
    if who.kind != "session":
        raise LoginRequired("pages are for sessions, tokens for the API")
    if who.role not in roles:
        raise WrongRole(f"{who.role} on {request.endpoint}")
    return None


def require(*roles: Role) -> None:
    """Narrow a blueprint's guard within one view. Raises WrongRole."""
    if actor().role not in roles:
        raise WrongRole(f"{actor().role} on {request.endpoint}")
