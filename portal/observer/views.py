"""Observers.

Next station: the service each page calls.
"""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("observer", __name__)
