"""The receipt on paper: one A4 page in Indonesian with English beneath, a QR code, a manifest.

The signed JSON file is the receipt; this page is for people, filing cabinets and courts. Names of
party, region and requirement come from the caller and are not signed, the codes beside them are.

Next station: the receipt page of the portal and `GET /api/v1/receipts/{serial}`, which send it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from verification.receipt_page import ManifestRow, ReceiptPage, count
from verification.receipt_words import digits_in_groups, local_time, size_in_words
from verification.receipts import ArrivalFacts, ListFacts, Receipt, SubmissionFacts, read
from verification.signed import SignedText

__all__ = ["ManifestRow", "Names", "receipt_pdf"]

PURPOSES = {
    "document": ("dokumen", "document"),
    "roster": ("daftar anggota", "member list"),
    "scans": ("pindaian KTP-el dan KTA", "card scans"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """How people call what the receipt gives as codes."""

    party: str
    election: str
    requirement: str = ""
    region: str = ""
    round: str = ""


def receipt_pdf(
    document: SignedText,
    names: Names,
    *,
    manifest: Sequence[ManifestRow] = (),
    zone: str = "WIB",
) -> bytes:
    """The PDF of a receipt; the same input gives the same bytes.

    `zone` (WIB, WITA, WIT) puts the reader's time beside WIB. Raises NotAReceipt.
    """
    receipt = read(document)
    page = ReceiptPage(receipt.serial)
    page.set_creation_date(receipt.issued_at)
    page.add_page()
    page.title_block(receipt, document)
    for label, english, value in _lines(receipt, document, names, zone):
        page.fact(label, english, value)
    page.statement(receipt.kind)
    if manifest:
        page.manifest(manifest)
    return bytes(page.output())


def _lines(
    receipt: Receipt, document: SignedText, names: Names, zone: str
) -> list[tuple[str, str, str]]:
    facts, point = receipt.facts, receipt.journal
    if isinstance(facts, ArrivalFacts):
        middle = _arrival(facts, names, zone)
    elif isinstance(facts, ListFacts):
        middle = _list(facts, names, zone)
    else:
        middle = _submission(facts, names, zone)
    head = digits_in_groups(point.head[:32])
    return [
        ("Nomor seri", "Serial number", digits_in_groups(receipt.serial)),
        ("Partai", "Party", _named(names.party, facts.party)),
        ("Pemilu", "Election", _named(names.election, facts.election)),
        *middle,
        ("Riwayat", "Journal", f"{point.chain} no. {count(point.number)}\n{head} ..."),
        ("Dibuat", "Issued", _times(receipt.issued_at, zone)),
        ("Kunci penanda tangan", "Signing key", f"{document.key_id} (Ed25519)"),
    ]


def _arrival(facts: ArrivalFacts, names: Names, zone: str) -> list[tuple[str, str, str]]:
    return [
        ("Syarat", "Requirement", _named(names.requirement, facts.requirement)),
        ("Wilayah", "Region", _named(names.region, facts.region)),
        ("Jenis", "Kind", " / ".join(PURPOSES.get(facts.purpose, (facts.purpose,)))),
        ("Unggahan", "Upload", digits_in_groups(facts.upload)),
        ("Mulai diunggah", "Upload began", _times(facts.created_at, zone)),
        ("Lengkap di server", "Complete on server", _times(facts.finished_at, zone)),
        ("Ukuran", "Size", size_in_words(facts.size)),
        ("Sidik berkas", "SHA-256", digits_in_groups(facts.sha256)),
    ]


def _list(facts: ListFacts, names: Names, zone: str) -> list[tuple[str, str, str]]:
    return [
        ("Syarat", "Requirement", _named(names.requirement, facts.requirement)),
        ("Wilayah", "Region", _named(names.region, facts.region)),
        ("Daftar", "List", f"{digits_in_groups(facts.roster)}\nversi / version {facts.version}"),
        (
            "Baris terkirim",
            "Rows sent",
            f"{count(facts.sent)} = {count(facts.stored)} tersimpan / stored"
            f" + {count(facts.rejected)} ditolak / rejected",
        ),
        ("Dengan peringatan", "With a warning", count(facts.warned)),
        (
            "Dibanding sebelumnya",
            "Against the one before",
            f"{count(facts.added)} ditambah / added, {count(facts.removed)} dikeluarkan / removed,"
            f" {count(facts.changed)} berubah / changed",
        ),
        ("Selesai dibaca", "Reading done", _times(facts.finished_at, zone)),
        ("Sidik baris", "Digest of rows", digits_in_groups(facts.rows_digest)),
        ("Unggahan", "Upload", digits_in_groups(facts.file)),
        ("Ukuran berkas", "Size of file", size_in_words(facts.size)),
        ("Sidik berkas", "SHA-256", digits_in_groups(facts.sha256)),
    ]


def _submission(facts: SubmissionFacts, names: Names, zone: str) -> list[tuple[str, str, str]]:
    return [
        ("Babak", "Round", _named(names.round, facts.round)),
        ("Dikirim", "Submitted", _times(facts.submitted_at, zone)),
        ("Berkas di dalamnya", "Files in it", count(facts.files)),
        ("Ukuran manifes", "Size of manifest", size_in_words(facts.manifest_size)),
        ("Sidik manifes", "Manifest SHA-256", digits_in_groups(facts.manifest_sha256)),
    ]


def _times(at: datetime, zone: str) -> str:
    return local_time(at) if zone == "WIB" else f"{local_time(at)} = {local_time(at, zone=zone)}"


def _named(name: str, code: str) -> str:
    return f"{name} ({code})" if name and name != code else code
