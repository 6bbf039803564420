"""Header fields of every answer, and the cookies of a login."""

from __future__ import annotations

from flask import Flask, Response, request

from portal.context import actor_or_none, services
from portal.uploads_auth import SESSION_COOKIES

CSP = "; ".join((
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
))  # fmt: skip

HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
LARGEST_FORM = 2 * 1024 * 1024


def install(app: Flask) -> None:
    """Bound bodies, set the headers; files never come through here."""
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_FORM
    app.config["MAX_FORM_MEMORY_SIZE"] = LARGEST_FORM
    app.after_request(_headers)


def _headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if services().secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if request.endpoint == "static":
        return response
    if actor_or_none() is not None or response.status_code >= 400:
        response.headers["Cache-Control"] = "no-store"
    elif "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-cache"
    return response


def set_login_cookie(response: Response, token: str) -> None:
    """The session's cookie: gone with the browser, unreadable to scripts, for this host only."""
    response.set_cookie(
        _name(), token, httponly=True, samesite="Lax", secure=services().secure, path="/"
    )


def clear_login_cookie(response: Response) -> None:
    """After logging out nothing of the person stays in a shared browser."""
    response.delete_cookie(_name(), httponly=True, samesite="Lax", secure=services().secure)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'


def _name() -> str:
    return SESSION_COOKIES[0] if services().secure else SESSION_COOKIES[1]
