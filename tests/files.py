"""Builders of real test files: documents that are what they say, and files that lie.

Every builder returns bytes, is deterministic (encryption aside), and makes obviously synthetic
content. The nasty ones are as nasty as they can be while staying small on disk: a PNG of
30,000 × 30,000 pixels is 110 KB.
"""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import cache

import pikepdf
from fpdf import FPDF
from fpdf.enums import XPos, YPos
from PIL import Image, ImageDraw

EPOCH = (2022, 8, 1, 0, 0, 0)
"""Every ZIP entry's time, so that the same call gives the same bytes."""
WRITTEN = datetime(*EPOCH, tzinfo=UTC)


# --- documents ----------------------------------------------------------------------------


@cache
def pdf(pages: int = 1, *, text: str = "Dokumen contoh", point: int = 12) -> bytes:
    """A PDF of A4 pages, each with its number and ``text`` on it."""
    document = FPDF(format="A4")
    document.set_creation_date(WRITTEN)
    document.set_font("Helvetica", size=point)
    for number in range(1, pages + 1):
        document.add_page()
        document.cell(0, 10, f"Halaman {number} dari {pages}", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        document.multi_cell(0, 8, text)
    return bytes(document.output())


@cache
def dense_pdf(pages: int = 1, *, point: int = 8) -> bytes:
    """The heaviest honest page: A4 full of small print, 60 lines of 110 signs."""
    signs = random.Random(2022)
    document = FPDF(format="A4")
    document.set_creation_date(WRITTEN)
    document.set_font("Helvetica", size=point)
    for _ in range(pages):
        document.add_page()
        for _ in range(60):
            line = "".join(signs.choices("abcdefghijklmnopqrstuvwxyz    ,.0123456789", k=110))
            document.cell(0, 4.3, line, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    return bytes(document.output())


@cache
def blank_pdf(pages: int = 1) -> bytes:
    """Pages with nothing on them: what a scanner sends when the sheet lay upside down."""
    return _pikepdf(lambda out: [out.add_blank_page(page_size=(595, 842)) for _ in range(pages)])


@cache
def many_pages_pdf(pages: int) -> bytes:
    """A quick PDF of very many pages."""
    return blank_pdf(pages)


@cache
def sized_pdf(width: float, height: float) -> bytes:
    """One page of an odd size, in points."""
    return _pikepdf(lambda out: out.add_blank_page(page_size=(width, height)))


def pdf_without_pages() -> bytes:
    """A PDF whose page tree is empty."""
    return _pikepdf(lambda out: None)


@cache
def encrypted_pdf(*, user: str = "rahasia", owner: str = "pemilik") -> bytes:
    """A PDF that cannot be opened without ``user``; an empty ``user`` opens, but is restricted."""
    target = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf())) as document:
        document.save(target, encryption=pikepdf.Encryption(user=user, owner=owner))
    return target.getvalue()


@cache
def active_pdf() -> bytes:
    """A PDF with JavaScript on opening and a file attached."""
    target = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf())) as document:
        document.Root.OpenAction = pikepdf.Dictionary(
            S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert('contoh')")
        )
        document.attachments["lampiran.html"] = b"<script>alert(1)</script>"
        document.save(target)
    return target.getvalue()


def truncated(content: bytes, *, keep: float = 0.5) -> bytes:
    """The front part of a file, as a copy over a broken stick leaves it."""
    return content[: int(len(content) * keep)]


def html() -> bytes:
    """A web page, the usual content of a «.jpg» saved from a portal that asked for a login."""
    return b"<!DOCTYPE html>\n<html><body><script>alert(1)</script>Masuk dulu</body></html>\n"


def html_with_pdf_header() -> bytes:
    """HTML behind a PDF header: magic-byte libraries call it a PDF."""
    return b"%PDF-1.7\n" + html()


def heic() -> bytes:
    """The head of an iPhone photograph."""
    return struct.pack(">I", 24) + b"ftypheic\0\0\0\0mif1heic" + bytes(256)


# --- images -------------------------------------------------------------------------------


@cache
def jpeg(
    width: int = 800, height: int = 600, *, seed: int = 0, orientation: int = 1, quality: int = 85
) -> bytes:
    """A photograph-like JPEG; ``orientation`` is the EXIF value a phone would write."""
    return _saved(_scene(width, height, seed), "JPEG", quality=quality, exif=_exif(orientation))


@cache
def cmyk_jpeg(width: int = 300, height: int = 200) -> bytes:
    """A JPEG in printing colours, as a print shop sends it."""
    return _saved(_scene(width, height, 3).convert("CMYK"), "JPEG")


@cache
def png(width: int = 800, height: int = 600, *, seed: int = 0, mode: str = "RGB") -> bytes:
    """A PNG in any mode Pillow writes: RGB, RGBA, L, LA, P, 1, I;16."""
    scene = _scene(width, height, seed)
    if mode == "I;16":
        grey = scene.convert("L").convert("I").point(lambda value: value * 257)
        return _saved(grey.convert("I;16"), "PNG")
    return _saved(scene.convert(mode), "PNG")


@cache
def card(number: str = "0000000000000000", *, title: str = "KARTU CONTOH") -> bytes:
    """A card-like JPEG of 1,600 × 1,000 with ``number`` printed on it."""
    image = _scene(1600, 1000, len(number))
    draw = ImageDraw.Draw(image)
    draw.rectangle((80, 80, 1500, 400), fill="white")
    draw.text((120, 120), f"{title}\nNomor {number}", fill="black", font_size=72)
    return _saved(image, "JPEG", quality=80)


@cache
def png_bomb(width: int = 30_000, height: int = 30_000) -> bytes:
    """A well-formed one-bit PNG of 900 million pixels in about 110 KB."""
    row = bytes(1 + (width + 7) // 8)
    packer = zlib.compressobj(6)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


@cache
def jpeg_zip_polyglot() -> bytes:
    """A JPEG that shows a picture and opens as a ZIP."""
    return jpeg() + archive({"muatan.html": html()})


@cache
def pdf_zip_polyglot() -> bytes:
    """A PDF that shows a page and opens as a ZIP."""
    return pdf() + archive({"muatan.html": html()})


# --- archives -----------------------------------------------------------------------------


def archive(
    entries: dict[str, bytes] | Sequence[tuple[str, bytes]],
    *,
    compression: int = zipfile.ZIP_DEFLATED,
) -> bytes:
    """A ZIP of ``entries`` in their order."""
    pairs: Iterable[tuple[str, bytes]] = entries.items() if isinstance(entries, dict) else entries
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression, compresslevel=6) as package:
        for name, content in pairs:
            info = zipfile.ZipInfo(name, EPOCH)
            info.compress_type = compression
            package.writestr(info, content)
    return target.getvalue()


@cache
def scans(members: int = 3, *, first: int = 1) -> bytes:
    """A ZIP of a KTP and a KTA picture for each member, named as parties name them."""
    entries: list[tuple[str, bytes]] = []
    for number in range(first, first + members):
        nik = f"32730101019{number:05d}"
        entries.append((f"KTP_{nik}.jpg", jpeg(640, 400, seed=number)))
        entries.append((f"KTA_P01-{number:08d}.jpg", jpeg(640, 400, seed=number + 7)))
    return archive(entries, compression=zipfile.ZIP_STORED)


@cache
def zip_bomb(size: int = 200_000_000) -> bytes:
    """One entry called a picture, ``size`` bytes of zero: about a thousandth of it on disk."""
    return archive({"ktp.png": bytes(size)})


@cache
def many_entries_zip(count: int) -> bytes:
    """A ZIP of ``count`` tiny entries."""
    return archive([(f"{number}.jpg", b"x") for number in range(count)])


def nested_zip() -> bytes:
    """A ZIP in a ZIP, called a picture."""
    return archive({"KTP_dalam.jpg": archive({"lagi.zip": archive({"x.jpg": b"x"})})})


def encrypted_zip() -> bytes:
    """A ZIP whose entry is marked as encrypted."""
    return _patched(scans(1), flag=1)


def lying_zip(*, declared: int = 64) -> bytes:
    """A ZIP that declares ``declared`` bytes for an entry which inflates to a whole picture."""
    return _patched(archive({"KTP.jpg": jpeg()}), file_size=declared)


def overlapping_zip(entries: int = 20) -> bytes:
    """A ZIP whose directory names the same bytes ``entries`` times (after D. Fifield's idea)."""
    content = archive({"0.png": png(64, 64)})
    start = content.index(b"PK\x01\x02")
    end = content.index(b"PK\x05\x06")
    tail = bytearray(content[end:])
    struct.pack_into("<HHII", tail, 8, entries, entries, (end - start) * entries, start)
    return content[:start] + content[start:end] * entries + bytes(tail)


def office_zip(*, kind: str = "word") -> bytes:
    """A ZIP laid out as Word (``word``) or Excel (``xl``) lays out its files."""
    return archive({"[Content_Types].xml": b"<Types/>", f"{kind}/document.xml": b"<x/>"})


@cache
def xlsx_bomb(size: int = 200_000_000) -> bytes:
    """An XLSX whose only sheet inflates to ``size`` bytes of spaces."""
    row = b'<row r="1"><c r="A1" t="inlineStr"><is><t>'
    sheet = b"<worksheet><sheetData>" + row + b" " * size + b"</t></is></c></row>"
    types = b"""<?xml version="1.0"?><Types><Default Extension="xml" ContentType="a/b"/></Types>"""
    return archive(
        {
            "[Content_Types].xml": types,
            "xl/workbook.xml": b"<workbook><sheets/></workbook>",
            "xl/worksheets/sheet1.xml": sheet + b"</sheetData></worksheet>",
        }
    )


# --- what they are made of ----------------------------------------------------------------


def _pikepdf(fill: Callable[[pikepdf.Pdf], object]) -> bytes:
    target = io.BytesIO()
    with pikepdf.new() as document:
        fill(document)
        document.save(target, deterministic_id=True)
    return target.getvalue()


def _scene(width: int, height: int, seed: int) -> Image.Image:
    colours = random.Random(seed)
    across = Image.linear_gradient("L").resize((width, height))
    down = Image.radial_gradient("L").resize((width, height))
    image = Image.merge("RGB", (across, down, across.transpose(Image.Transpose.ROTATE_180)))
    draw = ImageDraw.Draw(image)
    for _ in range(12):
        left, top = colours.randrange(width), colours.randrange(height)
        box = (left, top, left + width // 6, top + height // 6)
        draw.rectangle(box, fill=(*colours.choices(range(256), k=3),))
    return image


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def _exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Kamera contoh"
    return exif


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _patched(content: bytes, *, flag: int | None = None, file_size: int | None = None) -> bytes:
    """Every directory entry and local header, changed in the same field."""
    changed = bytearray(content)
    for mark, flag_at, size_at in ((b"PK\x03\x04", 6, 22), (b"PK\x01\x02", 8, 24)):
        at = content.find(mark)
        while at >= 0:
            if flag is not None:
                struct.pack_into("<H", changed, at + flag_at, flag)
            if file_size is not None:
                struct.pack_into("<I", changed, at + size_at, file_size)
            at = content.find(mark, at + 4)
    return bytes(changed)
