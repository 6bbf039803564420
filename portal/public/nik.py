"""Whether a NIK stands in a list that a party has submitted: yes or no, and when that was true.

Whoever knows a NIK may ask for it: NIK and birth date stand in leaked lists and prove nobody. So the
answer names no party, both answers are of one size after the same work, and their number is limited,
for each network and for everybody. The NIK comes in a form's body and goes no further: it is in no
address, log, cookie or table, and not on the page that answers.

No cookie comes in or goes out, so a form on another site could only ask what its author may ask
himself, and does not get to read the answer; there is no token to check.

Next station: `verification.submitted_niks`.
"""

from __future__ import annotations

import json

from flask import Response, make_response, render_template, request
from flask.typing import ResponseReturnValue

from portal import budgets
from portal.answers import answer_for
from portal.budgets import Bucket
from portal.config import Config
from portal.context import now, services
from portal.errors import wants_json
from portal.public.blueprint import bp
from portal.refusals import BadInput, TooManyAttempts, TooManyChecks
from verification import reference, submitted_niks
from verification.canonical import instant
from verification.secrets import is_nik

FIELD = "nik"
# Both answers are filled up to this: whoever watches an enciphered line sees lengths.
PAGE_BYTES = 16 * 1024
JSON_BYTES = 256
_SPACING = str.maketrans("", "", " .-\u00a0")
HOUR, MINUTE, DAY = 3600, 60, 86_400


@bp.get("/publik/nik")
def nik_form() -> ResponseReturnValue:
    return unkept(render_template("public/nik.html"))


@bp.post("/publik/nik")
def nik_check() -> ResponseReturnValue:
    """The page again with the answer, or `{"listed": "yes" | "no", "as_of": …}` for a program."""
    nik = _given()
    if not is_nik(nik):
        return _not_a_nik()
    spend(request.remote_addr)
    with services().sessions.read() as session:
        election = reference.current_election(session)
        found = submitted_niks.members_with(session, services().field_keys, election, nik)
        name = election.name
    if wants_json():
        body = json.dumps({"listed": "yes" if found else "no", "as_of": instant(now())})
        return unkept(body.ljust(JSON_BYTES), mimetype="application/json")
    return sized(render_template("public/nik.html", listed=bool(found), election=name))


def sized(page: str) -> Response:
    """An answer that is as long as every other, kept nowhere."""
    return unkept(page.encode().ljust(PAGE_BYTES))


def spend(address: str | None) -> None:
    """Take one question out of the budgets. Raises TooManyChecks."""
    network, *everybody = _buckets(services().config)
    try:
        with services().sessions.begin() as session:
            # The network's own first: it is refused before it has used up everybody's.
            budgets.take(session, network, budgets.network_of(address), now())
            for bucket in everybody:
                budgets.take(session, bucket, "", now())
    except TooManyAttempts as refusal:
        raise TooManyChecks(refusal.retry_after) from None


def _buckets(config: Config) -> tuple[Bucket, ...]:
    return tuple(
        Bucket(kind=kind, size=count, seconds_each=seconds / count)
        for kind, count, seconds in (
            ("nik-network", config.nik_checks_network_hour, HOUR),
            ("nik-minute", config.nik_checks_minute, MINUTE),
            ("nik-day", config.nik_checks_day, DAY),
        )
    )


def _given() -> str:
    given = request.get_json() if request.is_json else request.form
    value = given.get(FIELD, "") if hasattr(given, "get") else ""
    return digits_of(value) if isinstance(value, str) else ""


def digits_of(text: str) -> str:
    """A NIK as people write it, without what they put between the digits."""
    return text.translate(_SPACING)


def _not_a_nik() -> Response:
    refusal = BadInput({FIELD: ["sixteen digits"]})
    if wants_json():
        raise refusal
    response = unkept(render_template("public/nik.html", wrong=True))
    response.status_code = answer_for(refusal).status
    return response


def unkept(body: str | bytes, *, mimetype: str = "text/html") -> Response:
    """An answer that nobody may keep."""
    response = make_response(body)
    response.mimetype = mimetype
    response.headers["Cache-Control"] = "no-store"
    return response
