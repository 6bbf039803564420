"""A seeded list as the workbook Excel would save: texts once in a table of their own, cells point there.

Written from frames, a million rows in seconds, because the writers of libraries take minutes. Cells
without text are left out, as Excel leaves them out.

Next station: `portal/bench/rosters/running.py`.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl

PIECE = 50_000
QUICK = 3
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
SHEET = "xl/worksheets/sheet1.xml"
PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_KIND}.worksheet+xml"/>'
    f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_KIND}.sharedStrings+xml"/>'
    "</Types>",
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
    "</Relationships>",
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
    '<sheet name="Anggota" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
    "</Relationships>",
}


def write_workbook(source: Path, target: Path) -> None:
    """The rows of a CSV (comma, every row as wide as its heading) as an XLSX of one sheet."""
    rows = pl.read_csv(source, has_header=False, infer_schema=False, new_columns=None)
    points, texts = [], []
    first = 0
    for column in rows.iter_columns():
        known = column.drop_nulls().unique(maintain_order=True)
        points.append(column.cast(pl.Enum(known)).to_physical().cast(pl.UInt32) + first)
        texts.append(known)
        first += len(known)
    sheet = pl.DataFrame(points).with_row_index("row", offset=1)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=QUICK) as book:
        for name, text in PARTS.items():
            book.writestr(name, _XML + text)
        _write(book, SHEET, _sheet(sheet))
        _write(book, "xl/sharedStrings.xml", _strings(pl.concat(texts), rows))


def _write(book: zipfile.ZipFile, name: str, pieces: Iterator[str]) -> None:
    with book.open(name, "w") as out:
        for piece in pieces:
            out.write(piece.encode())


def _sheet(sheet: pl.DataFrame) -> Iterator[str]:
    yield f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>'
    row = pl.col("row").cast(pl.String)
    columns = sheet.columns[1:]
    cells = [
        pl.when(pl.col(name).is_null())
        .then(pl.lit(""))
        .otherwise(
            pl.concat_str(
                pl.lit(f'<c r="{chr(65 + place)}'), row, pl.lit('" t="s"><v>'),
                pl.col(name).cast(pl.String).fill_null(""), pl.lit("</v></c>"),
            )
        )
        for place, name in enumerate(columns)
    ]  # fmt: skip
    opening = (pl.lit('<row r="'), row, pl.lit(f'" spans="1:{len(columns)}">'))
    for piece in sheet.iter_slices(PIECE):
        written = piece.select(pl.concat_str(*opening, *cells, pl.lit("</row>"))).to_series()
        yield "".join(written.to_list())
    yield "</sheetData></worksheet>"


def _strings(texts: pl.Series, rows: pl.DataFrame) -> Iterator[str]:
    used = sum(column.len() - column.null_count() for column in rows.iter_columns())
    yield f'{_XML}<sst xmlns="{_MAIN}" count="{used}" uniqueCount="{len(texts)}">'
    for start in range(0, len(texts), PIECE):
        safe = texts.slice(start, PIECE).to_frame("text").select(
            pl.concat_str(
                pl.when(pl.col("text").str.contains(r"\A\s|\s\z"))
                .then(pl.lit('<si><t xml:space="preserve">'))
                .otherwise(pl.lit("<si><t>")),
                pl.col("text")
                .str.replace_all("&", "&amp;", literal=True)
                .str.replace_all("<", "&lt;", literal=True)
                .str.replace_all(">", "&gt;", literal=True),
                pl.lit("</t></si>"),
            )
        )  # fmt: skip
        yield "".join(safe.to_series().to_list())
    yield "</sst>"
