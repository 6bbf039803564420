"""A ZIP archive with several lists: one table, as if they had been one file.

Coordinators of a province often send one list for each kabupaten/kota together. Every row gets a
first column that says which list it came from and where it stood there; lines are counted on over
all of them. Names in the archive never become paths, and a list inside must have the headings of
the first, in whatever order.

Next station: `verification.rosters.reading`, which sees one list.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from verification.rosters.archive import open_zip, pieces
from verification.rosters.columns import BY_NAME, fold
from verification.rosters.decoding import LOOK, decode, refuse_known_types
from verification.rosters.lines import find_heading, read_lines
from verification.rosters.spreadsheet import read_sheet
from verification.rosters.table import COLUMN_LIMIT, BrokenRow, Table
from verification.sandbox.job import Refuse

ORIGIN = "Asal berkas"
MOST_LISTS = 600
NAME_SHOWN = 60
SUFFIXES = (".csv", ".txt", ".tsv", ".xlsx")
NumericLines = Callable[[int], frozenset[int]]


@dataclass(slots=True)
class _Parts:
    """What was read so far. `numeric`: for each list, its first line and its own numeric lines."""

    headings: tuple[str, ...] = ()
    rows: list[pl.DataFrame] = field(default_factory=list)
    broken: list[BrokenRow] = field(default_factory=list)
    numeric: list[tuple[int, NumericLines, list[int]]] = field(default_factory=list)
    last_line: int = 0


def read_bundle(path: Path, most_bytes: int) -> tuple[Table, NumericLines]:
    """The lists of an archive as one table, and its numeric lines as `read_table` gives them.

    Raises Refuse: `list.zip_empty`, `list.zip_differs`, `list.too_large`, and what one list raises
    with `part`, its number.
    """
    parts = _Parts()
    with open_zip(path) as archive, tempfile.TemporaryDirectory() as folder:
        entries = list(_lists(archive))
        if not entries:
            raise Refuse("list.zip_empty")
        if len(entries) > MOST_LISTS or sum(entry.file_size for entry in entries) > most_bytes:
            raise Refuse("list.too_large", limit_mb=most_bytes // 1024**2)
        for number, entry in enumerate(entries, 1):
            content = b"".join(pieces(path, entry))
            if content.strip():
                try:
                    table, numeric = _read(content, Path(folder) / f"{number}.xlsx")
                except Refuse as refusal:
                    raise Refuse(refusal.code, **refusal.params, part=number) from refusal
                _add(parts, table, numeric, number, entry.filename)
    if not parts.rows:
        raise Refuse("list.empty")
    table = Table(
        headings=(ORIGIN, *parts.headings),
        rows=pl.concat(parts.rows),
        broken=tuple(parts.broken),
    )
    return table, lambda column: _numeric(parts, column)


def _lists(archive: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    """The entries that may be lists; what systems put beside them is passed over."""
    for entry in archive.infolist():
        name = entry.filename.rpartition("/")[2]
        beside = name.startswith((".", "~$")) or entry.filename.startswith("__MACOSX/")
        if not entry.is_dir() and not beside and name.lower().endswith(SUFFIXES):
            yield entry


def _read(content: bytes, aside: Path) -> tuple[Table, NumericLines]:
    refuse_known_types(content[:LOOK])
    if not content.startswith(b"PK\x03\x04"):
        find_heading(decode(content[:LOOK]).data)
        return read_lines(decode(content).data), lambda _column: frozenset()
    # The workbook's parser wants a file; it lies in the child's own memory.
    aside.write_bytes(content)
    sheet = read_sheet(aside)
    # Asked of the column that is called NIK only: each question reads the whole sheet.
    numeric = {
        column: sheet.numeric_lines(column)
        for column, heading in enumerate(sheet.table.headings)
        if fold(heading) in BY_NAME["nik"].synonyms
    }
    aside.unlink()
    return sheet.table, lambda column: numeric.get(column, frozenset())


def _add(parts: _Parts, table: Table, numeric: NumericLines, number: int, name: str) -> None:
    if not parts.rows:
        if len(table.headings) >= COLUMN_LIMIT:
            raise Refuse("list.no_heading")
        parts.headings = table.headings
    order = _order(parts.headings, table.headings)
    if order is None:
        raise Refuse("list.zip_differs", number=number)
    origin = f"{number} {name.rpartition('/')[2][-NAME_SHOWN:]}"
    first = parts.last_line
    shown = pl.concat_str(pl.lit(f"{origin}: "), pl.col("line").cast(pl.String))
    cells = (pl.col(f"c{place}").alias(f"c{index}") for index, place in enumerate(order, 1))
    parts.rows.append(table.rows.select(pl.col("line") + first, shown.alias("c0"), *cells))
    parts.broken += [
        BrokenRow(line=row.line + first, code=row.code, cells=(f"{origin}: {row.line}", *row.cells))
        for row in table.broken
    ]
    parts.numeric.append((first, numeric, order))
    lines = [*table.rows["line"].tail(1), *(row.line for row in table.broken)]
    parts.last_line += max(lines, default=0)


def _order(wanted: tuple[str, ...], given: tuple[str, ...]) -> list[int] | None:
    """Where each wanted heading stands among the given ones; None when one is not there."""
    places: dict[str, list[int]] = {}
    for index, heading in enumerate(given):
        places.setdefault(fold(heading), []).append(index)
    try:
        return [places[fold(heading)].pop(0) for heading in wanted]
    except (KeyError, IndexError):
        return None


def _numeric(parts: _Parts, column: int) -> frozenset[int]:
    """`column`: of the table as a whole, whose first is the origin."""
    if column == 0:
        return frozenset()
    return frozenset(
        line + first
        for first, numeric, order in parts.numeric
        for line in numeric(order[column - 1])
    )
