"""What a diagnosis can find, in plain words: one table for the page and for `sipol doctor`.

Every check ends in one outcome; the outcome says whether something is in the way, what it means for the
uploads, what the person in front of it does, and what to tell the administrator of the network. Texts
hold no personal data and `{value}` for the one number that belongs to an outcome.

Next station: `portal/diagnosis/views.py` and `portal/cli/doctor.py` show them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Weight(StrEnum):
    """`fine`; `note`: works, worth knowing; `blocked`: in the way; `unknown`: could not be tested."""

    FINE = "fine"
    NOTE = "note"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One outcome of one check. `own`: for whoever uploads; `network`: for the network's people."""

    weight: Weight
    what: str
    own: str = ""
    network: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One question about the line, with its outcomes by name."""

    title: str
    outcomes: dict[str, Finding]


def _l(text: str) -> str:
    """Marks a text for the catalogues; it is translated where it is shown."""
    return text


def fine(what: str) -> Finding:
    return Finding(weight=Weight.FINE, what=what)


def note(what: str, own: str = "", network: str = "") -> Finding:
    return Finding(weight=Weight.NOTE, what=what, own=own, network=network)


def blocked(what: str, own: str, network: str) -> Finding:
    return Finding(weight=Weight.BLOCKED, what=what, own=own, network=network)


def unknown(what: str, own: str = "") -> Finding:
    return Finding(weight=Weight.UNKNOWN, what=what, own=own)


CHECKS: dict[str, Check] = {
    "reach": Check(
        title=_l("Server unggahan terjangkau"),
        outcomes={
            "ok": fine(_l("Server menjawab dalam {value} milidetik.")),
            "stripped": blocked(
                _l("Yang menjawab bukan server unggahan, atau tanda pengenalnya dihapus di jalan."),
                _l("Coba jaringan lain, misalnya tethering telepon."),
                _l("Loloskan metode OPTIONS serta kepala Tus-Resumable dan Upload-* ke /files/."),
            ),
            "away": blocked(
                _l("Server unggahan tidak menjawab."),
                _l("Periksa sambungan internet, lalu ulangi. Yang sudah tersimpan tetap aman."),
                _l("Pastikan alamat portal ini tidak diblokir dan sambungan tidak diputus proksi."),
            ),
        },
    ),
    "clock": Check(
        title=_l("Jam perangkat"),
        outcomes={
            "ok": fine(_l("Jam perangkat dan jam server sama (selisih {value} detik).")),
            "off": note(
                _l("Jam perangkat berselisih {value} detik dari jam server."),
                _l("Setel jam otomatis. Batas waktu selalu dihitung menurut jam server."),
            ),
            "unknown": unknown(_l("Jam server tidak terbaca.")),
        },
    ),
    "http": Check(
        title=_l("Versi HTTP"),
        outcomes={
            "ok": fine(_l("Sambungan memakai {value}.")),
            "old": note(
                _l("Sambungan memakai {value}, padahal server menawarkan HTTP/2."),
                _l("Unggahan tetap berjalan, hanya lebih banyak sambungan yang dipakai."),
                _l("Proksi yang membuka TLS sebaiknya meneruskan HTTP/2 (ALPN h2)."),
            ),
            "unknown": unknown(_l("Versi HTTP tidak dapat dibaca.")),
        },
    ),
    "create": Check(
        title=_l("Memulai unggahan"),
        outcomes={
            "ok": fine(_l("Unggahan percobaan dapat dimulai.")),
            "login": unknown(
                _l("Tidak masuk, atau token tidak berlaku: bagian yang memerlukan unggahan dilewati."),
                _l("Masuk sebagai koordinator atau operator partai, atau sertakan --token."),
            ),
            "later": unknown(
                _l("Jalur ini baru saja diperiksa beberapa kali."),
                _l("Tunggu {value} detik, lalu ulangi."),
            ),
            "blocked": blocked(
                _l("Permintaan untuk memulai unggahan tidak sampai ke server (jawaban {value})."),
                _l("Coba jaringan lain, misalnya tethering telepon."),
                _l("Loloskan POST ke /files/ beserta kepala Upload-Length, Upload-Metadata, "
                   "dan Upload-Concat."),
            ),
        },
    ),
    "patch": Check(
        title=_l("Metode PATCH"),
        outcomes={
            "ok": fine(_l("PATCH sampai ke server. Kecepatan kirim {value}.")),
            "blocked": blocked(
                _l("PATCH ditolak di jalan (jawaban {value}). Tanpa PATCH tidak ada unggahan yang "
                   "sampai."),
                _l("Coba jaringan lain, misalnya tethering telepon, atau minta bantuan pengelola "
                   "jaringan."),
                _l("Izinkan metode PATCH ke /files/ pada proksi, firewall, atau WAF."),
            ),
        },
    ),
    "override": Check(
        title=_l("Pengganti PATCH"),
        outcomes={
            "ok": fine(_l("POST dengan X-HTTP-Method-Override sampai ke server.")),
            "blocked": note(
                _l("POST dengan X-HTTP-Method-Override tidak sampai ke server (jawaban {value})."),
                _l("Hanya penting bila PATCH ditolak."),
                _l("Loloskan kepala X-HTTP-Method-Override ke /files/."),
            ),
        },
    ),
    "kept": Check(
        title=_l("Sambungan putus di tengah"),
        outcomes={
            "ok": fine(_l("Dari permintaan yang diputus, {value} sudah tersimpan di server.")),
            "lost": blocked(
                _l("Dari permintaan yang diputus tidak ada yang tersimpan: sesuatu di jalan menahan "
                   "data sampai lengkap."),
                _l("Unggah dengan «sipol upload», yang mengirim bagian kecil, atau pakai jaringan "
                   "lain."),
                _l("Matikan penampungan isi permintaan untuk /files/ (pada nginx: "
                   "proxy_request_buffering off)."),
            ),
            "unknown": unknown(_l("Jalur ini terlalu cepat, atau terlalu tidak tetap, untuk diputus "
                                  "di tengah.")),
        },
    ),
    "stream": Check(
        title=_l("Data diteruskan seketika"),
        outcomes={
            "ok": fine(_l("Data tiba di server selagi dikirim.")),
            "held": blocked(
                _l("Data baru diteruskan setelah permintaan lengkap: proksi atau pemeriksa isi "
                   "membaca semuanya dahulu."),
                _l("Unggahan besar tampak diam lalu gagal. Pakai jaringan lain, atau «sipol upload»."),
                _l("Kecualikan /files/ dari pemeriksaan isi (antivirus, DLP, WAF) dan dari "
                   "penampungan permintaan."),
            ),
            "unknown": unknown(_l("Jalur ini terlalu cepat untuk diperiksa selagi dikirim.")),
        },
    ),
    "away": Check(
        title=_l("Saat server unggahan sedang tidak ada"),
        outcomes={
            "ok": fine(_l("Server pengganti menjawab 423: klien menunggu dan melanjutkan.")),
            "changed": blocked(
                _l("Jawaban 423 diganti di jalan menjadi {value}. Klien dapat mengulang dari awal."),
                _l("Jangan muat ulang halaman bila server terganggu; unggahan dicoba lagi sendiri."),
                _l("Jangan mengganti jawaban 4xx dan 5xx dari /files/ dengan halaman sendiri."),
            ),
            "unknown": unknown(_l("Tidak ada server pengganti di depan server unggahan ini.")),
        },
    ),
    "large": Check(
        title=_l("Batas ukuran permintaan"),
        outcomes={
            "ok": fine(_l("Permintaan sebesar {value} diteruskan.")),
            "limited": blocked(
                _l("Permintaan sebesar {value} ditolak di jalan (413)."),
                _l("Unggah dengan «sipol upload», yang mengirim bagian kecil, atau pakai jaringan "
                   "lain."),
                _l("Naikkan batas isi permintaan untuk /files/ (pada nginx: client_max_body_size 0)."),
            ),
            "quiet": fine(_l("Tidak ada yang menolak permintaan sebesar {value} dalam tiga detik.")),
            "unknown": unknown(_l("Penolakan tidak terlihat, tetapi juga tidak dapat dipastikan.")),
        },
    ),
}  # fmt: skip

SUMMARY = {
    "fine": _l("Tidak ada yang menghalangi unggahan di jalur ini."),
    "blocked": _l("{value} hal menghalangi unggahan di jalur ini."),
    "unknown": _l("Tidak ditemukan halangan, tetapi tidak semuanya dapat diperiksa."),
}
MARKS = {Weight.FINE: "✓", Weight.NOTE: "•", Weight.BLOCKED: "✗", Weight.UNKNOWN: "?"}
WORDS = {
    Weight.FINE: _l("baik"),
    Weight.NOTE: _l("catatan"),
    Weight.BLOCKED: _l("menghalangi"),
    Weight.UNKNOWN: _l("tidak teruji"),
}
