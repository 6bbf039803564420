"""Public pages.

Next station: the service each page calls.
"""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("public", __name__)
