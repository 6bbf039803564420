"""Files to send: documents, member lists with planted mistakes, card scans. Nobody in them exists.

Every page and picture says that it is a sample. Names begin with the region's code without dots, so
that `/dosir` and `sipol upload` find their place. The same call writes the same members each time.

Next station: `sipol upload`, or a browser on `/unggah`.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from PIL import Image, ImageDraw

from portal.demo.accounts import AMBON, BANDUNG, PARTIES
from portal.seed.regions import districts_of
from verification.rosters.synthetic import (
    BORN,
    KTA,
    NAME,
    NIK,
    SEX,
    SyntheticList,
    synthetic_list,
    write_csv,
    write_xlsx,
)

WRITTEN = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = 500
CARDS = 12
CARD_SIZE = (1012, 638)  # an ID-1 card at 300 dpi
NAVY, PAPER, GREY = "#1b3a6b", "#eef3f8", "#55606e"
_SAMPLE = "DATA CONTOH - BUKAN DOKUMEN ASLI"

NATIONAL = {
    "berita-negara": "Berita Negara",
    "ad-art": "Anggaran dasar dan anggaran rumah tangga",
    "surat-pernyataan": "MODEL F-SURAT.PERNYATAAN-PARPOL",
    "nama-lambang": "Surat keterangan nama, lambang, dan tanda gambar",
    "sk-pengurus-pusat": "Keputusan kepengurusan tingkat pusat",
    "kantor-pusat": "MODEL F-KANTOR.TETAP-PARPOL",
    "rekening-pusat": "Rekening atas nama partai",
}
REGIONAL = {
    "sk-pengurus-kabupaten": "Keputusan kepengurusan tingkat kabupaten/kota",
    "kantor-kabupaten": "MODEL F-KANTOR.TETAP-PARPOL",
    "rekening-kabupaten": "Rekening atas nama partai",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFile:
    """A file that was written, and what it is for."""

    path: Path
    requirement: str
    region: str
    purpose: str


def write_samples(
    folder: Path, *, rows: int = ROWS, cards: int = CARDS, letters: str = "AB"
) -> list[SampleFile]:
    """Write the parties' files below `folder`: documents, lists of `rows` members, `cards` cards."""
    written = []
    for number, (letter, party) in enumerate(PARTIES.items(), start=1):
        if letter not in letters:
            continue
        own = folder / f"partai-{letter.lower()}"
        own.mkdir(parents=True, exist_ok=True)
        written += _documents(own, party)
        written += _lists(own, number, party, rows, cards)
    return written


def document(party: str, title: str, region: str, *, pages: int = 2) -> bytes:
    """A PDF of A4 pages that names its party and region and says that it is a sample."""
    pdf = FPDF(format="A4")
    pdf.set_creation_date(WRITTEN)
    for page in range(1, pages + 1):
        pdf.add_page()
        for size, text in (
            (11, _SAMPLE),
            (18, title),
            (13, party.upper()),
            (11, f"Wilayah {region}. Halaman {page} dari {pages}."),
        ):
            pdf.set_font("Helvetica", size=size)
            pdf.multi_cell(0, size * 0.7, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        pdf.set_font("Helvetica", size=8)
        for line in range(1, 41):
            text = f"{line}. Butir contoh nomor {line}: isi ini dibuat untuk peragaan portal."
            pdf.cell(0, 5, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    return bytes(pdf.output())


def picture(
    lines: Sequence[str], *, kind: str = "JPEG", size: tuple[int, int] = CARD_SIZE
) -> bytes:
    """A picture of a card or sheet with some lines of text on it."""
    image = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, size[0], 96), fill=NAVY)
    draw.text((32, 26), _SAMPLE, fill="white", font_size=40)
    for number, line in enumerate(lines):
        draw.text((32, 130 + 58 * number), line, fill="black", font_size=38)
    draw.rectangle((size[0] - 240, 150, size[0] - 40, 420), outline=GREY, width=4)
    draw.text((size[0] - 200, 260), "FOTO", fill=GREY, font_size=44)
    target = io.BytesIO()
    image.save(target, kind, quality=85)
    return target.getvalue()


def card_archive(party: str, members: Sequence[Sequence[str]]) -> bytes:
    """A ZIP of a KTP and a KTA picture for each member, named by NIK and by KTA number."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as package:
        for row in members:
            ktp = ["KTP-EL CONTOH", row[NIK], row[NAME], row[SEX], row[BORN]]
            kta = ["KTA CONTOH", party.upper(), row[KTA], row[NAME]]
            for name, lines in ((f"KTP_{row[NIK]}.jpg", ktp), (f"KTA_{row[KTA]}.jpg", kta)):
                info = zipfile.ZipInfo(name, WRITTEN.timetuple()[:6])
                package.writestr(info, picture(lines))
    return target.getvalue()


def _documents(folder: Path, party: str) -> list[SampleFile]:
    wanted = [(code, title, "ID") for code, title in NATIONAL.items()]
    wanted += [(code, title, r) for r in (BANDUNG, AMBON) for code, title in REGIONAL.items()]
    written = []
    for code, title, region in wanted:
        # One requirement of each level as a photograph, because parties send those too.
        photographed = code.startswith("rekening")
        content = (
            picture([title, party, f"Wilayah {region}"], size=(1240, 900))
            if photographed
            else document(party, title, region)
        )
        name = f"{_prefix(region)}{code}.{'jpg' if photographed else 'pdf'}"
        written.append(_write(folder / name, content, code, region, "document"))
    return written


def _lists(folder: Path, number: int, party: str, rows: int, cards: int) -> list[SampleFile]:
    written = []
    for order, region in enumerate((BANDUNG, AMBON)):
        members = synthetic_list(
            rows,
            seed=100 * number + order,
            districts=districts_of(region),
            card=f"P{number:02d}",
            first=1 + order * rows,
        )
        name = f"{_prefix(region)}anggota"
        path = (
            write_csv(folder / f"{name}.csv", members)
            if order == 0
            else write_xlsx(folder / f"{name}.xlsx", members)
        )
        written.append(
            SampleFile(path=path, requirement="anggota", region=region, purpose="roster")
        )
        archive = card_archive(party, _sound(members)[:cards])
        name = f"{_prefix(region)}kartu.zip"
        written.append(_write(folder / name, archive, "kartu-anggota", region, "scans"))
    return written


def _sound(members: SyntheticList) -> list[list[str]]:
    """The rows without a planted mistake or oddity: one person each, with a NIK to name a file by."""
    return [row for line, row in enumerate(members.rows, start=2) if line not in members.planted]


def _prefix(region: str) -> str:
    return "" if region == "ID" else f"{region.replace('.', '')}_"


def _write(path: Path, content: bytes, requirement: str, region: str, purpose: str) -> SampleFile:
    path.write_bytes(content)
    return SampleFile(path=path, requirement=requirement, region=region, purpose=purpose)
