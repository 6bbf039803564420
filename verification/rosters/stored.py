"""Rows of a version read back as one frame, as they were written: whole lists, not row by row.

PostgreSQL hands them over as COPY text, SQLite in batches. A frame holds people's data in clear but
for the NIK, which stays enciphered.

Next station: `verification.rosters.placing` and `difference`, which compare versions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import polars as pl
from sqlalchemy.orm import Session

from verification.models.rosters import MOST_LINES, row_id

BATCH = 20_000
PIECE = 16 * 1024**2
Columns = Mapping[str, pl.DataType]

# What the importer writes, in this order.
MEMBER: Columns = {
    "version_id": pl.Int64(), "participation_id": pl.Int64(), "line": pl.Int64(),
    "row_ref": pl.String(), "subject_key": pl.String(), "key_id": pl.String(),
    "nik": pl.Binary(), "name": pl.String(), "sex": pl.String(), "birth_date": pl.String(),
    "birth_place": pl.String(), "marital_status": pl.String(), "occupation": pl.String(),
    "address": pl.String(), "kta_number": pl.String(), "province_code": pl.String(),
    "regency_code": pl.String(), "district_code": pl.String(), "village": pl.String(),
    "warnings": pl.Int64(), "retention": pl.String(), "hold": pl.Int8(),
}  # fmt: skip
REJECTED_ROW: Columns = {
    "version_id": pl.Int64(), "line": pl.Int64(), "row_ref": pl.String(), "cells": pl.Binary(),
    "errors": pl.String(), "retention": pl.String(), "hold": pl.Int8(),
}  # fmt: skip
_ORDER = {"member": "id", "rejected_row": "line"}
_CASTS = {"nik": "encode(nik, 'hex')", "cells": "encode(cells, 'hex')", "hold": "hold::int"}


def members_of(
    session: Session, version_id: int | None, columns: Sequence[str] = tuple(MEMBER)
) -> pl.DataFrame:
    """Columns of MEMBER of a version, in line order; no rows of None. `hold` is 0 or 1."""
    return _rows(session, "member", {name: MEMBER[name] for name in columns}, version_id)


def rejected_of(session: Session, version_id: int | None) -> pl.DataFrame:
    """REJECTED_ROW of a version, in line order; `errors` is JSON text."""
    return _rows(session, "rejected_row", REJECTED_ROW, version_id)


def whose(table: str, version_id: int) -> str:
    """The condition, in SQL, that a row of a table is a version's."""
    if table == "member":
        return f"id BETWEEN {row_id(version_id, 0)} AND {row_id(version_id, MOST_LINES)}"
    return f"version_id = {version_id:d}"


def _rows(session: Session, table: str, columns: Columns, version_id: int | None) -> pl.DataFrame:
    if version_id is None:
        return pl.DataFrame(schema=columns)
    connection = session.connection()
    driver = cast("Any", connection.connection.driver_connection)
    if connection.dialect.name == "postgresql":
        frames = list(_copied(driver, table, columns, int(version_id)))
    else:
        frames = list(_fetched(driver, table, columns, int(version_id)))
    return pl.concat(frames, rechunk=True) if frames else pl.DataFrame(schema=columns)


def _fetched(driver: Any, table: str, columns: Columns, version_id: int) -> Iterator[pl.DataFrame]:
    names = ", ".join(columns)
    cursor = driver.execute(
        f"SELECT {names} FROM {table} WHERE {whose(table, version_id)} ORDER BY {_ORDER[table]}"  # noqa: S608 - our names, a number
    )
    while rows := cursor.fetchmany(BATCH):
        yield pl.DataFrame(rows, schema=columns, orient="row")


def _copied(driver: Any, table: str, columns: Columns, version_id: int) -> Iterator[pl.DataFrame]:
    names = ", ".join(_CASTS.get(name, name) for name in columns)
    rest = b""
    with (
        driver.cursor() as cursor,
        cursor.copy(
            f"COPY (SELECT {names} FROM {table} WHERE {whose(table, version_id)}"  # noqa: S608 - our names, a number
            f" ORDER BY {_ORDER[table]})"
            r" TO STDOUT (FORMAT csv, NULL '\N')"
        ) as copy,
    ):
        pieces, size = [], 0
        for piece in copy:
            pieces.append(bytes(piece))
            size += len(pieces[-1])
            if size > PIECE:
                # A stored cell holds no line end, so a line is a row.
                joined = rest + b"".join(pieces)
                end = joined.rfind(b"\n") + 1
                rest, pieces, size = joined[end:], [], 0
                yield _parsed(joined[:end], columns)
        rest += b"".join(pieces)
    if rest:
        yield _parsed(rest, columns)


def _parsed(text: bytes, columns: Columns) -> pl.DataFrame:
    binary = [name for name, kind in columns.items() if kind == pl.Binary()]
    frame = pl.read_csv(
        text,
        has_header=False,
        schema={**columns, **dict.fromkeys(binary, pl.String())},
        empty_string_is_null=False,
    )
    return frame.with_columns(pl.col(binary).str.decode("hex")) if binary else frame
