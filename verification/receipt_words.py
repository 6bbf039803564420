"""What a receipt and its check say to people, in Indonesian and English.

"Diterima" alone could be read as a legal acceptance, so every wording here speaks of bytes that
have reached the server, and says who decides.

Next station: `verification.receipt_pdf` and `sipol verify`.
"""

from datetime import datetime, timedelta, timezone

from verification.canonical import NotCanonical
from verification.chain_check import ChainProblem
from verification.receipts import Kind, ListFacts, Problem

__all__ = [
    "CHAIN_PROBLEMS",
    "KINDS",
    "PROBLEMS",
    "RECEIVED_NOT_ACCEPTED",
    "digits_in_groups",
    "list_counts",
    "local_time",
    "number_in_words",
    "parse_time",
    "size_in_words",
]

RECEIVED_NOT_ACCEPTED = {
    Kind.ARRIVAL: {
        "id": (
            "Tanda terima ini menyatakan bahwa berkas telah sampai dan tersimpan di server pada "
            "waktu di atas. Ini bukan pernyataan bahwa berkas memenuhi syarat; MS, BMS, atau TMS "
            "hanya ditetapkan oleh KPU."
        ),
        "en": (
            "This receipt states that the file reached the server and was stored there at the "
            "time above. It does not state that the file qualifies; only KPU decides that."
        ),
    },
    Kind.SUBMISSION: {
        "id": (
            "Tanda terima ini menyatakan bahwa dosir telah dikirim dan terkunci pada waktu di "
            "atas, dengan isi menurut manifesnya. Ini bukan pernyataan bahwa isinya memenuhi "
            "syarat; MS, BMS, atau TMS hanya ditetapkan oleh KPU."
        ),
        "en": (
            "This receipt states that the dossier was submitted and locked at the time above, "
            "holding what its manifest names. It does not state that anything in it qualifies; "
            "only KPU decides that."
        ),
    },
    Kind.LIST: {
        "id": (
            "Tanda terima ini menyatakan bahwa daftar telah dibaca pada waktu di atas dan bahwa "
            "setiap baris yang terkirim tersimpan atau ditolak. Jumlahnya adalah jumlah seluruh "
            "daftar; pada perbaikan termasuk baris yang tidak disentuhnya. Ini bukan pernyataan "
            "bahwa anggotanya memenuhi syarat; MS, BMS, atau TMS hanya ditetapkan oleh KPU."
        ),
        "en": (
            "This receipt states that the list was read at the time above and that every row sent "
            "was stored or rejected. The counts are of the whole list; a correction's include the "
            "rows it left alone. It does not state that any member qualifies; only KPU decides "
            "that."
        ),
    },
}

KINDS = {
    Kind.ARRIVAL: {"id": "Tanda terima berkas", "en": "Receipt of a file"},
    Kind.SUBMISSION: {"id": "Tanda terima pengiriman dosir", "en": "Receipt of a submission"},
    Kind.LIST: {"id": "Tanda terima daftar anggota", "en": "Receipt of a member list"},
}

PROBLEMS = {
    Problem.NOT_A_RECEIPT: {
        "id": "Berkas ini bukan tanda terima Sipol, atau isinya sudah rusak.",
        "en": "This is not a Sipol receipt, or it is damaged.",
    },
    Problem.KEY_NOT_TRUSTED: {
        "id": "Kunci penanda tangannya tidak ada di daftar kunci yang Anda percayai.",
        "en": "The key that signed it is not among the keys you trust.",
    },
    Problem.WRONG_SIGNATURE: {
        "id": "Tanda tangannya tidak cocok: isinya diubah setelah ditandatangani.",
        "en": "The signature does not fit: the content was changed after signing.",
    },
    Problem.KEY_NOT_VALID_THEN: {
        "id": "Kunci penanda tangannya tidak berlaku pada waktu tanda terima dibuat.",
        "en": "The signing key was not valid when the receipt was made.",
    },
    Problem.WRONG_SIZE: {
        "id": "Ukuran berkas berbeda dari yang tertulis di tanda terima.",
        "en": "The file's size differs from the one in the receipt.",
    },
    Problem.WRONG_DIGEST: {
        "id": "Isi berkas berbeda dari yang diterima server (SHA-256 tidak sama).",
        "en": "The file's content differs from what the server received (other SHA-256).",
    },
    Problem.OTHER_RECEIPT: {
        "id": "Kode QR ini milik tanda terima lain.",
        "en": "This QR code belongs to another receipt.",
    },
}

CHAIN_PROBLEMS = {
    ChainProblem.NOT_AN_EXPORT: {
        "id": "Berkas ini bukan riwayat yang diekspor dari Sipol, atau awalnya rusak.",
        "en": "This is not a journal exported from Sipol, or its beginning is damaged.",
    },
    ChainProblem.UNREADABLE: {
        "id": "Baris ini tidak dapat dibaca.",
        "en": "This row cannot be read.",
    },
    ChainProblem.TAMPERED: {
        "id": (
            "Baris ini tidak cocok dengan rantainya: baris ini diubah, atau baris tepat sebelumnya "
            "beserta hash-nya."
        ),
        "en": (
            "This row does not fit the chain: it was changed, or the row just before it together "
            "with its hash."
        ),
    },
    ChainProblem.TEXT_CHANGED: {
        "id": "Keterangan bebas pada baris ini bukan yang dicatat semula.",
        "en": "The free text of this row is not the one recorded.",
    },
    ChainProblem.MISSING: {
        "id": "Baris dengan nomor ini hilang.",
        "en": "The row with this number is missing.",
    },
    ChainProblem.OUT_OF_ORDER: {
        "id": "Nomor baris ini tidak pada tempatnya.",
        "en": "This row stands in the wrong place.",
    },
    ChainProblem.NO_HEAD: {
        "id": "Bagian penutup yang ditandatangani tidak ada; akhir riwayat mungkin dipotong.",
        "en": "The signed end is missing; the journal may have been cut.",
    },
    ChainProblem.WRONG_HEAD: {
        "id": "Akhir riwayat tidak cocok dengan penutup yang ditandatangani.",
        "en": "The end of the journal does not fit the signed head.",
    },
    ChainProblem.WRONG_SIGNATURE: {
        "id": "Tanda tangan penutup riwayat tidak cocok.",
        "en": "The signature of the journal's head does not fit.",
    },
    ChainProblem.KEY_NOT_VALID_THEN: {
        "id": "Kunci penanda tangannya tidak berlaku pada waktu riwayat diekspor.",
        "en": "The signing key was not valid when the journal was exported.",
    },
    ChainProblem.KEY_NOT_TRUSTED: {
        "id": "Kunci penanda tangannya tidak ada di daftar kunci yang Anda percayai.",
        "en": "The key that signed it is not among the keys you trust.",
    },
    ChainProblem.RECEIPT_NOT_IN_CHAIN: {
        "id": "Riwayat ini bukan riwayat yang tercatat di tanda terima pada nomor ini.",
        "en": "This is not the journal the receipt recorded at this number.",
    },
}

LIST_COUNTS = {
    "id": (
        "terkirim {sent} = tersimpan {stored} + ditolak {rejected} · dengan peringatan {warned}",
        "ditambah {added} · dikeluarkan {removed} · berubah {changed}",
    ),
    "en": (
        "sent {sent} = stored {stored} + rejected {rejected} · with a warning {warned}",
        "added {added} · removed {removed} · changed {changed}",
    ),
}

MONTHS = {
    "id": (
        *("Januari", "Februari", "Maret", "April", "Mei", "Juni"),
        *("Juli", "Agustus", "September", "Oktober", "November", "Desember"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}

# Indonesia keeps no summer time, so three fixed offsets serve where no zone data is installed.
ZONES = {"WIB": 7, "WITA": 8, "WIT": 9}


def local_time(at: datetime, lang: str = "id", zone: str = "WIB") -> str:
    """`14 Agustus 2022 23.59.07 WIB`; English writes the time with colons."""
    local = at.astimezone(timezone(timedelta(hours=ZONES[zone])))
    mark = "." if lang == "id" else ":"
    clock = local.strftime(f"%H{mark}%M{mark}%S")
    return f"{local.day} {MONTHS[lang][local.month - 1]} {local.year} {clock} {zone}"


def number_in_words(number: int, lang: str = "id") -> str:
    """`1.248`; English writes it with a comma."""
    return f"{number:,}".replace(",", "." if lang == "id" else ",")


def list_counts(facts: ListFacts, lang: str = "id") -> tuple[str, str]:
    """What became of a list's rows, and what that changed, a line each."""
    counts = {
        name: number_in_words(getattr(facts, name), lang)
        for name in ("sent", "stored", "rejected", "warned", "added", "removed", "changed")
    }
    first, second = LIST_COUNTS[lang]
    return first.format(**counts), second.format(**counts)


def parse_time(text: str) -> datetime:
    """A time as the API writes it (ISO 8601 with its zone). Raises NotCanonical."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise NotCanonical("not a time") from None
    if at.tzinfo is None:
        raise NotCanonical("a time without its zone")
    return at


def size_in_words(size: int, lang: str = "id") -> str:
    """`8.388.608 byte (8,4 MB)`: the exact number first, because it is compared."""
    exact = f"{size:,} byte" + ("s" if lang == "en" and size != 1 else "")
    if size >= 1000:
        scale, unit = next((s, u) for s, u in ((1e9, "GB"), (1e6, "MB"), (1e3, "KB")) if size >= s)
        exact += f" ({size / scale:.1f} {unit})"
    return exact.translate(str.maketrans(",.", ".,")) if lang == "id" else exact


def digits_in_groups(digits: str, size: int = 4) -> str:
    """Hex digits in groups, for eyes that compare."""
    return " ".join(digits[start : start + size] for start in range(0, len(digits), size))
