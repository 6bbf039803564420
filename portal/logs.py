"""JSON log lines with a request id; ids and codes only, never a name, a NIK, a key or a full address."""

from __future__ import annotations

import logging
import re
import secrets
import time
from typing import Any

import structlog
from flask import Flask, Response, g, request

from portal.context import actor_or_none

_REQUEST_ID = re.compile(r"[0-9A-Za-z_-]{8,64}")
_log = structlog.get_logger("portal.requests")


def configure(level: str) -> None:
    """One JSON line an event, on standard output, for every process of the portal."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        cache_logger_on_first_use=False,
    )


def install(app: Flask) -> None:
    """Name each request, and say afterwards how it went."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
    g.started = time.perf_counter()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _end(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.get("request_id", "")
    if request.endpoint == "static":
        return response
    facts: dict[str, Any] = {
        # The route, not the address: an address may hold what somebody typed into it.
        "route": request.url_rule.rule if request.url_rule else None,
        "method": request.method,
        "status": response.status_code,
        "ms": round(1000 * (time.perf_counter() - g.get("started", time.perf_counter())), 1),
    }
    who = actor_or_none()
    if who is not None:
        facts["actor"] = who.actor
    _log.info("request", **facts)
    structlog.contextvars.unbind_contextvars("request_id")
    return response
