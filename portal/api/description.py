"""OpenAPI 3 out of the declarations themselves: what is not described is not served."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema, fields

from portal.answers import ANSWERS
from portal.api.calls import Call
from portal.api.fields import PUBLIC_ID, REGION_CODE, STAGE_CODE
from portal.refusals import (
    BadInput,
    Busy,
    CsrfFailed,
    KeyReused,
    LoginRequired,
    ScopeMissing,
    WrongRole,
)
from verification.errors import DomainError, NotFound

_PART = re.compile(r"<(?:(\w+):)?(\w+)>")
_PATTERNS = {"id": PUBLIC_ID, "region": REGION_CODE, "stage": STAGE_CODE}


class ProblemSchema(Schema):
    """RFC 9457. `code` never changes; `fields` says what to mend."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    code = fields.String(required=True)
    fields_ = fields.Dict(data_key="fields")


def describe(calls: Iterable[Call]) -> dict[str, Any]:
    """The document of `/api/v1/openapi.json`."""
    spec = APISpec(
        title="Sipol",
        version="1",
        openapi_version="3.0.3",
        info={"description": __doc__},
        servers=[{"url": "/api/v1"}],
        plugins=[MarshmallowPlugin(schema_name_resolver=_name)],
    )
    spec.components.schema("Problem", schema=ProblemSchema)
    spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    spec.components.security_scheme(
        "session", {"type": "apiKey", "in": "cookie", "name": "sipol_session"}
    )
    for call in calls:
        spec.path(
            path=_PART.sub(lambda found: f"{{{found.group(2)}}}", call.path),
            operations={call.method.lower(): _operation(call)},
        )
    document: dict[str, Any] = spec.to_dict()
    return document


def _name(schema: Any) -> str:
    kind = schema if isinstance(schema, type) else type(schema)
    name = kind.__name__
    return name.removesuffix("Schema") or name


def _operation(call: Call) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": call.name,
        "tags": [call.tag],
        "summary": call.summary,
        "description": (call.handler.__doc__ or "").strip(),
        "security": [{"token": []}, {"session": []}],
        "x-roles": sorted(call.roles),
        "x-scopes": [call.scope.value, *([call.also.value] if call.also else [])],
        "parameters": [*_path_parameters(call), *_query_parameters(call), *_headers(call)],
        "responses": {str(call.status if call.reply or call.media != "application/json" else 204):
                      _success(call), **_refusals(call)},
    }  # fmt: skip
    if call.body is not None:
        operation["requestBody"] = {
            "required": bool(call.body().fields),
            "content": {"application/json": {"schema": call.body}},
        }
    return operation


def _path_parameters(call: Call) -> list[dict[str, Any]]:
    return [
        {
            "in": "path",
            "name": name,
            "required": True,
            "schema": {"type": "string", **_pattern(kind)},
        }
        for kind, name in _PART.findall(call.path)
    ]


def _pattern(kind: str) -> dict[str, str]:
    return {"pattern": f"^{_PATTERNS[kind]}$"} if kind in _PATTERNS else {}


def _query_parameters(call: Call) -> list[dict[str, Any]]:
    election = {
        "in": "query",
        "name": "election",
        "required": False,
        "description": "Code of an election; default: the current one.",
        "schema": {"type": "string", "pattern": "^[0-9A-Za-z_.-]{1,40}$"},
    }
    queried = [{"in": "query", "schema": call.query}] if call.query is not None else []
    return [election, *queried]


def _headers(call: Call) -> list[dict[str, Any]]:
    headers = []
    if call.if_match:
        headers.append(_header("If-Match", "The version that was read (ETag).", '^"[0-9]{1,9}"$'))
    if call.idempotent:
        headers.append(
            _header("Idempotency-Key", "The same key gets the same reply.", "^[!-~]{1,80}$")
        )
    return headers


def _header(name: str, description: str, pattern: str) -> dict[str, Any]:
    return {
        "in": "header",
        "name": name,
        "required": False,
        "description": description,
        "schema": {"type": "string", "pattern": pattern},
    }


def _success(call: Call) -> dict[str, Any]:
    if call.media != "application/json":
        kind = {"schema": {"type": "string", "format": "binary"}}
        return {"description": "OK", "content": {call.media: kind}}
    if call.reply is None:
        return {"description": "Done"}
    schema: Any = call.reply
    if call.paged:
        schema = {
            "type": "object",
            "required": ["items", "next"],
            "properties": {
                "items": {"type": "array", "items": call.reply},
                "next": {"type": "string", "nullable": True},
            },
        }
    return {"description": "OK", "content": {"application/json": {"schema": schema}}}


def _refusals(call: Call) -> dict[str, Any]:
    kinds: list[type[DomainError]] = [LoginRequired, WrongRole, ScopeMissing, NotFound]
    if call.query is not None or call.body is not None or call.if_match:
        kinds.append(BadInput)
    if call.writes:
        kinds += [CsrfFailed, Busy]
    if call.idempotent:
        kinds.append(KeyReused)
    by_status: dict[int, list[str]] = {400: ["bad_request"], 503: ["unavailable"]}
    if call.body is not None:
        by_status[413], by_status[415] = ["too_large"], ["unsupported_media_type"]
    for kind in [*kinds, *call.refusals]:
        known = by_status.setdefault(ANSWERS[kind].status, [])
        if ANSWERS[kind].code not in known:
            known.append(ANSWERS[kind].code)
    problem = {"application/problem+json": {"schema": "Problem"}}
    return {
        str(status): {"description": ", ".join(codes), "content": problem}
        for status, codes in sorted(by_status.items())
    }
