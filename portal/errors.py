"""Refusals as pages or as RFC 9457 problem JSON; the words stand in `portal.answers`."""

from __future__ import annotations

import json

import structlog
from flask import Flask, Response, g, redirect, render_template, request, url_for
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from portal.answers import ANSWERS, HTTP_ANSWERS, Answer, answer_for
from portal.refusals import BadInput, LoginRequired
from verification.errors import DomainError, NotFound

_log = structlog.get_logger("portal.errors")


def install(app: Flask) -> None:
    """Answer every exception here; none reaches a person as a trace."""
    app.register_error_handler(DomainError, _domain)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OperationalError, _overloaded)
    app.register_error_handler(PoolTimeout, _overloaded)
    app.register_error_handler(Exception, _unexpected)


def wants_json() -> bool:
    """The API always; a page's script by sending JSON, or asking for it before HTML."""
    if request.path.startswith("/api/") or request.is_json:
        return True
    best = request.accept_mimetypes.best_match(
        ["text/html", "application/json", "application/problem+json"], default="text/html"
    )
    return best != "text/html"


def _domain(error: DomainError) -> Response:
    _log.info("refused", refusal=type(error).__name__, endpoint=request.endpoint)
    if isinstance(error, LoginRequired) and not wants_json():
        return _to_login()
    fields = error.fields if isinstance(error, BadInput) else None
    response = render(answer_for(error), fields=fields)
    retry_after = getattr(error, "retry_after", None)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def _to_login() -> Response:
    kept = "kept_form" in g
    target = request.full_path.rstrip("?") if request.method in ("GET", "HEAD") else None
    response = redirect(url_for("auth.login", lanjut=target, tersimpan=int(kept) or None), 303)
    return app_response(response)


def app_response(response: object) -> Response:
    """Flask's redirect is typed as Werkzeug's; within an application it is Flask's."""
    if not isinstance(response, Response):
        raise TypeError("a response of this application was expected")
    return response


def _http(error: HTTPException) -> Response:
    if error.code == 404:
        return _domain(NotFound("no such address"))
    if error.code is not None and error.code < 400:
        return app_response(error.get_response())
    answer = HTTP_ANSWERS.get(error.code or 500, HTTP_ANSWERS[400])
    response = render(answer)
    if error.code == 405:
        response.headers["Allow"] = error.get_response().headers.get("Allow", "")
    return response


def _overloaded(error: Exception) -> Response:
    # SQLite's "database is locked" after the wait, a pool without a place: trouble that passes.
    _log.warning("overloaded", error=type(error).__name__, endpoint=request.endpoint)
    response = render(HTTP_ANSWERS[503])
    response.headers["Retry-After"] = "5"
    return response


def _unexpected(error: Exception) -> Response:
    # The type and the place, never the text: it may quote what somebody typed.
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
    _log.error("unexpected", error=type(error).__name__, endpoint=request.endpoint, where=where)
    return render(HTTP_ANSWERS[500])


def render(answer: Answer, *, fields: dict[str, object] | None = None) -> Response:
    """The same answer for people and for programs."""
    if wants_json():
        return problem(answer, fields=fields)
    page = render_template("errors/error.html", answer=answer, fields=fields or {})
    return Response(page, status=answer.status, mimetype="text/html")


def problem(answer: Answer, *, fields: dict[str, object] | None = None) -> Response:
    """RFC 9457: `type` names the code, `code` repeats it for the lazy, `fields` says what to mend."""
    body: dict[str, object] = {
        "type": f"urn:sipol:problem:{answer.code}",
        "title": str(answer.title),
        "status": answer.status,
        "detail": str(answer.sentence),
        "code": answer.code,
    }
    if fields is not None:
        body["fields"] = fields
    return Response(
        json.dumps(body, ensure_ascii=False),
        status=answer.status,
        mimetype="application/problem+json",
    )


def codes() -> dict[str, int]:
    """Every code with its status, for the API's description."""
    return {a.code: a.status for a in (*ANSWERS.values(), *HTTP_ANSWERS.values())}
