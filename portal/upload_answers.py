"""What the domain refuses, in the upload server's words: status, code, and a sentence in both languages.

The upload processes know no Flask and no catalogues. A final no is never 409, 408 or 429: clients try
again on the first and lose a resumable upload on the others (tus.md 5), so what a page answers 409 is
403 here.

Next station: `uploads/replies.py` tells the sender in the language asked for.
"""

from __future__ import annotations

from uploads.errors import CreationRefused
from verification.errors import (
    DomainError,
    DossierLocked,
    NotFound,
    OutOfScope,
    QuotaExceeded,
    UnknownRequirement,
    WindowClosed,
)

ANSWERS: dict[type[DomainError], tuple[int, str, str, str]] = {
    NotFound: (
        400,
        "unknown_target",
        "Pemilu, wilayah, atau daftar yang disebut pada keterangan berkas tidak dikenal.",
        "The election, region or list that the description of the file names is not known.",
    ),
    UnknownRequirement: (
        400,
        "unknown_requirement",
        "Syarat ini tidak dikenal, atau tidak menerima berkas untuk tujuan dan wilayah itu.",
        "This requirement is not known, or takes no files for that purpose and region.",
    ),
    OutOfScope: (
        403,
        "out_of_scope",
        "Wilayah ini di luar wilayah kerja akun Anda.",
        "This region is outside those your account works on.",
    ),
    WindowClosed: (
        403,
        "window_closed",
        "Tahapan ini belum dibuka atau sudah ditutup bagi partai Anda. Bila waktunya diperpanjang, "
        "halaman yang tetap terbuka mengirimnya sendiri; dari terminal, kirim lagi.",
        "This stage is not open yet, or is closed already, for your party. If its time is extended, "
        "a page that is still open sends the file by itself; from a terminal, send it again.",
    ),
    DossierLocked: (
        403,
        "dossier_locked",
        "Bagian dosir ini sudah dikirim dan terkunci; yang terbuka hanya butir yang perlu diperbaiki.",
        "This part of the dossier is submitted and locked; only what is to be repaired is open.",
    ),
    QuotaExceeded: (
        413,
        "quota_exceeded",
        "Ruang penyimpanan partai Anda tidak cukup untuk berkas ini.",
        "The storage of your party has no room for this file.",
    ),
}


def answer_of(error: DomainError) -> CreationRefused:
    """The domain's refusal in the upload server's words. Raises KeyError for one it cannot meet."""
    return CreationRefused(*ANSWERS[type(error)])
