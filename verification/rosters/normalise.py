"""Cells as people type them → cells as the rules read them; the same twice, for a row and a frame.

Normalising changes how a value is written, never what it says: spaces, case of codes, dots in
region codes, the order of a date. What cannot be read stays as it is, for a rule to refuse.

Next station: `verification.rosters.rules`, which judge the outcome.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta

import polars as pl

from verification.rosters.cells import PREFIXED
from verification.rosters.columns import FIELDS

# Written out, because Python's and Rust's ideas of white space differ. Direction marks and
# zero-width characters go too: they make two equal names look different to a machine only.
BLANKS = "[\x00-\x20\x7f\x85\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f\u2060-\u2069\u3000\ufeff]+"
MARKS = "\\A[ '\u2018\u2019`]+"
NOT_FOLDED = "[^A-Z0-9]+"

SEXES = {
    **dict.fromkeys(("L", "LK", "LAKI", "LAKI LAKI", "PRIA", "COWOK"), "L"),
    **dict.fromkeys(("P", "PR", "PEREMPUAN", "WANITA"), "P"),
}
MARITAL = {
    **dict.fromkeys(
        ("B", "BK", "BELUM", "BELUM KAWIN", "BELUM MENIKAH", "BELUM NIKAH", "LAJANG"), "BELUM KAWIN"
    ),
    **dict.fromkeys(
        (
            "S", "K", "SUDAH", "KAWIN", "MENIKAH", "NIKAH", "SUDAH KAWIN", "SUDAH MENIKAH",
            "KAWIN TERCATAT", "KAWIN BELUM TERCATAT", "KAWIN TIDAK TERCATAT",
        ),
        "KAWIN",
    ),
    **dict.fromkeys(("P", "PERNAH", "PERNAH KAWIN", "PERNAH MENIKAH", "JANDA", "DUDA"),
                    "PERNAH KAWIN"),
    **dict.fromkeys(("CH", "CERAI HIDUP"), "CERAI HIDUP"),
    **dict.fromkeys(("CM", "CERAI MATI"), "CERAI MATI"),
}  # fmt: skip

_CLOCK = r"(?:[ T]00:00(?::00(?:\.0+)?)?)?"
_DAY_FIRST = rf"\A([0-9]{{1,2}})[-/.| ]([0-9]{{1,2}})[-/.| ]([0-9]{{4}}){_CLOCK}"
_YEAR_FIRST = rf"\A([0-9]{{4}})[-/.]([0-9]{{1,2}})[-/.]([0-9]{{1,2}}){_CLOCK}"
_MONTHS = (
    ("JANUARI", "JAN"), ("FEBRUARI", "PEBRUARI", "FEB", "PEB"), ("MARET", "MAR"), ("APRIL", "APR"),
    ("MEI",), ("JUNI", "JUN"), ("JULI", "JUL"), ("AGUSTUS", "AGU", "AGT"),
    ("SEPTEMBER", "SEP", "SEPT"), ("OKTOBER", "OKT"), ("NOVEMBER", "NOPEMBER", "NOV", "NOP"),
    ("DESEMBER", "DES"),
)  # fmt: skip
_MONTH_NUMBERS = {name: f"{i:02d}" for i, names in enumerate(_MONTHS, 1) for name in names}
# A date whose cell lost its format: Excel's days since 1899-12-30, here those of 1927 to 2064.
_SERIAL = r"\A([1-5][0-9]{4})"
_SERIAL_ZERO = date(1899, 12, 30)
_NAMED_MONTH = r"\A([0-9]{1,2})[-/. ]+([A-Z]+)[-/. ]+([0-9]{4})"
_LEVELS = {
    "province_code": (r"\A([0-9]{2})", 1),
    "regency_code": (r"\A([0-9]{2})\.?([0-9]{2})", 2),
    "district_code": (r"\A([0-9]{2})\.?([0-9]{2})\.?([0-9]{2})", 3),
    "village": (r"\A([0-9]{2})\.?([0-9]{2})\.?([0-9]{2})\.?([0-9]{4})", 4),
}


def clean(text: str) -> str:
    """Without our formula prefix, without control and invisible characters, single-spaced."""
    return re.sub(BLANKS, " ", re.sub(PREFIXED, r"\1", text)).strip(" ")


def fold(text: str) -> str:
    """Upper-case ASCII words with one space between: how listed words are compared."""
    return re.sub(NOT_FOLDED, " ", text.upper()).strip(" ")


def _compact(text: str) -> str:
    return re.sub(MARKS, "", clean(text)).replace(" ", "")


def _iso_date(text: str) -> str:
    text = re.sub(MARKS, "", clean(text))
    for pattern, order in ((_DAY_FIRST, (3, 2, 1)), (_YEAR_FIRST, (1, 2, 3))):
        if found := re.match(rf"{pattern}\Z", text):
            return "-".join(found[group].rjust(2, "0") for group in order)
    if found := re.match(rf"{_NAMED_MONTH}\Z", text.upper()):
        month = _MONTH_NUMBERS.get(found[2])
        if month is not None:
            return f"{found[3]}-{month}-{found[1].rjust(2, '0')}"
    if found := re.match(rf"{_SERIAL}\Z", text):
        return (_SERIAL_ZERO + timedelta(days=int(found[1]))).isoformat()
    return text


def _region(field: str) -> Callable[[str], str]:
    whole = re.compile(rf"{_LEVELS[field][0]}\Z")

    def normalise(text: str) -> str:
        # A village may be given by name, so only codes lose their spaces.
        base = clean(text) if field == "village" else _compact(text)
        found = whole.match(base)
        return ".".join(found.groups()) if found else base

    return normalise


_PYTHON: Mapping[str, Callable[[str], str]] = {
    **{field: _region(field) for field in _LEVELS},
    "row_ref": _compact,
    "kta_number": lambda text: re.sub(MARKS, "", clean(text)),
    "nik": _compact,
    "sex": lambda text: SEXES.get(fold(clean(text)), fold(clean(text))),
    "marital_status": lambda text: MARITAL.get(fold(clean(text)), fold(clean(text))),
    "birth_date": _iso_date,
}


def normalise(cells: Mapping[str, str]) -> dict[str, str]:
    """A whole record from the cells that are there; missing ones become ""."""
    return {field: normalise_cell(field, cells.get(field, "")) for field in FIELDS}


def normalise_cell(field: str, cell: str) -> str:
    """One of them."""
    return _PYTHON.get(field, clean)(cell)


def _clean_expr(expr: pl.Expr) -> pl.Expr:
    return expr.str.replace(PREFIXED, "$1").str.replace_all(BLANKS, " ").str.strip_chars(" ")


def fold_expr(expr: pl.Expr) -> pl.Expr:
    """`fold` for a column."""
    return expr.str.to_uppercase().str.replace_all(NOT_FOLDED, " ").str.strip_chars(" ")


def _marks_expr(expr: pl.Expr) -> pl.Expr:
    return expr.str.replace(MARKS, "")


def _padded(groups: pl.Expr, order: tuple[int, int, int]) -> pl.Expr:
    parts = [groups.struct.field(str(group)).str.pad_start(2, "0") for group in order]
    return pl.concat_str(parts, separator="-")


def _iso_date_expr(expr: pl.Expr) -> pl.Expr:
    text = _marks_expr(expr)
    named = text.str.to_uppercase().str.extract_groups(rf"{_NAMED_MONTH}\z")
    month = named.struct.field("2").replace_strict(_MONTH_NUMBERS, default=None)
    days = text.str.extract(rf"{_SERIAL}\z").cast(pl.Int32)
    return pl.coalesce(
        _padded(text.str.extract_groups(rf"{_DAY_FIRST}\z"), (3, 2, 1)),
        _padded(text.str.extract_groups(rf"{_YEAR_FIRST}\z"), (1, 2, 3)),
        pl.concat_str(
            [named.struct.field("3"), month, named.struct.field("1").str.pad_start(2, "0")],
            separator="-",
        ),
        (pl.lit(_SERIAL_ZERO) + pl.duration(days=days)).dt.to_string("%Y-%m-%d"),
        text,
    )


def _normal_expr(field: str) -> pl.Expr:
    cleaned = _clean_expr(pl.col(field))
    compact = _marks_expr(cleaned).str.replace_all(" ", "", literal=True)
    if field in _LEVELS:
        pattern, parts = _LEVELS[field]
        dotted = ".".join(f"${{{part}}}" for part in range(1, parts + 1))
        base = cleaned if field == "village" else compact
        return base.str.replace(rf"{pattern}\z", dotted)
    if field in ("nik", "row_ref"):
        return compact
    if field == "kta_number":
        return _marks_expr(cleaned)
    if field == "birth_date":
        return _iso_date_expr(cleaned)
    if field in ("sex", "marital_status"):
        return fold_expr(cleaned).replace(SEXES if field == "sex" else MARITAL)
    return cleaned


def normalise_frame(frame: pl.DataFrame) -> pl.DataFrame:
    """`normalise` for a frame whose columns are fields; columns of other names stay untouched.

    Cells must be text, never null.
    """
    present = [field for field in FIELDS if field in frame.columns]
    return frame.with_columns(
        *(_normal(frame[field]) for field in present),
        *(pl.lit("").alias(field) for field in FIELDS if field not in present),
    )


# Most cells are written as we read them, and one look tells: only the others take the long way.
# A pattern here may name nothing that the long way would change.
_SETTLED = {
    "row_ref": r"\A[0-9A-Za-z]*\z",
    "province_code": r"\A[0-9]{2}\z",
    "regency_code": r"\A[0-9]{2}\.[0-9]{2}\z",
    "district_code": r"\A[0-9]{2}\.[0-9]{2}\.[0-9]{2}\z",
    "village": r"\A(?:[0-9]{2}\.[0-9]{2}\.[0-9]{2}\.[0-9]{4})?\z",
    "kta_number": r"\A[0-9A-Za-z./_-]*[0-9A-Za-z]\z",
    "nik": r"\A[0-9]{16}\z",
    "sex": r"\A[LP]\z",
    "birth_date": r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\z",
    "marital_status": rf"\A(?:{'|'.join(sorted(set(MARITAL.values())))})\z",
}
_SETTLED_TEXT = r"\A(?:[!-&(-~](?: ?[!-~])*)?\z"
_USUAL_DATE = r"\A[0-9]{2}[-/.|][0-9]{2}[-/.|][0-9]{4}\z"
_TURNED_DATE = pl.concat_str(
    [pl.col("birth_date").str.slice(*part) for part in ((6, 4), (3, 2), (0, 2))], separator="-"
)


def _normal(cells: pl.Series) -> pl.Series:
    field = cells.name
    if field == "birth_date":
        cells = _rewrite(cells, cells.str.contains(_USUAL_DATE), _TURNED_DATE)
    settled = cells.str.contains(_SETTLED.get(field, _SETTLED_TEXT))
    return _rewrite(cells, ~settled, _normal_expr(field))


def _rewrite(cells: pl.Series, where: pl.Series, way: pl.Expr) -> pl.Series:
    if not where.any():
        return cells
    places = where.arg_true()
    written = cells.gather(places).to_frame().select(way.alias(cells.name)).to_series()
    return written if len(places) == len(cells) else cells.scatter(places, written)
