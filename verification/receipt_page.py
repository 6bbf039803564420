"""How a receipt is drawn on A4: fpdf2's built-in fonts, a QR code, a table that stays fast.

The built-in fonts know Latin-1 only: other letters lose their accents, or show as "?".

Next station: `verification.receipt_pdf`, which says what stands on the page.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

import segno
from fpdf import FPDF
from fpdf.enums import XPos, YPos

from verification.receipt_qr import qr_text
from verification.receipt_words import (
    KINDS,
    RECEIVED_NOT_ACCEPTED,
    digits_in_groups,
    local_time,
)
from verification.receipts import Kind, Receipt
from verification.signed import SignedText

__all__ = ["ManifestRow", "ReceiptPage", "count", "latin"]

NAVY, RED, GREY, PALE = (0x1B, 0x3A, 0x6B), (0xC4, 0x20, 0x1F), 0x55, (0xF1, 0xF4, 0xF9)
MARGIN, WIDTH, LABEL, QR_SIZE = 18.0, 174.0, 46.0, 40.0
COLUMNS = (11.0, 44.0, 29.0, 39.0, 51.0)
FONTS = ("Helvetica", "Helvetica", "Helvetica", "Helvetica", "Courier")
FIXED_WIDTH = frozenset(
    {"Serial number", "SHA-256", "Manifest SHA-256", "Digest of rows", "Journal", "Upload", "List"}
)
HEADINGS = (
    ("No.",),
    ("Syarat", "requirement"),
    ("Wilayah", "region"),
    ("Ukuran, diterima", "size, received"),
    ("SHA-256",),
)
LATIN = str.maketrans({
    "–": "-", "—": "-", "−": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "…": "...",
    "•": "·", "\u00a0": " ", "ʼ": "'", "ʻ": "'", "ı": "i", "ł": "l", "đ": "d", "→": ">",
})  # fmt: skip

VERIFY = {
    "id": (
        "Cara memeriksa tanpa jaringan: simpan berkas JSON tanda terima ini, lalu jalankan "
        "«sipol verify tanda-terima.json berkas» dengan kunci publik penerbit "
        "(receipt-keys.json). Kode QR memuat sidik digital dan tanda tangan yang sama."
    ),
    "en": (
        "To check it offline, keep the receipt's JSON file and run «sipol verify receipt.json "
        "file» with the issuer's public keys. The QR code holds the same digest and signature."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestRow:
    """A file of a submission: names of requirement and region, bytes, SHA-256 (hex), time (UTC).

    `note` is one word for its state when it was locked, such as "Lolos pemeriksaan sistem".
    """

    requirement: str
    region: str
    size: int
    sha256: str
    finished_at: datetime
    note: str = ""


class ReceiptPage(FPDF):
    """An A4 page with its bits: title and QR code, facts, statement, manifest."""

    def __init__(self, serial: str) -> None:
        super().__init__(format="A4")
        self.serial = serial
        self._lines: dict[str, tuple[str, ...]] = {}
        self.set_margins(MARGIN, 16, MARGIN)
        self.set_auto_page_break(auto=True, margin=18)
        self.set_title(f"Tanda terima {serial}")
        self.set_lang("id")

    def header(self) -> None:
        self.set_fill_color(*RED)
        self.rect(0, 0, 210, 2.2, style="F")
        self.set_y(12)

    def footer(self) -> None:
        self.set_y(-13)
        self.set_font("Helvetica", size=7.5)
        self.set_text_color(GREY)
        self.cell(WIDTH / 2, 4, f"Nomor seri {digits_in_groups(self.serial)}")
        self.cell(WIDTH / 2, 4, f"Halaman {self.page_no()} dari {{nb}}", align="R")

    def title_block(self, receipt: Receipt, document: SignedText) -> None:
        """Issuer, kind and QR code."""
        code = BytesIO()
        segno.make(qr_text(document), error="m", micro=False).save(
            code, kind="png", scale=8, border=4
        )
        top = self.get_y()
        self.image(code, x=MARGIN + WIDTH - QR_SIZE, y=top - 4, w=QR_SIZE, h=QR_SIZE,
                   alt_text="Kode QR tanda terima")  # fmt: skip
        self.set_text_color(*NAVY)
        self.say(receipt.issuer, 10, style="B", width=WIDTH - QR_SIZE - 4)
        self.ln(2)
        self.say(KINDS[receipt.kind]["id"], 19, style="B", width=WIDTH - QR_SIZE - 4)
        self.set_text_color(GREY)
        self.say(KINDS[receipt.kind]["en"], 10, width=WIDTH - QR_SIZE - 4)
        self.ln(1)
        self.say("Diterima server, belum dinilai", 10, style="B", width=WIDTH - QR_SIZE - 4)
        self.set_y(max(self.get_y(), top + QR_SIZE - 2))

    def fact(self, label: str, english: str, value: str) -> None:
        """A label in two languages and its value; digests in a fixed-width font."""
        mono = english in FIXED_WIDTH
        if self.get_y() > 262:
            self.add_page()
        top = self.get_y() + 1.3
        self.set_draw_color(0xD0)
        self.line(MARGIN, top - 0.6, MARGIN + WIDTH, top - 0.6)
        self.set_xy(MARGIN, top)
        self.set_text_color(*NAVY)
        self.say(label, 9, style="B", width=LABEL)
        self.set_text_color(GREY)
        self.say(english, 7, width=LABEL)
        below = self.get_y()
        self.set_xy(MARGIN + LABEL, top)
        self.set_text_color(0)
        self.say(value, 9 if mono else 10, width=WIDTH - LABEL, font="Courier" if mono else "")
        self.set_y(max(below, self.get_y()))

    def statement(self, kind: Kind) -> None:
        """What the receipt says and does not say, and how to check it."""
        self.ln(4)
        self.set_fill_color(*PALE)
        self.set_text_color(0)
        self.say(RECEIVED_NOT_ACCEPTED[kind]["id"], 10, style="B", fill=True)
        self.say(RECEIVED_NOT_ACCEPTED[kind]["en"], 8, fill=True)
        self.ln(2)
        self.say(VERIFY["id"], 9)
        self.set_text_color(GREY)
        self.say(VERIFY["en"], 8)

    def manifest(self, rows: Sequence[ManifestRow]) -> None:
        """What the submission holds, file by file, without file names."""
        self.ln(4)
        self.set_text_color(*NAVY)
        self.say(f"Isi pengiriman: {count(len(rows))} berkas / files", 12, style="B")
        self.ln(1)
        self._row(HEADINGS, style="B")
        self.set_text_color(0)
        for number, row in enumerate(rows, start=1):
            # fpdf2's own table takes 4 ms a row; a dossier may hold thousands.
            self._row((
                (count(number),),
                (*self._wrapped(row.requirement, COLUMNS[1]), row.note),
                self._wrapped(row.region, COLUMNS[2]),
                (f"{count(row.size)} byte", local_time(row.finished_at)),
                (row.sha256[:32], row.sha256[32:]),
            ))  # fmt: skip

    def _row(self, cells: Sequence[Sequence[str]], style: str = "") -> None:
        height = 3.4 * max(len([line for line in cell if line]) for cell in cells) + 1.4
        if self.get_y() + height > self.h - 18:
            self.add_page()
            self.ln(3)
        top = self.get_y()
        self.set_draw_color(0xD0)
        self.line(MARGIN, top, MARGIN + WIDTH, top)
        left = MARGIN
        for width, font, cell in zip(COLUMNS, FONTS, cells, strict=True):
            self.set_font(font if not style else "Helvetica", style, 7)
            for number, line in enumerate(filter(None, cell)):
                self.set_xy(left, top + 0.7 + 3.4 * number)
                self.cell(width, 3.4, latin(line))
            left += width
        self.set_xy(MARGIN, top + height)

    def _wrapped(self, text: str, width: float) -> tuple[str, ...]:
        if text not in self._lines:
            self.set_font("Helvetica", size=7)
            lines = [""]
            for word in latin(text).split():
                longer = f"{lines[-1]} {word}".strip()
                if self.get_string_width(longer) <= width - 2 or not lines[-1]:
                    lines[-1] = longer
                else:
                    lines.append(word)
            self._lines[text] = tuple(lines)
        return self._lines[text]

    def say(
        self,
        text: str,
        size: float,
        *,
        style: str = "",
        width: float = WIDTH,
        font: str = "",
        fill: bool = False,
    ) -> None:
        """A paragraph from where the pen stands; the pen goes to the line below, same column."""
        self.set_font(font or "Helvetica", style=style, size=size)
        self.multi_cell(width, size * 0.47, latin(text), align="L", fill=fill,
                        padding=2 if fill else 0, new_x=XPos.LEFT, new_y=YPos.NEXT)  # fmt: skip


def count(number: int) -> str:
    """`1.248`, as Indonesian writes it."""
    return f"{number:,}".replace(",", ".")


def latin(text: str) -> str:
    """`text` in the letters the fonts have: accents dropped, foreign letters shown as "?"."""
    shown = []
    for letter in unicodedata.normalize("NFC", text.translate(LATIN)):
        try:
            letter.encode("latin-1")
        except UnicodeEncodeError:
            plain = (
                unicodedata.normalize("NFKD", letter).encode("latin-1", "ignore").decode("latin-1")
            )
            letter = plain or ("" if unicodedata.combining(letter) else "?")
        shown.append(letter)
    return "".join(shown)
