"""`/anggota/templat.xlsx`, `.csv`: empty lists to fill in, with the codes of the regions they are for.

Next station: filled in and sent like any list.
"""

from __future__ import annotations

from flask import Response
from sqlalchemy.orm import Session

from portal.context import actor, own_participation, services
from portal.party.blueprint import bp
from portal.party.reading import RegionQuery, narrowed, question
from portal.roster_view import XLSX_TYPE
from verification.models.reference import Level
from verification.reference import NATION, Scope, region_of, regions_at, within
from verification.rosters.prescribed import prescribed
from verification.rosters.templates import Place, codes_csv, template_csv, template_xlsx

BELOW = (Level.PROVINCE, Level.REGENCY, Level.DISTRICT)


@bp.get("/anggota/templat.csv")
def list_template_csv() -> Response:
    """The heading row alone; the codes are a file of their own."""
    return _download(template_csv(), "text/csv", "templat-anggota.csv")


@bp.get("/anggota/templat.xlsx")
def list_template_xlsx() -> Response:
    """A workbook whose columns offer the codes of a region (`wilayah`), or of all one works in."""
    places, region = _places()
    with services().sessions.read() as session:
        held = prescribed(session, own_participation(session).election)
    content = template_xlsx(places, held.preset.fields)
    return _download(content, XLSX_TYPE, f"templat-anggota-{region}.xlsx")


@bp.get("/anggota/kode-wilayah.csv")
def region_codes_csv() -> Response:
    """The codes that a list of a region may name."""
    places, region = _places()
    return _download(codes_csv(places), "text/csv", f"kode-wilayah-{region}.csv")


def _places() -> tuple[list[Place], str]:
    asked = question(RegionQuery())["wilayah"] or NATION
    with services().sessions.read() as session:
        election = own_participation(session).election
        if asked != NATION:
            region_of(session, election, asked)
        scope = narrowed(actor(), asked) or Scope((NATION,))
        return _within(session, scope), asked


def _within(session: Session, scope: Scope) -> list[Place]:
    """What lies in a scope, and the regions around it that a row names as well."""
    election = own_participation(session).election
    return [
        Place(code=region.code, name=region.name, level=region.level)
        for region in regions_at(session, election, BELOW)
        if scope.covers(region.code) or any(within(code, region.code) for code in scope.codes)
        if region.valid_to is None or region.valid_to > election.cut_off
    ]


def _download(content: bytes, kind: str, name: str) -> Response:
    response = Response(content, mimetype=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
