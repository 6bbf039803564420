"""The blueprint of the party's pages; `portal.app` puts the guard beside it.

Next station: the modules beside this one, each a topic.
"""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("party", __name__)
