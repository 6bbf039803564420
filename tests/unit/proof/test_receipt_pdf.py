"""The printed receipt, read back by a PDF reader."""

from __future__ import annotations

import hashlib

import pypdfium2 as pdfium
import pytest

from tests.proof import KEY, NOW, arrival_receipt, digest, submission_receipt
from verification.receipt_page import latin
from verification.receipt_pdf import ManifestRow, Names, receipt_pdf
from verification.receipts import sign

NAMES = Names(
    party="Partai Contoh A",
    election="Pemilu 2029",
    requirement="SK kepengurusan kabupaten/kota",
    region="Kota Bandung",
    round="Verifikasi administrasi 1",
)


def text_of(pdf: bytes) -> tuple[int, str]:
    """Pages, and all text with single spaces."""
    document = pdfium.PdfDocument(pdf)
    try:
        parts = [page.get_textpage().get_text_range() for page in document]
        return len(document), " ".join(" ".join(parts).split())
    finally:
        document.close()


def test_a_receipt_says_everything_that_was_signed() -> None:
    pages, text = text_of(receipt_pdf(sign(arrival_receipt(), KEY), NAMES, zone="WIT"))
    assert pages == 1
    for part in (
        "Tanda terima berkas",
        "Partai Contoh A (partai-a)",
        "Kota Bandung (32.73)",
        "14 Agustus 2022 21.59.07 WIB",
        "14 Agustus 2022 23.59.07 WIB = 15 Agustus 2022 01.59.07 WIT",
        "21 byte",
        "bukan pernyataan bahwa berkas memenuhi syarat",
        "sipol verify",
        KEY.key_id,
    ):
        assert part in text
    assert arrival_receipt().sha256 in text.replace(" ", "")
    assert arrival_receipt().serial in text.replace(" ", "")


def test_a_submission_names_everything_that_was_in_it() -> None:
    manifest = [
        ManifestRow(
            requirement="SK kepengurusan",
            region=f"Kabupaten {number}",
            size=1000 + number,
            sha256=digest(str(number)),
            finished_at=NOW,
            note="Lolos pemeriksaan sistem",
        )
        for number in range(120)
    ]
    signed = sign(submission_receipt(files=120), KEY)
    pages, text = text_of(receipt_pdf(signed, NAMES, manifest=manifest))
    assert pages > 1
    solid = text.replace(" ", "")
    assert all(row.sha256 in solid for row in manifest)
    assert "Kabupaten 119" in text
    assert f"Halaman {pages} dari {pages}" in text


def test_the_same_receipt_gives_the_same_bytes() -> None:
    signed = sign(arrival_receipt(), KEY)
    first, second = (hashlib.sha256(receipt_pdf(signed, NAMES)).digest() for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Partai “A” – B", 'Partai "A" - B'),
        ("Ķēō", "Keo"),
        ("Владимир", "?" * 8),
        ("é±", "é±"),
        ("a\u0301", "á"),
        ("\u200b", "?"),
        ("ꦗ", "?"),
    ],
)
def test_letters_the_fonts_lack_never_break_a_page(text: str, shown: str) -> None:
    assert latin(text) == shown
    names = Names(party=text, election=text, requirement=text, region=text)
    assert receipt_pdf(sign(arrival_receipt(), KEY), names).startswith(b"%PDF")
