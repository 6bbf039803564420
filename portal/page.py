"""What every page shows: who is signed in, the server's clock, what closes next, the other language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, current_app, g, request, url_for

from portal.babel import LOCALES, locale
from portal.context import actor_or_none, now, services
from verification import reference, schedule
from verification.errors import NotFound
from verification.models import Participation

_FRESH = timedelta(seconds=20)
CLOSING = "sipol.closing"


@dataclass(frozen=True, slots=True, kw_only=True)
class NextClosing:
    """What closes next, for everybody or for the reader's party."""

    election: str
    stage_id: str
    stage_en: str
    closes_at: datetime

    @property
    def stage(self) -> str:
        return self.stage_en if locale() == "en" else self.stage_id

    @property
    def soon(self) -> bool:
        """Under a day: minutes are counted."""
        return self.closes_at - now() < timedelta(days=1)

    @property
    def very_soon(self) -> bool:
        """Under an hour: said in words too."""
        return self.closes_at - now() < timedelta(hours=1)


def install(app: Flask) -> None:
    """Names that every template may use."""
    app.extensions[CLOSING] = {}
    app.context_processor(_names)
    app.url_defaults(_keep_language)
    app.jinja_env.globals["in_language"] = in_language
    app.jinja_env.filters["in_language"] = in_language
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


def in_language(row: Any, field: str) -> str:
    """`row.name_id` or `row.name_en`: words that are data have both languages beside each other."""
    text: str = getattr(row, f"{field}_{locale()}")
    return text


def next_closing() -> NextClosing | None:
    """What closes next, at most 20 s old; None when nothing is open."""
    if "next_closing" not in g:
        g.next_closing = _cached()
    found: NextClosing | None = g.next_closing
    return found


def forget_closing() -> None:
    """A window has changed: this process asks anew; the others know within 20 s."""
    current_app.extensions[CLOSING].clear()
    g.pop("next_closing", None)


def _cached() -> NextClosing | None:
    who = actor_or_none()
    key = (who.participation_id if who else None, who.election if who else None)
    cache: dict[Any, tuple[datetime, NextClosing | None]] = current_app.extensions[CLOSING]
    known = cache.get(key)
    if known is not None and timedelta() <= now() - known[0] < _FRESH:
        return known[1]
    found = _read(*key)
    cache[key] = (now(), found)
    return found


def _read(participation_id: int | None, code: str | None) -> NextClosing | None:
    with services().sessions.read() as session:
        try:
            election = reference.current_election(session, code)
        except NotFound:
            return None
        party = session.get(Participation, participation_id) if participation_id else None
        closing = schedule.what_closes_next(session, election, now(), party)
        if closing is None:
            return None
        return NextClosing(
            election=election.name,
            stage_id=closing.stage.name_id,
            stage_en=closing.stage.name_en,
            closes_at=closing.closes_at,
        )


def _names() -> dict[str, Any]:
    return {
        "actor": actor_or_none(),
        "now": now,
        "next_closing": next_closing,
        "other_language": _other_language,
        "secure": services().secure,
    }


def _other_language() -> tuple[str, str]:
    """Code and address of the other language; public pages carry it in their own address."""
    code = next(code for code in LOCALES if code != locale())
    if request.blueprint == "public" and request.endpoint is not None:
        return code, url_for(request.endpoint, **{**(request.view_args or {}), "bahasa": code})
    return code, url_for("auth.language", code=code)


def _keep_language(endpoint: str, values: dict[str, Any]) -> None:
    # Public pages are kept at the edge by address, so their language must be in it, on the way
    # to them and away from them.
    if not request or "bahasa" in values or endpoint == "static":
        return
    if endpoint.startswith("public.") or request.blueprint == "public":
        chosen = locale()
        if chosen != services().config.default_locale:
            values["bahasa"] = chosen
