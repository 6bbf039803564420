"""The description tells the truth: generated requests get answers it announces, and never a 500."""

from __future__ import annotations

import re
from functools import cache

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import select

from portal.api.calls import Call
from portal.api.views import CALLS
from tests.builders import build_file, build_items
from tests.portal_stand import Stand
from verification.models import Member

CHECKS = (
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)
LOGINS = {
    "coordinator": "koordinator.a",
    "verifier": "verifikator.a",
    "supervisor": "pengawas",
    "administrator": "administrator",
    "observer": "pengamat",
    "operator": "operator.a",
}
# Hashing a password costs 25 ms an example; two calls do.
SLOW = {"make_account", "change_account"}


def test_the_document_is_public_and_names_every_call(stand: Stand) -> None:
    reply = stand.client().get("/api/v1/openapi.json")
    assert reply.status_code == 200
    operations = {
        operation["operationId"]
        for path in reply.json["paths"].values()
        for operation in path.values()
    }
    assert operations == {call.name for call in CALLS}


def test_every_call_of_the_design_is_there() -> None:
    paths = {(call.method, re.sub(r"<[^>]+>", "{}", call.path)) for call in CALLS}
    promised = """GET /me|GET /dossier|GET /uploads/{}|GET /receipts/{}|GET /rosters/{}
        GET /rosters/{}/rejected.csv|GET /rosters/{}/rejected.xlsx|POST /submissions|GET /queue
        POST /queue/claim|POST /items/{}/heartbeat|POST /items/{}/release
        POST /items/{}/decision|POST /items/{}/undo|GET /journal"""
    for line in re.split(r"[|\n]", promised):
        method, path = line.split()
        assert (method, path) in paths


@pytest.fixture
def furnished(stand: Stand) -> Stand:
    """With something to find: a file, and an item whose member's NIK can be deciphered."""
    with stand.sessions.begin() as session:
        build_file(session, stand.party(session, "a"))
        build_items(session, stand.world, stand.party(session, "a"), 1)
        keys = stand.services.field_keys
        for member in session.scalars(select(Member)):
            member.nik, member.key_id = keys.encipher("3273015305870001"), keys.current_id
    return stand


@cache
def description(app: Flask) -> BaseSchema:
    """The application's own; what schemathesis works out of it serves every call."""
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_generated_requests_get_announced_answers(furnished: Stand, call: Call) -> None:
    operation = description(furnished.app).find_operation_by_id(call.name)
    login = next(login for role, login in LOGINS.items() if role in call.roles)
    bearer = furnished.bearer(login)

    @settings(
        max_examples=3 if call.name in SLOW else 10,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def run(case: schemathesis.Case) -> None:
        case.call_and_validate(headers=bearer, checks=CHECKS)

    run()
