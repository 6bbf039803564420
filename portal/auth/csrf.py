"""CSRF: a token that follows the login session, without a clock.

Not Flask-WTF's: its secret lives in Flask's signed cookie and its tokens carry a time, while ours must
die with the session row, survive as long as it, be swapped after signing in again, and be checked
once more against an ended session before its form is kept. Anonymous forms (signing in, language) have
a cookie of their own as secret, so that public pages set none.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from flask import Flask, Response, g, request

from portal.context import actor_or_none, services
from portal.refusals import CsrfFailed

FIELD = "csrf_token"
HEADER = "X-CSRF-Token"
COOKIE = "sipol_form"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_OPEN = frozenset({"auth"})
# They get no cookie at the edge and do nothing in anybody's name: there is nothing to borrow.
_COOKIELESS = frozenset({"public"})
_OWN_PAGES = frozenset({"same-origin", "none"})


def install(app: Flask) -> None:
    """Check every unsafe request before its view, whoever wrote the view."""
    app.before_request(_check)
    app.after_request(_set_cookie)
    app.jinja_env.globals["csrf_token"] = token


def token() -> str:
    """A token for a form of this request; a fresh mask each time, so that compression shows nothing."""
    mask = secrets.token_hex(8)
    return f"{mask}{_mark(_secret(), mask)}"


def token_for(secret: str) -> str:
    """A token of a session that has just begun."""
    mask = secrets.token_hex(8)
    return f"{mask}{_mark(secret, mask)}"


def fits(given: str, secret: str) -> bool:
    """Whether a token was made from this secret (constant time)."""
    return (
        len(given) == 80
        and given.isascii()
        and hmac.compare_digest(given[16:], _mark(secret, given[:16]))
    )


def given_token() -> str:
    """What the request carries, in its header or its form."""
    return request.headers.get(HEADER) or request.form.get(FIELD) or ""


def _mark(secret: str, mask: str) -> str:
    return hmac.new(secret.encode(), f"csrf:{mask}".encode(), hashlib.sha256).hexdigest()


def _secret() -> str:
    who = actor_or_none()
    if who is not None and who.csrf_secret is not None:
        return who.csrf_secret
    if "form_cookie" not in g:
        known = request.cookies.get(COOKIE, "")
        g.form_cookie = known if len(known) == 43 else secrets.token_urlsafe(32)
    cookie: str = g.form_cookie
    # Keyed: a cookie planted from another host of the domain is worth nothing without our secret.
    return hmac.new(services().session_secret, cookie.encode(), hashlib.sha256).hexdigest()


def _check() -> None:
    if request.method in _SAFE or request.endpoint is None:
        return
    if request.blueprint in _COOKIELESS:
        _refuse_foreign_page()
        return
    who = actor_or_none()
    if who is not None and who.csrf_secret is None:
        return  # a bearer token: no browser sends it by itself
    if who is None and request.blueprint == "api":
        return  # refused for want of a login, or a ticket's call
    if who is None and request.is_json and _from_our_page():
        return
    if who is None and request.blueprint not in _OPEN:
        return  # the guard answers, and may keep the form
    if who is None and request.endpoint == "auth.logout":
        return  # there is nothing left to protect
    if not fits(given_token(), _secret()):
        raise CsrfFailed(f"no fitting token on {request.endpoint}")


def _refuse_foreign_page() -> None:
    # Only so that another site cannot spend its visitors' budgets here; what sends no such field is
    # no browser, or an old one.
    if request.headers.get("Sec-Fetch-Site", "none") not in _OWN_PAGES:
        raise CsrfFailed(f"a foreign page on {request.endpoint}")


def _from_our_page() -> bool:
    # JSON across origins needs a preflight, which is never answered; this is the second lock.
    origin = request.headers.get("Origin")
    return origin is not None and origin == f"{request.scheme}://{request.host}"


def _set_cookie(response: Response) -> Response:
    cookie = g.pop("form_cookie", None)
    if cookie is not None and request.cookies.get(COOKIE) != cookie:
        response.set_cookie(
            COOKIE, cookie, httponly=True, samesite="Lax", secure=services().secure, path="/"
        )
    return response
