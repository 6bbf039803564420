"""Signing in, signing out, language, and forms that waited for a login.

Next station: the first page of the account's role.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Response,
    get_template_attribute,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from portal import security
from portal.answers import Answer, answer_for
from portal.auth import account_views, csrf, saved_forms
from portal.auth.login import Attempt, SignedIn, sign_in, sign_out
from portal.babel import COOKIE as LANGUAGE_COOKIE
from portal.babel import LOCALES
from portal.context import actor, actor_or_none, now, services
from portal.navigation import home_of
from portal.page import next_closing
from portal.refusals import BadInput, Busy, TooManyAttempts, WrongPassword
from verification.errors import NotFound

bp = Blueprint("auth", __name__)
account_views.install(bp)
DEVICE_COOKIE = "sipol_device"
DEVICE_DAYS = 180


@bp.get("/masuk")
def login() -> ResponseReturnValue:
    who = actor_or_none()
    if who is not None:
        return redirect(_inside(request.args.get("lanjut")) or home_of(who.role))
    return _login_page()


@bp.post("/masuk")
def login_post() -> ResponseReturnValue:
    attempt = _attempt()
    if request.is_json:
        return _json_reply(sign_in(services(), attempt, now()))
    try:
        done = sign_in(services(), attempt, now())
    except (WrongPassword, TooManyAttempts, Busy) as refusal:
        page = make_response(_login_page(login=attempt.login, refusal=answer_for(refusal)))
        page.status_code = answer_for(refusal).status
        return page
    target = _inside(request.form.get("lanjut")) or home_of(done.account.role)
    with services().sessions.read() as session:
        waiting = saved_forms.latest(session, done.account.id)
    if waiting is not None:
        target = url_for("auth.saved_form", public_id=waiting.public_id)
    response = make_response(redirect(target, 303))
    _set_cookies(response, done)
    return response


@bp.get("/masuk/keadaan")
def state() -> ResponseReturnValue:
    """Whether this browser is signed in, and the clock as it is now; keeps no session alive."""
    if actor_or_none() is None:
        return jsonify(signed_in=False)
    clock = get_template_attribute("macros.html", "clock")
    return jsonify(signed_in=True, clock=clock(now(), next_closing()))


@bp.get("/keluar")
def leave() -> ResponseReturnValue:
    return render_template("auth/logout.html")


@bp.post("/keluar")
def logout() -> ResponseReturnValue:
    """End the session; what the verifier holds goes back to the queue."""
    who = actor_or_none()
    if who is not None and who.login_session_id is not None:
        with services().sessions.begin() as session:
            sign_out(session, who, now())
    response = make_response(redirect(url_for("auth.login"), 303))
    security.clear_login_cookie(response)
    return response


@bp.get("/bahasa/<code>")
def language(code: str) -> ResponseReturnValue:
    if code not in LOCALES:
        raise NotFound("no such language")
    # Back by the referrer, so that no page has to print its own address into itself.
    target = _inside(_path_of(request.referrer)) or "/"
    response = make_response(redirect(target, 303))
    response.set_cookie(
        LANGUAGE_COOKIE, code, max_age=365 * 86400, samesite="Lax", secure=services().secure
    )
    return response


@bp.get("/formulir/<public_id>")
def saved_form(public_id: str) -> ResponseReturnValue:
    with services().sessions.read() as session:
        form = saved_forms.find(session, public_id)
        fields = saved_forms.fields_of(form, services().form_keys)
    return render_template("auth/saved_form.html", form=form, fields=fields)


@bp.post("/formulir/<public_id>/buang")
def drop_saved_form(public_id: str) -> ResponseReturnValue:
    with services().sessions.begin() as session:
        saved_forms.drop(session, saved_forms.find(session, public_id))
    return redirect(home_of(actor().role), 303)


@bp.after_app_request
def _forget_sent_form(response: Response) -> Response:
    # Only once the form has done its work: a refusal leaves it for another try.
    sent = request.form.get(saved_forms.FIELD) if request.method == "POST" else None
    if sent and response.status_code < 400 and actor_or_none() is not None:
        with services().sessions.begin() as session:
            _drop_if_own(session, sent)
    return response


def _drop_if_own(session: Session, public_id: str) -> None:
    try:
        saved_forms.drop(session, saved_forms.find(session, public_id))
    except NotFound:
        return


def _attempt() -> Attempt:
    given = request.get_json() if request.is_json else request.form
    login, password = given.get("login"), given.get("password")
    if not isinstance(login, str) or not isinstance(password, str):
        raise BadInput({"login": ["required"], "password": ["required"]})
    return Attempt(
        login=login,
        password=password,
        address=request.remote_addr,
        device=request.cookies.get(DEVICE_COOKIE),
        cookies=request.headers.get("Cookie"),
    )


def _login_page(*, login: str = "", refusal: Answer | None = None) -> str:
    return render_template(
        "auth/login.html",
        login=login,
        refusal=refusal,
        target=_inside(request.values.get("lanjut")) or "",
        kept=request.args.get("tersimpan") == "1",
        waited=request.args.get("lanjut") is not None,
    )


def _json_reply(done: SignedIn) -> Response:
    response = jsonify(
        csrf_token=csrf.token_for(done.csrf_secret),
        account=done.account.public_id,
        name=done.account.name,
        role=done.account.role,
    )
    _set_cookies(response, done)
    return response


def _set_cookies(response: Response, done: SignedIn) -> None:
    security.set_login_cookie(response, done.token)
    response.set_cookie(
        DEVICE_COOKIE,
        done.device,
        max_age=DEVICE_DAYS * 86400,
        httponly=True,
        samesite="Lax",
        secure=services().secure,
        path="/masuk",
    )


def _inside(target: str | None) -> str | None:
    """A path of this portal, or None: no open redirects."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return None
    if any(ord(character) < 32 or character == "\\" for character in target):
        return None
    return None if urlsplit(target).path in ("/masuk", "/keluar") else target


def _path_of(address: str | None) -> str | None:
    parts = urlsplit(address or "")
    if parts.netloc != request.host:
        return None
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
