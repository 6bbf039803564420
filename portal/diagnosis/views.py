"""`/periksa-jalur`: the page that looks for what is between this browser and the upload server.

The page only carries the words; the looking is `static/js/diagnosis/`, which speaks to `/files/` itself.

Next station: `portal/diagnosis/permission.py` grants the upload it makes.
"""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from portal.diagnosis.findings import CHECKS, MARKS, SUMMARY, WORDS
from portal.diagnosis.permission import LARGEST

bp = Blueprint("diagnosis", __name__)


@bp.get("/periksa-jalur")
def line() -> ResponseReturnValue:
    return render_template(
        "diagnosis/line.html",
        checks={
            name: {
                "title": gettext(check.title),
                "outcomes": {
                    outcome: {
                        "weight": found.weight.value,
                        "mark": MARKS[found.weight],
                        "word": gettext(WORDS[found.weight]),
                        "what": gettext(found.what),
                        "own": gettext(found.own) if found.own else "",
                        "network": gettext(found.network) if found.network else "",
                    }
                    for outcome, found in check.outcomes.items()
                },
            }
            for name, check in CHECKS.items()
        },
        summary={name: gettext(text) for name, text in SUMMARY.items()},
        largest=LARGEST,
    )
