"""A member list's file → its table, whatever its format; what cannot be a list is refused at once.

Runs inside the sandbox only.

Next station: `verification.rosters.reading`, which judges the rows.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from verification.rosters.archive import is_workbook, open_zip
from verification.rosters.bundle import read_bundle
from verification.rosters.decoding import LOOK, decode, refuse_known_types
from verification.rosters.lines import find_heading, read_lines
from verification.rosters.spreadsheet import read_sheet
from verification.rosters.table import Table
from verification.sandbox.job import Refuse

MOST_BYTES = 512 * 1024**2
NumericLines = Callable[[int], frozenset[int]]


def read_table(source: Path, *, most_bytes: int = MOST_BYTES) -> tuple[Table, NumericLines]:
    """The table, and a function from column to the lines where that column holds numbers.

    Raises Refuse with a code of `verification.rosters.texts`.
    """
    size = source.stat().st_size
    if size == 0:
        raise Refuse("list.empty")
    with source.open("rb") as stream:
        head = stream.read(LOOK)
        refuse_known_types(head)
        if head.startswith(b"PK\x03\x04"):
            with open_zip(source) as archive:
                workbook = is_workbook(archive)
            if not workbook:
                return read_bundle(source, most_bytes)
            sheet = read_sheet(source)
            return sheet.table, sheet.numeric_lines
        if size > most_bytes:
            raise Refuse("list.too_large", limit_mb=most_bytes // 1024**2)
        # A file without a heading within its first bytes is not worth reading to its end.
        find_heading(decode(head).data)
    # Nested, so that each form of the file is let go of as soon as the next one stands.
    return read_lines(decode(source.read_bytes()).data), lambda _column: frozenset()
