"""The blueprint of the public pages, which each of their modules adds its own to."""

from __future__ import annotations

from flask import Blueprint

from portal.public.cookieless import CookielessWhenPublic

bp = Blueprint("public", __name__)
bp.record_once(lambda state: setattr(state.app, "session_interface", CookielessWhenPublic()))
