"""A workbook's table of texts, millions of them, as one series; and which styles show a date.

What is not written the plain way that common programs write it raises Unusual: another reader,
slower and for all that is allowed, then takes the whole file.

Next station: `verification.rosters.sheet_rows`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import defusedxml.ElementTree
import polars as pl

from verification.rosters.archive import pieces, small
from verification.rosters.packages import MAIN, Package
from verification.sandbox.job import Refuse

CHUNK = 8 * 1024**2
FIRST_CHUNK = 1024**2
_UTF8 = re.compile(
    rb"\A(?:\xef\xbb\xbf)?\s*(?:<[a-zA-Z]|"
    rb"<\?xml(?:(?!encoding)[^>])*(?:encoding=[\"']utf-8[\"'][^>]*)?\?>)",
    re.IGNORECASE,
)
# Spaces at the ends count only where the item says so.
_PLAIN = r"\A<si><t>[^\s<&](?:[^<&]*[^\s<&])?</t>\z"
_TEXT = re.compile(r'<t( xml:space="preserve")?>([^<]*)</t>')
_ASIDE = re.compile(r"<rPh .*?</rPh>", re.DOTALL)
# Built-in formats of section 18.8.30: numbers, days, text.
_BUILT_IN = {**dict.fromkeys((*range(5), 9, 10), False), 14: True, 15: True, 22: True, 49: False}
_NUMBER = re.compile(r"(?:General|[0#?.,%;@_() -])+")
_DATE = re.compile(r"(?:\[\$-[0-9A-Fa-f]+\]|[dmyhsDMYHS:/., ;@-]|\\[ ,/.-])+")


class Unusual(Exception):
    """Allowed, perhaps, but not written the way that is read quickly."""


def chunks(package: Package, part: str, end: bytes) -> Iterator[bytes]:
    """A part's bytes, each chunk to the last `end` in it, the last one to the part's end.

    Raises Unusual: not UTF-8, or names with a prefix; Refuse: no `end` within a megabyte, of
    which no row is.
    """
    kept: list[bytes] = []
    size, enough = 0, FIRST_CHUNK
    for piece in pieces(package.path, package.archive.getinfo(part)):
        kept.append(piece)
        size += len(piece)
        if size < enough:
            continue
        whole = b"".join(kept)
        cut = whole.rfind(end) + len(end)
        if enough == FIRST_CHUNK and not _UTF8.match(whole):
            raise Unusual
        if cut < len(end):
            raise Unusual if b":" + end[2:] in whole else Refuse("list.no_heading")
        yield whole[:cut]
        kept, size, enough = [whole[cut:]], len(whole) - cut, CHUNK
    whole = b"".join(kept)
    if enough == FIRST_CHUNK and not _UTF8.match(whole):
        raise Unusual
    yield whole


def as_lines(chunk: bytes, end: str) -> pl.Series:
    """What stands before each `end`; raises Unusual where that is no UTF-8."""
    try:
        text = pl.Series("text", [chunk.removesuffix(end.encode())]).cast(pl.String)
    except pl.exceptions.PolarsError as error:
        raise Unusual from error
    return text.str.split(end).list.explode()


def shared_texts(package: Package) -> pl.Series:
    """By number, as cells of type `s` name them (section 18.4.9). Raises Unusual."""
    found = [pl.Series("text", [], dtype=pl.String)]
    if package.texts is not None:
        for chunk in chunks(package, package.texts, b"</si>"):
            # Around the items stands the table's own element.
            items = chunk[chunk.find(b"<si>") : chunk.rfind(b"</si>") + len(b"</si>")]
            if items:
                found.append(_texts(as_lines(items, "</si>")))
    return pl.concat(found, rechunk=True)


def _texts(items: pl.Series) -> pl.Series:
    text = pl.col("text")
    plain = text.str.contains(_PLAIN) & ~text.str.contains("_x", literal=True)
    frame = items.to_frame().select(
        text.str.strip_prefix("<si><t>").str.strip_suffix("</t>"), plain=plain
    )
    odd = (~frame["plain"]).arg_true()
    if odd.is_empty():
        return frame["text"]
    return frame["text"].scatter(odd, [_spelled_out(item) for item in items.gather(odd)])


def _spelled_out(item: str) -> str:
    """The text of an item that is not the plainest: kept spaces, formatted parts, entities."""
    own = _ASIDE.sub("", item)
    if not own.startswith("<si>") or own.count("<si") != 1 or "<!" in own:
        raise Unusual
    if own.count("<t>") + own.count("<t ") != len(found := _TEXT.findall(own)):
        raise Unusual
    return "".join(unescaped(text, kept=bool(kept)) for kept, text in found)


def unescaped(text: str, *, kept: bool = True) -> str:
    """XML's entities as signs.

    Raises Unusual for Excel's own escapes (`_x000D_` and the like), and for spaces at the ends that
    nothing says are to be kept.
    """
    if "_x" in text or not (kept or text == text.strip()):
        raise Unusual
    return html.unescape(text) if "&" in text else text


def date_styles(package: Package) -> list[bool | None]:
    """For each cell style: a day, a number, or (None) something else (section 18.8.10)."""
    if package.styles is None:
        return [False]
    try:
        sheet = defusedxml.ElementTree.fromstring(
            small(package.path, package.archive, package.styles)
        )
    except (ValueError, SyntaxError) as error:
        raise Unusual from error
    known: dict[str | None, bool | None] = {
        str(number): is_date for number, is_date in _BUILT_IN.items()
    }
    for form in sheet.iter(f"{MAIN}numFmt"):
        code = form.get("formatCode", "")
        is_number, is_date = _NUMBER.fullmatch(code), _DATE.fullmatch(code)
        known[form.get("numFmtId")] = False if is_number else True if is_date else None
    styles = sheet.find(f"{MAIN}cellXfs")
    found = [] if styles is None else [known.get(style.get("numFmtId")) for style in styles]
    return found or [False]
