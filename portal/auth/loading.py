"""Flask-Login over our own rows: the request's credential becomes the request's Actor.

Flask-Login's signed cookie and "remember me" stay unused: a session here is a row that can be ended.
"""

from __future__ import annotations

import re

from flask import Flask, Request, Response, g, request
from flask.typing import ResponseReturnValue
from flask_login import LoginManager

from portal import actors
from portal.actors import Actor
from portal.auth import sessions
from portal.context import now, services
from portal.refusals import LoginRequired
from portal.uploads_auth import CredentialKind, alive, login_of, resolve

BACKGROUND = "Sipol-Background"
_CODE = re.compile(r"[0-9A-Za-z_.-]{1,40}")


def install(app: Flask) -> None:
    """Let Flask-Login ask us, and only us, who is there."""
    manager = LoginManager()
    manager.session_protection = None
    manager.request_loader(_actor_of)
    manager.unauthorized_handler(_refuse)
    manager.init_app(app)
    app.after_request(_touch)


def ticket_holder() -> Actor | None:
    """Who holds the upload ticket of this request; for the few calls a night's queue needs."""
    with services().sessions.read() as session:
        credential = resolve(
            session,
            cookie=None,
            authorization=request.headers.get("Authorization"),
            now=now(),
        )
        if credential is None or credential.kind is not CredentialKind.TICKET:
            return None
        found = actors.load(
            session, credential.account, kind=CredentialKind.TICKET.value, election=_election()
        )
    # From here on the request has an actor: handlers ask `actor()` as everywhere.
    g._login_user = found  # noqa: SLF001
    return found


def _election() -> str | None:
    asked = request.args.get("election")
    if asked is None or _CODE.fullmatch(asked):
        return asked
    return "?"  # no election has that code, and no database is asked to store it


def _refuse() -> ResponseReturnValue:
    raise LoginRequired("no valid credential")


def _actor_of(incoming: Request) -> Actor | None:
    cookie, authorization = incoming.headers.get("Cookie"), incoming.headers.get("Authorization")
    if cookie is None and authorization is None:
        return None
    with services().sessions.read() as session:
        credential = resolve(session, cookie=cookie, authorization=authorization, now=now())
        # A ticket creates uploads and asks for their keys; those calls resolve it themselves.
        if credential is None or credential.kind is CredentialKind.TICKET:
            return None
        login = credential.login_session
        if login is not None and sessions.due_for_touch(login, now()):
            g.touch_login = login.id
        return actors.load(
            session,
            credential.account,
            kind=credential.kind.value,
            scopes=credential.scopes,
            login_session_id=login.id if login else None,
            csrf_secret=login.csrf_secret if login else None,
            election=_election(),
        )


def expired_login() -> tuple[int, str] | None:
    """Account id and CSRF secret of a session that the clock ended; None for any other end."""
    with services().sessions.read() as session:
        login = login_of(session, request.headers.get("Cookie"))
        if login is None or alive(login, now()):
            return None
        if login.ended_at is not None or login.account.disabled_at is not None:
            return None
        return login.account_id, login.csrf_secret


def _touch(response: Response) -> Response:
    login_id = g.pop("touch_login", None)
    # A page that polls in the background must not keep a session alive that nobody sits at.
    if login_id is None or BACKGROUND in request.headers:
        return response
    config = services().config
    with services().sessions.begin() as session:
        sessions.touch(
            session,
            login_id,
            now=now(),
            idle=config.session_idle,
            lifetime=config.session_lifetime,
        )
    return response
