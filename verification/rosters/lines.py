"""CSV text → rows with true line numbers; rows that are short, long or unclosed are named.

A fast parser pads short rows silently and gives up on a long or unclosed one without a usable line
number. So lines are classified first: those whose structure is beyond doubt go to the fast parser,
the suspicious few to Python's `csv`, which also joins cells that span lines.

Next station: `verification.rosters.table`, the outcome.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from verification.rosters.columns import known_headings
from verification.rosters.decoding import REPLACED
from verification.rosters.table import CELL_LIMIT, COLUMN_LIMIT, BrokenRow, Table, cell_names
from verification.sandbox.job import Refuse

SEPARATORS = (",", ";", "\t", "|")
HEADING_WITHIN = 20
LONGEST_LINE = 65_536
PIECE = 4 * 1024**2
CELL_SPANS_AT_MOST = 50
# After so many quotes that nothing closes, the file is broken in a way joining lines cannot mend.
HOPELESS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """The heading row: its line, the separator it uses, its cells."""

    line: int
    separator: str
    cells: tuple[str, ...]

    @property
    def width(self) -> int:
        """How many headings there are, empty ones at the end not counted."""
        named = [index for index, cell in enumerate(self.cells) if cell.strip()]
        return named[-1] + 1 if named else 0


def read_lines(data: bytes) -> Table:
    """The rows of UTF-8 text with LF or CRLF line ends.

    Raises Refuse: `list.empty`, `list.no_heading` (no row of headings we know), `list.no_rows`.
    """
    heading = find_heading(data)
    lines = pl.DataFrame({"text": _split(data)}).with_row_index("line", offset=1)
    del data
    lines = lines.slice(heading.line).with_columns(_kind(heading), pl.col("line").cast(pl.Int64))
    spans = _Doubtful(heading, lines["text"], lines.filter(pl.col("kind") == _DOUBT))
    whole, broken = spans.settle()
    sure = lines.filter(pl.col("kind") == _SURE)
    if spans.swallowed:
        sure = sure.filter(~pl.col("line").is_in(sorted(spans.swallowed)))
    del lines, spans
    rows = _parse(sure, heading)
    if whole:
        rows = pl.concat([rows, _frame(whole, heading)]).sort("line")
    if rows.height + len(broken) == 0:
        raise Refuse("list.no_rows")
    kept = rows.select("line", *cell_names(heading.width))
    return Table(headings=heading.cells[: heading.width], rows=kept, broken=tuple(broken))


def find_heading(data: bytes) -> Heading:
    """The first row, within the first twenty, with the most headings we know.

    Titles above it and Excel's `sep=;` line are passed over. Raises Refuse.
    """
    if not data[: HEADING_WITHIN * LONGEST_LINE].strip():
        raise Refuse("list.empty")
    head = data[: HEADING_WITHIN * LONGEST_LINE].split(b"\n")[:HEADING_WITHIN]
    if len(head[0]) >= LONGEST_LINE:
        raise Refuse("list.no_heading")
    candidates = [
        Heading(line=number, separator=separator, cells=tuple(cells))
        for number, line in _whole(head)
        if len(line) < LONGEST_LINE
        for separator in SEPARATORS
        for cells in [_cells(line.decode(errors="replace").removesuffix("\r"), separator)]
        if cells and len(cells) <= COLUMN_LIMIT * 2
    ]
    best = max(candidates, key=lambda found: known_headings(found.cells), default=None)
    if best is None or known_headings(best.cells) < 2 or best.width > COLUMN_LIMIT:
        raise Refuse("list.no_heading")
    return best


def _whole(lines: list[bytes]) -> Iterator[tuple[int, bytes]]:
    """Each line with its number; where a quote stays open, first all up to the line that closes it."""
    for number, line in enumerate(lines, 1):
        joined = line
        for last, following in enumerate(lines[number:], number + 1):
            if joined.count(b'"') % 2 == 0:
                break
            joined += b"\n" + following
            if joined.count(b'"') % 2 == 0:
                yield last, joined
        yield number, line


def _split(data: bytes) -> pl.Series:
    """Every line, without its end. In pieces, because polars reserves 16 bytes of address space for
    each byte it looks for line ends in."""
    pieces, start = [], 0
    while start < len(data):
        end = data.rfind(b"\n", start, start + PIECE) + 1
        if end == 0:
            end = data.find(b"\n", start) + 1 or len(data)
        pieces.append(pl.read_lines(data[start:end]).to_series().rechunk())
        start = end
    return pl.concat(pieces)


def _cells(line: str, separator: str, *, strict: bool = False) -> list[str] | None:
    """The cells of one line; None when a quote is left open."""
    reader = csv.reader([line], delimiter=separator, strict=strict)
    try:
        return next(reader, [])
    except csv.Error:
        return None if strict else line.split(separator)


_SURE, _DOUBT, _BLANK = pl.lit(0), pl.lit(1), pl.lit(2)


def _kind(heading: Heading) -> pl.Expr:
    """Of a line: parsed as it stands, to be looked at, or blank."""
    text, separator = pl.col("text"), heading.separator
    inner = len(heading.cells) - 1
    escaped = re.escape(separator) if separator != "\t" else "\t"
    bare, quoted = f'[^"{escaped}]*', '"(?:[^"]|"")*"'
    cell = f"(?:{quoted}|{bare})"
    well_quoted = rf"\A{cell}(?:{escaped}{cell}){{{inner}}}\z"
    plain = ~text.str.contains('"', literal=True)
    counted = text.str.count_matches(separator, literal=True) == inner
    readable = ~text.str.contains(REPLACED, literal=True) & (text.str.len_bytes() < LONGEST_LINE)
    blank = text.str.strip_chars(f'{separator}" \r') == ""
    return (
        pl.when(plain & counted & readable & ~blank)
        .then(_SURE)
        .when(blank)
        .then(_BLANK)
        .when(~plain & readable & text.str.contains(well_quoted))
        .then(_SURE)
        .otherwise(_DOUBT)
        .alias("kind")
    )


def _parse(sure: pl.DataFrame, heading: Heading) -> pl.DataFrame:
    """Lines of known structure through the fast parser; their order is kept."""
    names = cell_names(len(heading.cells))
    if sure.is_empty():
        return _frame([], heading)
    joined = io.BytesIO()
    sure.select("text").write_csv(joined, include_header=False, quote_style="never")
    numbers = sure["line"]
    del sure
    parsed = pl.read_csv(
        joined.getvalue(),
        has_header=False,
        separator=heading.separator,
        schema=dict.fromkeys(names, pl.String),
        empty_string_is_null=False,
        missing_columns="raise",
        extra_columns="raise",
    )
    if parsed.height != len(numbers):
        raise ValueError("the fast parser saw other rows than the classification")
    if sum(parsed.null_count().row(0)):
        parsed = parsed.with_columns(pl.all().fill_null(""))
    return parsed.insert_column(0, numbers)


def _frame(rows: list[tuple[int, list[str]]], heading: Heading) -> pl.DataFrame:
    names = cell_names(len(heading.cells))
    return pl.DataFrame(
        [[line, *cells] for line, cells in rows],
        schema={"line": pl.Int64, **dict.fromkeys(names, pl.String)},
        orient="row",
    )


class _Doubtful:
    """The lines that need a second look, one after the other."""

    def __init__(self, heading: Heading, lines: pl.Series, doubtful: pl.DataFrame) -> None:
        self._heading, self._lines, self._doubtful = heading, lines, doubtful
        self._first = heading.line + 1
        self._unclosed = 0
        self.swallowed: set[int] = set()

    def settle(self) -> tuple[list[tuple[int, list[str]]], list[BrokenRow]]:
        """Rows that are whole after all, and broken ones."""
        whole: list[tuple[int, list[str]]] = []
        broken: list[BrokenRow] = []
        for line, text in self._doubtful.select("line", "text").iter_rows():
            if line in self.swallowed:
                continue
            cells, code = self._look_at(line, text)
            if code is None:
                whole.append((line, cells))
            else:
                shown = tuple(cell[:CELL_LIMIT] for cell in cells[:COLUMN_LIMIT])
                broken.append(BrokenRow(line=line, code=code, cells=shown))
        return whole, broken

    def _look_at(self, line: int, text: str) -> tuple[list[str], str | None]:
        width, separator = len(self._heading.cells), self._heading.separator
        if REPLACED in text:
            return _cells(text, separator) or [text], "row.undecodable"
        if len(text.encode()) >= LONGEST_LINE:
            return text[:CELL_LIMIT].split(separator), "row.long"
        cells = _cells(text, separator, strict=True)
        if cells is None and text.count('"') % 2:
            cells = self._join(line, text)
            if cells is None:
                return text.split(separator), "row.unclosed"
        if cells is None:
            cells = _cells(text, separator) or [text]
        while len(cells) > width and not cells[-1].strip():
            cells.pop()
        if len(cells) == width:
            return cells, None
        return cells, "row.short" if len(cells) < width else "row.long"

    def _join(self, line: int, text: str) -> list[str] | None:
        """A cell that spans lines, if a later quote closes it and the row then fits."""
        if self._unclosed > HOPELESS:
            return None
        start = line - self._first
        following = self._lines.slice(start + 1, CELL_SPANS_AT_MOST).to_list()
        for taken, joined in enumerate(_growing(text, following), 1):
            if joined.count('"') % 2:
                continue
            cells = _cells(joined, self._heading.separator, strict=True)
            if cells is not None and len(cells) == len(self._heading.cells):
                self.swallowed.update(range(line + 1, line + 1 + taken))
                return cells
            break
        self._unclosed += 1
        return None


def _growing(text: str, following: list[str]) -> Iterator[str]:
    for more in following:
        text = f"{text}\n{more}"
        if len(text) > LONGEST_LINE:
            return
        yield text
