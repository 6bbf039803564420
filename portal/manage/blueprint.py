"""The blueprint of `/kelola`; its pages stand by topic in the modules beside."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("manage", __name__)
