"""The blueprint of `/api/v1`: every topic's calls in one list, and their description."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Response, jsonify
from werkzeug.routing import BaseConverter, IntegerConverter

from portal.api import (
    accounts,
    corrections,
    counting,
    desk,
    duplicates,
    files,
    me,
    member_rules,
    objections,
    offices,
    proof,
    roster_exports,
    rosters,
    rosters_replaced,
    scans,
    uploads,
    windows,
)
from portal.api.calls import Call, register
from portal.api.description import describe
from portal.api.fields import PUBLIC_ID, REGION_CODE, STAGE_CODE

bp = Blueprint("api", __name__, url_prefix="/api/v1")

TOPICS = (
    me, uploads, files, rosters, roster_exports, rosters_replaced, scans, duplicates, counting, proof,
    desk, offices, corrections, objections, member_rules, windows, accounts,
)  # fmt: skip
CALLS: tuple[Call, ...] = tuple(call for topic in TOPICS for call in topic.calls.declared)


class PublicId(BaseConverter):
    """32 lowercase hex digits; anything else is an address that does not exist."""

    regex = PUBLIC_ID


class Count(IntegerConverter):
    """A number that a database's integer can hold; a larger one is no address."""

    regex = r"\d{1,9}"


class RegionCode(BaseConverter):
    """A region's or office's code."""

    regex = REGION_CODE.replace("(", "(?:")


class StageCode(BaseConverter):
    """A stage's code."""

    regex = STAGE_CODE


for _call in CALLS:
    register(bp, _call)


@bp.get("/openapi.json")
def openapi() -> Response:
    """The description; public, like the code that makes it."""
    response = jsonify(describe(CALLS))
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


def install(app: Flask) -> None:
    """The converters of the paths, before the blueprint is registered."""
    converters: dict[str, Any] = {
        "id": PublicId, "int": Count, "region": RegionCode, "stage": StageCode,
    }  # fmt: skip
    app.url_map.converters.update(converters)
