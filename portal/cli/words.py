"""The words of `sipol upload` and `sipol verify`: Indonesian first, English beside it.

States are the ones of every page (Tersimpan, Pemeriksaan sistem, Lolos pemeriksaan sistem, Ditolak
sistem) and no others. Next station: the screen of the command that asked.
"""

from collections.abc import Callable

__all__ = ["WORDS", "amount", "say", "translator"]

WORDS: dict[str, tuple[str, str]] = {
    "queue": ("{count} berkas, {size}", "{count} file(s), {size}"),
    "fingerprint": ("menghitung sidik berkas", "computing the fingerprint"),
    "uploading": ("Mengunggah {percent} %", "Uploading {percent} %"),
    "resumed": (
        "dilanjutkan; {safe} dari {size} sudah aman di server",
        "resumed; {safe} of {size} are safe on the server",
    ),
    "waiting": (
        "Terputus{why}; {safe} dari {size} sudah aman di server, mencoba lagi dalam {seconds} detik",
        "Interrupted{why}; {safe} of {size} are safe on the server, trying again in {seconds} s",
    ),
    "server_busy": ("server sedang sibuk", "the server is busy"),
    "anew": (
        "server tidak lagi mengenal unggahan ini; mulai lagi dari awal",
        "the server no longer knows this upload; starting again from the beginning",
    ),
    "stored": ("Tersimpan{at} · Pemeriksaan sistem", "Stored{at} · system check"),
    "stored_only": ("Tersimpan{at}", "Stored{at}"),
    "passed": ("Lolos pemeriksaan sistem", "Passed the system check"),
    "rejected": ("Ditolak sistem: {reason}", "Rejected by the system: {reason}"),
    "checking": (
        "Tersimpan; pemeriksaan sistem belum selesai",
        "Stored; the system check is not finished yet",
    ),
    "refused": ("Tidak diterima server: {reason}", "Refused by the server: {reason}"),
    "network": (
        "Belum selesai: sambungan tidak pulih{why}. {safe} dari {size} sudah aman di server; "
        "jalankan perintah yang sama untuk melanjutkan",
        "Not finished: the connection did not recover{why}. {safe} of {size} are safe on the "
        "server; run the same command to go on",
    ),
    "certificate": (
        "Sertifikat server tidak dipercaya komputer ini",
        "This computer does not trust the server's certificate",
    ),
    "auth": (
        "Token tidak dikenal atau sudah berakhir; minta token baru{why}",
        "The token is unknown or has ended; ask for a new one{why}",
    ),
    "busy": (
        "sedang diunggah oleh perintah sipol yang lain di komputer ini",
        "another sipol on this computer is uploading it",
    ),
    "same": (
        "isinya sama dengan berkas lain dalam perintah ini; tidak dikirim dua kali",
        "same content as another file of this command; not sent twice",
    ),
    "changed": (
        "berubah selagi diunggah; tutup program yang menulisnya, lalu ulangi",
        "was changed while it was uploaded; close the program writing it and try again",
    ),
    "unreadable": ("tidak dapat dibaca: {reason}", "cannot be read: {reason}"),
    "stopped": (
        "Dihentikan; {safe} dari {size} sudah aman di server",
        "Stopped; {safe} of {size} are safe on the server",
    ),
    "receipt": ("Tanda terima: {path}", "Receipt: {path}"),
    "receipt_wrong": (
        "PERINGATAN: tanda terima dari server tidak cocok dengan berkas ini; laporkan",
        "WARNING: the server's receipt does not fit this file; report it",
    ),
    "total": (
        "{stored} dari {count} berkas tersimpan · {passed} lolos pemeriksaan sistem · "
        "{rejected} ditolak · {safe} aman di server",
        "{stored} of {count} file(s) stored · {passed} passed the system check · "
        "{rejected} rejected · {safe} safe on the server",
    ),
    "all": ("Semua", "All"),
    "go_on": (
        "Dihentikan. Yang sudah diterima server aman. Untuk melanjutkan, jalankan perintah yang "
        "sama:\n  {command}",
        "Stopped. What the server has is safe. To go on, run the same command:\n  {command}",
    ),
    "clear_text": (
        "PERINGATAN: {server} tidak memakai https; token dapat disadap.",
        "WARNING: {server} does not use https; the token can be read on the way.",
    ),
    "no_token": (
        "Token belum ada. Isi SIPOL_TOKEN atau pakai --token-file.",
        "No token. Set SIPOL_TOKEN or use --token-file.",
    ),
    "no_file": ("{path} bukan berkas yang dapat dibaca", "{path} is not a readable file"),
    "genuine": ("ASLI. Tanda tangan cocok.", "GENUINE. The signature fits."),
    "genuine_file": (
        "ASLI. Tanda tangan cocok, dan berkas ini sama dengan yang diterima server.",
        "GENUINE. The signature fits, and this file is the one the server received.",
    ),
    "genuine_chain": (
        "ASLI. {count} catatan, nomor {first} sampai {last}, utuh dan berurutan.",
        "GENUINE. {count} entries, number {first} to {last}, unbroken and in order.",
    ),
    "genuine_qr": (
        "Kode QR ini ditandatangani dengan kunci yang Anda percayai.",
        "This QR code was signed with a key you trust.",
    ),
    "not_genuine": ("TIDAK ASLI, ATAU TIDAK COCOK.", "NOT GENUINE, OR NO MATCH."),
    "unknown": (
        "TIDAK DAPAT DIPASTIKAN. Tanpa kunci publik penerbit tidak ada yang dapat dikatakan.",
        "CANNOT BE SAID. Without the issuer's public key nothing can be said.",
    ),
    "where_keys": (
        "Kunci penanda tangan: {key_id}. Ambil receipt-keys.json dari penerbit lewat jalan yang "
        "Anda percayai, lalu pakai --keys.",
        "Signing key: {key_id}. Get receipt-keys.json from the issuer in a way you trust, then "
        "use --keys.",
    ),
    "row": ("catatan nomor {number} (baris {line})", "entry {number} (line {line})"),
    "line": ("baris {line}", "line {line}"),
    "bad_keys": ("Berkas kunci tidak dapat dipakai: {reason}", "Unusable key file: {reason}"),
}

Translator = Callable[..., str]


def say(lang: str, key: str, **values: object) -> str:
    """One sentence in `id` or `en`."""
    return WORDS[key][lang == "en"].format(**values)


def translator(lang: str) -> Translator:
    """`say` with its language chosen."""
    return lambda key, **values: say(lang, key, **values)


def amount(size: int, lang: str) -> str:
    """Bytes as people read them: `43 MB`, `1,2 GB`."""
    for scale, unit in ((10**9, "GB"), (10**6, "MB"), (10**3, "KB")):
        if size >= scale:
            value = f"{size / scale:.1f}" if size < 10 * scale else f"{size // scale}"
            return f"{value.replace('.', ',') if lang == 'id' else value} {unit}"
    return f"{size} byte"
