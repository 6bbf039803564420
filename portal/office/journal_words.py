"""The journal's events in words for those who oversee the work.

Next station: the timeline (`office/_journal.html`), which puts time, name and facts beside.
"""

from __future__ import annotations

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from verification.journal_kinds import Kind

WORDS: dict[Kind, LazyString] = {
    Kind.FILE_RECEIVED: _("Berkas tersimpan"),
    Kind.FILE_PASSED: _("Berkas lolos pemeriksaan sistem"),
    Kind.FILE_REJECTED: _("Berkas ditolak sistem"),
    Kind.FILE_WITHDRAWN: _("Berkas dikeluarkan dari dosir"),
    Kind.FILE_RESTORED: _("Berkas dipulihkan ke dosir"),
    Kind.FILE_ERASED: _("Berkas dihapus tetap"),
    Kind.HOLD_SET: _("Berkas ditahan untuk perkara"),
    Kind.HOLD_LIFTED: _("Penahanan berkas dicabut"),
    Kind.RECEIPT_ISSUED: _("Tanda terima terbit"),
    Kind.ROSTER_IMPORTED: _("Daftar anggota terbaca"),
    Kind.ROSTER_FAILED: _("Daftar anggota ditolak sistem"),
    Kind.ROSTER_WITHDRAWN: _("Daftar anggota dikeluarkan dari dosir"),
    Kind.ROSTER_RESTORED: _("Daftar anggota dipulihkan ke dosir"),
    Kind.ROSTER_WAITING: _("Daftar anggota menunggu kepastian partai"),
    Kind.ROSTER_REPLACED: _("Daftar anggota menggantikan yang sebelumnya"),
    Kind.ROSTER_DISCARDED: _("Daftar anggota tidak dipakai"),
    Kind.SCAN_PAIRED: _("Pasangan pindaian kartu dibetulkan"),
    Kind.SCAN_WITHDRAWN: _("Pindaian kartu ditarik"),
    Kind.SCAN_BY_NAME: _("Pindaian kartu dikembalikan menurut nama berkasnya"),
    Kind.SUBMITTED: _("Dosir dikirim dan dikunci"),
    Kind.QUEUED: _("Butir dosir masuk antrean"),
    Kind.ROUND_OPENED: _("Babak dibuka"),
    Kind.RESULTS_PUBLISHED: _("Hasil diumumkan kepada partai"),
    Kind.DUPLICATES_FOUND: _("Ganda dicari setelah dosir dikirim"),
    Kind.DUPLICATE_SETTLED: _("Keanggotaan ganda diselesaikan"),
    Kind.DUPLICATES_COMPARED: _("Dosir dibandingkan dengan semua partai"),
    Kind.DUPLICATES_PROVEN: _("Semua daftar dibandingkan ulang"),
    Kind.DUPLICATES_MISSED: _("PERINGATAN: ganda yang terlewat ditemukan"),
    Kind.DUPLICATE_STATEMENT: _("Surat pernyataan ganda dicatat"),
    Kind.DUPLICATE_SUMMONED: _("Anggota ganda dipanggil"),
    Kind.DUPLICATE_REOPENED: _("Ganda dibuka kembali"),
    Kind.DUPLICATE_CLEARED: _("Ganda diselesaikan"),
    Kind.CORRECTION_PROPOSED: _("Koreksi hasil yang sudah diumumkan diusulkan"),
    Kind.CORRECTION_DROPPED: _("Usul koreksi dibatalkan"),
    Kind.ITEM_CORRECTED: _("Koreksi disahkan; hasil yang sudah diumumkan berubah"),
    Kind.RESULT_CORRECTED: _("Hasil yang sudah diumumkan dikoreksi"),
    Kind.OBJECTION_FILED: _("Keberatan warga diajukan"),
    Kind.OBJECTION_MOVED: _("Keberatan warga ditindaklanjuti"),
    Kind.ITEM_RELEASED: _("Butir dilepas"),
    Kind.ITEM_SKIPPED: _("Butir dilewati"),
    Kind.ITEM_FLAGGED: _("Butir ditandai untuk pengawas"),
    Kind.ITEM_RETURNED: _("Butir dikembalikan ke antrean"),
    Kind.ITEM_REVOKED: _("Klaim butir dicabut"),
    Kind.ITEM_ASSIGNED: _("Butir diserahkan kepada verifikator"),
    Kind.ITEM_EXPIRED: _("Klaim butir berakhir sendiri"),
    Kind.ITEM_DECIDED: _("Butir diputuskan"),
    Kind.DECISION_UNDONE: _("Keputusan diurungkan"),
    Kind.ROUND_PUBLISHED: _("Babak diumumkan kantor"),
    Kind.RULES_CHANGED: _("Aturan daftar anggota diubah"),
    Kind.BACKUP_MADE: _("Cadangan dibuat"),
    Kind.RESTORED: _("Dipulihkan dari cadangan; kejadian sesudah cadangan hilang"),
    Kind.WINDOW_MOVED: _("Jadwal tahapan berubah bagi partai"),
    Kind.WINDOW_CHANGED: _("Jadwal tahapan diubah"),
    Kind.ACCESSES_SEALED: _("Catatan pembacaan disegel"),
    Kind.ACCOUNT_CREATED: _("Akun dibuat"),
    Kind.ACCOUNT_CHANGED: _("Akun diubah"),
    Kind.ACCOUNT_DISABLED: _("Akun dinonaktifkan"),
    Kind.ACCOUNT_ENABLED: _("Akun diaktifkan lagi"),
    Kind.SIGNED_IN: _("Masuk"),
    Kind.SIGNED_OUT: _("Keluar"),
    Kind.TOKEN_ISSUED: _("Token API dibuat"),
    Kind.TOKEN_REVOKED: _("Token API dicabut"),
    Kind.TICKET_ISSUED: _("Izin antrean unggah dibuat"),
    Kind.UPLOAD_GRANTED: _("Unggahan diizinkan"),
    Kind.UPLOAD_ENDED: _("Unggahan berakhir tanpa berkas"),
}

OFFICE_KINDS = tuple(
    kind for kind in WORDS
    if kind.value.startswith(("item.", "objection."))
    or kind in (Kind.DECISION_UNDONE, Kind.ROUND_PUBLISHED, Kind.RESTORED)
)  # fmt: skip
SYSTEM_KINDS = tuple(
    kind for kind in WORDS
    if kind.value.startswith(("account.", "token.", "ticket."))
    or kind in (
        Kind.ROUND_OPENED, Kind.RULES_CHANGED, Kind.WINDOW_CHANGED, Kind.ACCESSES_SEALED,
        Kind.BACKUP_MADE, Kind.RESTORED,
        Kind.DUPLICATES_COMPARED, Kind.DUPLICATES_PROVEN, Kind.DUPLICATES_MISSED)
)  # fmt: skip
