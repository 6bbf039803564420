"""A sheet's XML → rows of text, a million in a few seconds, for sheets written the usual way.

Programs write the rows of a list alike: the same cells with the same attributes, but for numbers. So
the first row of a kind is made into a pattern, and all rows of that kind are read by it at once, in
polars. A handful of kinds covers a list with cells left empty here and there. A row that no pattern
can be made of (formulas, formatted text within the cell, another vocabulary) raises Unusual, and the
file goes to the slower reader for everything. Both must agree, cell by cell.

Next station: `verification.rosters.spreadsheet`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

import polars as pl

from verification.rosters.packages import Package
from verification.rosters.shared_texts import Unusual, as_lines, chunks, date_styles, unescaped

MOST_KINDS = 400
MOST_CELLS = 256
LONGEST_ROW = 65_536
_ROW = re.compile(r'<row r="[0-9]{1,7}"[^<>]*>')
_ROW_PATTERN = r'\A<row r="([0-9]{1,7})"[^<>]*>'
_EMPTY_ROWS = r"\A(?:<row [^<>]*/>)+"
_CELL = re.compile(
    r'(?P<open><c r="(?P<column>[A-Z]{1,3}))[0-9]{1,7}(?P<attributes>"[^<>]*?)'
    r"(?:(?P<empty>/>|></c>)|><v>(?P<value>[^<>]*)</v></c>"
    r"|(?P<before>><is><t(?: [^<>]*)?>)(?P<inline>[^<>]*)</t></is></c>)"
)
_STYLE = re.compile(r'" s="([0-9]{1,5})"')
_TYPE = re.compile(r'" t="([a-zA-Z]+)"')
# Days are counted from here; before March 1900 Excel counts a day that never was.
_DAY_ZERO, _FIRST_SOUND_DAY, _LAST_DAY = date(1899, 12, 30), 61, 2_958_465
_PLAIN_NUMBER = r"\A(?:0|-?[1-9][0-9]{0,14})\z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """`column` counts from 0; `kind`: `s` shared, `t` text in the cell, `n` number, `d` day.

    `kept`: spaces at the ends of its text count.
    """

    column: int
    kind: str
    kept: bool


@dataclass(slots=True, kw_only=True)
class Kind:
    """Rows that are written alike: the pattern that reads them, and what its groups are."""

    pattern: str
    cells: tuple[Cell, ...]
    rows: int = 0


@dataclass(slots=True)
class SheetRows:
    """Reads one sheet. `texts`: the workbook's; `numeric`: column to the rows that hold a number."""

    package: Package
    part: str
    texts: pl.Series
    dates: Sequence[bool | None] = field(init=False)
    numeric: dict[int, list[pl.Series]] = field(default_factory=dict)
    _kinds: list[Kind] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dates = date_styles(self.package)

    def frames(self) -> Iterator[pl.DataFrame]:
        """`line` (Int64, ascending) and text columns named by their number; null: no such cell.

        Raises Unusual, Refuse.
        """
        inside, last = False, 0
        for chunk in chunks(self.package, self.part, b"</row>"):
            start = 0
            if not inside:
                start = chunk.find(b"<sheetData>") + len(b"<sheetData>")
                if start < len(b"<sheetData>"):
                    raise Unusual
                inside = True
            rows = chunk[start : chunk.rfind(b"</row>") + len(b"</row>")]
            if rows:
                frame = self._read(as_lines(rows, "</row>"))
                lines = frame["line"]
                if lines[0] <= last or (lines.diff().drop_nulls() <= 0).any():
                    raise Unusual
                last = lines[-1]
                yield frame

    def _read(self, rows: pl.Series) -> pl.DataFrame:
        found: list[pl.DataFrame] = []
        left = rows
        for kind in sorted(self._kinds, key=lambda each: -each.rows):
            left = self._take(kind, left, found)
        left = left.str.replace(_EMPTY_ROWS, "")
        while not left.is_empty():
            kind = self._kind_of(left[0])
            before = len(left)
            left = self._take(kind, left, found)
            if len(left) == before or len(self._kinds) >= MOST_KINDS:
                raise Unusual
            self._kinds.append(kind)
        return pl.concat(found, how="diagonal").sort("line") if len(found) > 1 else found[0]

    def _take(self, kind: Kind, rows: pl.Series, found: list[pl.DataFrame]) -> pl.Series:
        """Read the rows of that kind; returns the others."""
        if rows.is_empty():
            return rows
        groups = rows.str.extract_groups(kind.pattern).struct.unnest()
        other = groups["1"].is_null()
        if other.all():
            return rows
        mine = groups.filter(~other) if other.any() else groups
        lines = mine["1"].cast(pl.Int64).alias("line")
        kind.rows += len(lines)
        cells = (
            self._text(mine[str(number)], cell, lines).alias(str(cell.column))
            for number, cell in enumerate(kind.cells, 2)
        )
        found.append(pl.DataFrame([lines, *cells]))
        return rows.filter(other)

    def _text(self, raw: pl.Series, cell: Cell, lines: pl.Series) -> pl.Series:
        if cell.kind == "s":
            places = raw.cast(pl.UInt32)
            highest = places.max()
            if not isinstance(highest, int) or highest >= len(self.texts):
                raise Unusual
            return self.texts.gather(places)
        if cell.kind == "t":
            odd = raw.filter(raw.str.contains(r"&|_x|\A\s|\s\z"))
            return _changed(raw, odd, lambda text: unescaped(text, kept=cell.kept))
        self.numeric.setdefault(cell.column, []).append(lines)
        if cell.kind == "d":
            return _changed(raw, raw, _day)
        return _changed(raw, raw.filter(~raw.str.contains(_PLAIN_NUMBER)), _number)

    def _kind_of(self, row: str) -> Kind:
        """The pattern of all rows written like this one."""
        opening = _ROW.match(row)
        if opening is None or len(row) > LONGEST_ROW:
            raise Unusual
        at, pattern, cells = opening.end(), [_ROW_PATTERN], list[Cell]()
        column = -1
        while at < len(row):
            cell = _CELL.match(row, at)
            if cell is None or len(pattern) > MOST_CELLS:
                raise Unusual
            before, column = column, _number_of(cell["column"])
            if column <= before:
                raise Unusual
            pattern.append(f"{cell['open']}[0-9]+{re.escape(cell['attributes'])}")
            if cell["empty"]:
                pattern.append(re.escape(cell["empty"]))
            else:
                kind = self._kind(cell)
                kept = "preserve" in (cell["before"] or "")
                cells.append(Cell(column=column, kind=kind, kept=kept))
                what = "([0-9]{1,9})" if kind == "s" else "([^<>]*)"
                pattern.append(
                    f"{re.escape(cell['before'])}{what}</t></is></c>"
                    if cell["before"]
                    else f"><v>{what}</v></c>"
                )
            at = cell.end()
        return Kind(pattern="".join([*pattern, r"\z"]), cells=tuple(cells))

    def _kind(self, cell: re.Match[str]) -> str:
        named = _TYPE.search(f"{cell['attributes']}")
        kind = named[1] if named else "n"
        if (kind == "inlineStr") != bool(cell["before"]):
            raise Unusual
        if kind in ("inlineStr", "str"):
            return "t"
        if kind == "s":
            return "s"
        style = _STYLE.search(cell["attributes"])
        number = int(style[1]) if style else 0
        is_date = self.dates[number] if number < len(self.dates) else None
        if kind != "n" or is_date is None or (is_date and self.package.since_1904):
            raise Unusual
        return "d" if is_date else "n"


def _changed(raw: pl.Series, some: pl.Series, change: Callable[[str], str]) -> pl.Series:
    """`raw` with the values that stand in `some` changed, each different one once."""
    values = some.unique().to_list()
    return raw.replace({value: change(value) for value in values}) if values else raw


def _day(raw: str) -> str:
    """As the other reader writes it, midnight included."""
    if not raw.isdecimal() or not _FIRST_SOUND_DAY <= int(raw) <= _LAST_DAY:
        raise Unusual
    return f"{_DAY_ZERO + timedelta(days=int(raw)):%Y-%m-%d} 00:00:00"


def _number(raw: str) -> str:
    """The shortest digits that mean the same number, never with an exponent."""
    try:
        value = Decimal(repr(float(raw)))
    except (ValueError, ArithmeticError) as error:
        raise Unusual from error
    exponent = value.normalize().as_tuple().exponent
    # The other reader rounds fractions to nine places.
    if not isinstance(exponent, int) or (exponent < 0 and (exponent < -9 or abs(value) > 1e6)):
        raise Unusual
    return format(value.normalize(), "f")


def _number_of(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1
