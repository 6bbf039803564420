"""Rows of a list to download, correct and send back: the rejected ones, and those KPU found wanting."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields, validate
from sqlalchemy.orm import Session

from portal import access, roster_exports
from portal.actors import PARTY_ROLES
from portal.api.calls import Calls
from portal.api.roster_schemas import ExportQuery
from portal.babel import locale
from portal.context import actor, now, services
from portal.credentials import ApiScope
from portal.roster_view import XLSX_TYPE, version_of
from verification.errors import NotFound
from verification.journal import log_access
from verification.models import RosterVersion
from verification.outcomes import FAILED
from verification.states import Outcome

calls = Calls("rosters")
OUTCOMES = {Outcome.BMS.value: (Outcome.BMS.value,), "failed": FAILED}


class ResultsExportQuery(ExportQuery):
    """`outcome`: BMS, what can be repaired; failed, TMS as well."""

    outcome = fields.String(validate=validate.OneOf(list(OUTCOMES)), load_default="BMS")


@calls.write("GET", "/rosters/<id:roster_id>/rejected.csv", summary="Rejected rows as CSV",
             roles=PARTY_ROLES, scope=ApiScope.READ, query=ExportQuery, media="text/csv",
             refusals=(NotFound,))  # fmt: skip
def export_rejected_csv(session: Session, roster_id: str, query: dict[str, Any]) -> Response:
    """Correct the original columns and upload the file as it is: `row_ref` says which row is meant."""
    version = _read(session, roster_id, query, "roster.rejected")
    return roster_exports.rejected_csv(services(), version, locale())


@calls.write("GET", "/rosters/<id:roster_id>/rejected.xlsx", summary="Rejected rows as a workbook",
             roles=PARTY_ROLES, scope=ApiScope.READ, query=ExportQuery, media=XLSX_TYPE,
             refusals=(NotFound,))  # fmt: skip
def export_rejected_xlsx(session: Session, roster_id: str, query: dict[str, Any]) -> Response:
    """Text cells throughout, so that no spreadsheet makes numbers of NIK again."""
    version = _read(session, roster_id, query, "roster.rejected")
    return roster_exports.rejected_xlsx(services(), version, locale())


@calls.write("GET", "/rosters/<id:roster_id>/results.csv", summary="Rows to repair, as CSV",
             roles=PARTY_ROLES, scope=ApiScope.READ, query=ResultsExportQuery, media="text/csv",
             refusals=(NotFound,))  # fmt: skip
def export_results_csv(session: Session, roster_id: str, query: dict[str, Any]) -> Response:
    """Members whose published result is BMS, with reason and note; correct them and upload the file.

    `row_ref` says which row is meant, also where the NIK itself is corrected.
    """
    version = _read(session, roster_id, query, "roster.results")
    return roster_exports.results_csv(services(), version, OUTCOMES[query["outcome"]], locale())


@calls.write("GET", "/rosters/<id:roster_id>/results.xlsx", summary="Rows to repair, as a workbook",
             roles=PARTY_ROLES, scope=ApiScope.READ, query=ResultsExportQuery, media=XLSX_TYPE,
             refusals=(NotFound,))  # fmt: skip
def export_results_xlsx(session: Session, roster_id: str, query: dict[str, Any]) -> Response:
    """Text cells throughout, so that no spreadsheet makes numbers of NIK."""
    version = _read(session, roster_id, query, "roster.results")
    return roster_exports.results_xlsx(services(), version, OUTCOMES[query["outcome"]], locale())


def _read(session: Session, roster_id: str, query: dict[str, Any], action: str) -> RosterVersion:
    """The version asked for; that somebody reads its rows in clear is logged."""
    roster = access.may_read_roster_rows(session, actor(), roster_id)
    version = version_of(session, roster, query["version"])
    log_access(
        session,
        actor=actor().actor,
        action=action,
        object_kind="roster",
        object_id=roster.public_id,
        now=now(),
    )
    return version
