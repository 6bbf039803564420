"""Numbers of a party's cards and of a list's members as frames, for joins that SQLite takes long over.

Each statement answers with one text that the database itself puts together: half a million rows made
into objects one after the other hold up every other request of the process for seconds. Numbers come
as hexadecimal digits, which a text may hold whatever the number is; they serve for being compared.

Next station: `verification.card_coverage`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, Select, String, case, cast, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from verification.card_scans import standing
from verification.models import Member, ReceivedFile, Scan
from verification.models.rosters import MOST_LINES, row_id

PIECE = 1 << 18
MEMBERS = {"line": pl.UInt32, "nik": pl.String, "kta": pl.String}
CARDS = {
    "id": pl.Int64, "region": pl.Int64, "kind": pl.String, "nik": pl.String, "kta": pl.String,
    "withdrawn": pl.Boolean,
}  # fmt: skip


def members_in(session: Session, version_id: int) -> Iterator[pl.DataFrame]:
    """MEMBERS of a version, in pieces of 2¹⁸ lines; pieces are in line order, a piece's rows are not."""
    wanted = [
        cast(Member.line, String), _hex(session, Member.nik), _hex(session, Member.kta_number)
    ]  # fmt: skip
    last = session.scalar(select(func.max(Member.id)).where(Member.of(version_id))) or 0
    for start in range(0, (last & MOST_LINES) + 1, PIECE):
        first = row_id(version_id, start)
        piece = _joined(wanted).where(Member.id.between(first, first + PIECE - 1))
        yield _frame(session, piece, MEMBERS)


def cards_in(session: Session, participation_id: int) -> pl.DataFrame:
    """CARDS of a party out of files that stand; a number that is not there is null."""
    wanted: list[ColumnElement[str]] = [
        cast(Scan.id, String), cast(ReceivedFile.region_id, String), cast(Scan.kind, String),
        func.coalesce(_hex(session, Scan.nik), ""), func.coalesce(_hex(session, Scan.kta_number), ""),
        case((Scan.withdrawn, "true"), else_="false"),
    ]  # fmt: skip
    cards = (
        _joined(wanted)
        .join(ReceivedFile, ReceivedFile.id == Scan.file_id)
        .where(Scan.participation_id == participation_id, *standing())
    )
    return _frame(session, cards, CARDS)


def _hex(session: Session, number: InstrumentedAttribute[Any]) -> ColumnElement[str]:
    if session.get_bind().dialect.name == "sqlite":
        return func.hex(number)
    plain = func.convert_to(number, "UTF8") if isinstance(number.type, String) else number
    return func.encode(plain, "hex")


def _joined(wanted: list[ColumnElement[str]]) -> Select[str]:
    row, *others = wanted
    for each in others:
        row = row + "," + each
    return select(func.aggregate_strings(row, "\n"))


def _frame(session: Session, wanted: Select[str], schema: dict[str, Any]) -> pl.DataFrame:
    text = session.scalar(wanted)
    if not text:
        return pl.DataFrame(schema=schema)
    return pl.read_csv(text.encode(), has_header=False, schema=schema)
