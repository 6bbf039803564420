"""Rows of a list as files: what was rejected, and what KPU has found wanting; for its party alone.

Each is written while it is sent, in a snapshot of its own, so that a million rows need no memory and a
long workbook holds no transaction. Reading them is noted in the access log.

Next station: `portal.api.roster_exports`; corrected, they come back through `/files/`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from flask import Response
from sqlalchemy.orm import Session

from portal.roster_view import XLSX_TYPE
from portal.wiring import Services
from verification.models import RosterVersion
from verification.reference import reasons_by_code
from verification.rosters import judged, rejected

PIECE = 64 * 1024
Chunks = Callable[[Session, RosterVersion], Iterator[bytes]]
Book = Callable[[Session, RosterVersion, Path], None]


def rejected_csv(wired: Services, version: RosterVersion, locale: str) -> Response:
    """The rejected rows as CSV."""

    def chunks(session: Session, read: RosterVersion) -> Iterator[bytes]:
        rows = rejected.rejected_rows(session, wired.field_keys, read, locale)
        return rejected.csv_chunks(rows, rejected.original_headings(read))

    return _csv(wired, version, "ditolak", chunks)


def rejected_xlsx(wired: Services, version: RosterVersion, locale: str) -> Response:
    """The rejected rows as a workbook of text cells."""

    def book(session: Session, read: RosterVersion, path: Path) -> None:
        rows = rejected.rejected_rows(session, wired.field_keys, read, locale)
        rejected.write_xlsx(path, rows, rejected.original_headings(read), locale)

    return _xlsx(wired, version, "ditolak", book)


def results_csv(
    wired: Services, version: RosterVersion, outcomes: Collection[str], locale: str
) -> Response:
    """The rows whose published result is one of `outcomes`, as CSV."""

    def chunks(session: Session, read: RosterVersion) -> Iterator[bytes]:
        reasons = reasons_by_code(session, read.roster.participation.election)
        rows = judged.judged_rows(session, read, outcomes)
        return judged.csv_chunks(rows, wired.field_keys, reasons, locale)

    return _csv(wired, version, "hasil", chunks)


def results_xlsx(
    wired: Services, version: RosterVersion, outcomes: Collection[str], locale: str
) -> Response:
    """The same as a workbook of text cells."""

    def book(session: Session, read: RosterVersion, path: Path) -> None:
        reasons = reasons_by_code(session, read.roster.participation.election)
        rows = judged.judged_rows(session, read, outcomes)
        judged.write_xlsx(path, rows, wired.field_keys, reasons, locale)

    return _xlsx(wired, version, "hasil", book)


def _csv(wired: Services, version: RosterVersion, name: str, chunks: Chunks) -> Response:
    version_id = version.id

    def pieces() -> Iterator[bytes]:
        with wired.sessions.read() as session:
            yield from chunks(session, session.get_one(RosterVersion, version_id))

    return _download(Response(pieces(), mimetype="text/csv"), version, name, "csv")


def _xlsx(wired: Services, version: RosterVersion, name: str, book: Book) -> Response:
    version_id = version.id

    def pieces() -> Iterator[bytes]:
        with tempfile.TemporaryDirectory(dir=wired.config.tmp_dir) as folder:
            path = Path(folder) / f"{name}.xlsx"
            with wired.sessions.read() as session:
                book(session, session.get_one(RosterVersion, version_id), path)
            content = path.open("rb")
        # Off the disk before the first byte leaves: rows in clear must not outlive the answer there.
        with content:
            while piece := content.read(PIECE):
                yield piece

    return _download(Response(pieces(), mimetype=XLSX_TYPE), version, name, "xlsx")


def _download(response: Response, version: RosterVersion, what: str, suffix: str) -> Response:
    name = f"{what}-{version.roster.public_id[:8]}-v{version.number}.{suffix}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
