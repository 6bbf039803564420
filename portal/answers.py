"""One table from refusals to HTTP: status, code, and the words people read.

A sentence says what happened, what is safe, and what to do. Indonesian is the source language.

Next station: `portal.errors` renders them as a page or as RFC 9457 problem JSON.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from portal import refusals
from verification import errors
from verification.errors import DomainError
from verification.rosters.finishing import RowsLost


@dataclass(frozen=True, slots=True)
class Answer:
    """How HTTP says one refusal. `code` is for programs and never changes."""

    status: int
    code: str
    title: LazyString
    sentence: LazyString


ANSWERS: dict[type[DomainError], Answer] = {
    errors.NotFound: Answer(
        404, "not_found", _("Tidak ditemukan"),
        _("Halaman atau data ini tidak ada, atau tidak terbuka untuk akun Anda. "
          "Periksa alamatnya, atau kembali ke halaman utama."),
    ),
    errors.NotAllowed: Answer(
        409, "not_allowed_now", _("Tidak dapat dilakukan saat ini"),
        _("Keadaan data ini tidak mengizinkan tindakan tersebut. Tidak ada yang berubah. "
          "Muat ulang halaman untuk melihat keadaan terakhir."),
    ),
    errors.Stale: Answer(
        412, "stale", _("Data sudah berubah"),
        _("Data ini diubah orang lain sejak Anda membukanya. Isian Anda belum disimpan dan "
          "tidak menimpa apa pun. Muat ulang halaman, lalu ulangi bila masih perlu."),
    ),
    errors.NothingToClaim: Answer(
        404, "nothing_to_claim", _("Antrean kosong"),
        _("Tidak ada butir yang dapat Anda ambil sekarang. Semua keputusan Anda tersimpan. "
          "Buka antrean lagi beberapa saat kemudian."),
    ),
    errors.LeaseLost: Answer(
        409, "lease_lost", _("Klaim sudah berakhir"),
        _("Butir ini tidak lagi Anda pegang, sehingga keputusan belum disimpan. "
          "Keputusan Anda sebelumnya aman. Ambil butir berikutnya dari antrean."),
    ),
    errors.OutcomeNotAllowed: Answer(
        422, "outcome_not_allowed", _("Hasil tidak berlaku pada babak ini"),
        _("Babak ini tidak mengenal hasil tersebut. Keputusan belum disimpan. "
          "Pilih hasil yang ditawarkan di halaman."),
    ),
    errors.ReasonRequired: Answer(
        422, "reason_required", _("Alasan belum dipilih"),
        _("Tindakan ini memerlukan alasan yang sesuai. Tidak ada yang berubah. "
          "Pilih atau tulis alasannya, lalu kirim lagi."),
    ),
    errors.DuplicateOpen: Answer(
        409, "duplicate_open", _("Ganda belum selesai"),
        _("Anggota ini juga ada di daftar lain, dan itu belum diselesaikan atau diputuskan untuk "
          "partai lain. Keputusan belum disimpan. Selesaikan gandanya di bagian Ganda, atau pilih "
          "BMS atau TMS."),
    ),
    errors.RulesNotSound: Answer(
        422, "rules_not_sound", _("Aturan belum lengkap"),
        _("Isian kecocokan, tanggal batas umur, umur, dan dasar hukum harus ada dan masuk akal. "
          "Aturan yang berlaku tidak berubah. Lengkapi, lalu simpan lagi."),
    ),
    errors.LegalBasisMissing: Answer(
        422, "legal_basis_missing", _("Dasar hukum belum disebut"),
        _("Perubahan ini memerlukan dasar hukum, paling panjang 200 huruf, misalnya nomor keputusan "
          "KPU atau putusan. Jadwal yang berlaku tidak berubah. Tulis dasarnya, lalu lanjutkan."),
    ),
    errors.WindowNotSound: Answer(
        422, "window_not_sound", _("Waktu belum sesuai"),
        _("Waktu tutup harus sesudah waktu buka dan paling lama setahun lagi, tenggang 0 sampai 1.440 "
          "menit. Jadwal yang berlaku tidak berubah. Perbaiki waktunya, lalu lanjutkan."),
    ),
    errors.WindowPast: Answer(
        422, "window_past", _("Waktu tutup sudah lewat"),
        _("Waktu tutup yang baru sudah lewat. Jadwal yang berlaku tidak berubah. "
          "Pilih waktu yang masih akan datang."),
    ),
    errors.WindowShortened: Answer(
        409, "window_shortened", _("Waktu yang sudah diberikan tidak dikurangi"),
        _("Tahapan yang sudah dibuka hanya dapat diperpanjang: partai mengandalkan waktu yang sudah "
          "diumumkan, termasuk tenggangnya. Jadwal yang berlaku tidak berubah. Pilih waktu tutup yang "
          "lebih lambat, tanpa mengurangi tenggang atau mengubah waktu buka."),
    ),
    errors.WindowUnchanged: Answer(
        409, "window_unchanged", _("Jadwal sudah demikian"),
        _("Waktu dan dasar hukum itu sudah berlaku. Tidak ada yang berubah. "
          "Pilih waktu lain bila memang hendak mengubahnya."),
    ),
    errors.CorrectionRefused: Answer(
        409, "correction_refused", _("Tidak dapat dikoreksi"),
        _("Hasil yang sudah diumumkan hanya dikoreksi bila gandanya selesai untuk partai lain, sekali "
          "usul, dan disahkan orang kedua. Tidak ada yang berubah. Muat ulang halaman untuk melihat "
          "keadaan terakhir."),
    ),
    errors.ClearingRefused: Answer(
        409, "clearing_refused", _("Ganda tidak dapat diselesaikan dengan cara ini"),
        _("Urutannya: surat pernyataan; bila kedua partai menyerahkannya, panggilan; lalu pilihan "
          "orangnya yang menentukan. Tidak ada yang berubah. Muat ulang halaman untuk melihat "
          "keadaan terakhir."),
    ),
    errors.StillListed: Answer(
        409, "still_listed", _("Masih ada di daftar partai"),
        _("Daftar partai yang berlaku masih memuat orang ini, maka belum dapat dicatat sebagai "
          "dikeluarkan. Tidak ada yang berubah. Catat setelah partai memperbaiki daftarnya."),
    ),
    errors.DossierLocked: Answer(
        409, "dossier_locked", _("Dosir terkunci"),
        _("Dosir atau bagian ini sudah dikirim dan tidak terbuka untuk perbaikan. "
          "Yang sudah dikirim aman. Bagian yang BMS terbuka pada babak perbaikan."),
    ),
    errors.WindowClosed: Answer(
        409, "window_closed", _("Tahapan tidak terbuka"),
        _("Waktu tahapan ini belum mulai atau sudah berakhir bagi partai Anda. "
          "Yang tersimpan tetap aman. Lihat jadwal di bagian atas halaman."),
    ),
    errors.UnknownRequirement: Answer(
        422, "unknown_requirement", _("Syarat tidak dikenal"),
        _("Tidak ada syarat dengan kode dan tujuan itu. Tidak ada yang disimpan. "
          "Pilih syarat dari daftar dosir."),
    ),
    errors.OutOfScope: Answer(
        403, "out_of_scope", _("Di luar wilayah Anda"),
        _("Wilayah ini tidak termasuk wilayah kerja akun Anda. Tidak ada yang disimpan. "
          "Minta koordinator partai menambahkan wilayahnya."),
    ),
    errors.QuotaExceeded: Answer(
        409, "quota_exceeded", _("Kuota penyimpanan penuh"),
        _("Berkas ini melampaui kuota partai. Berkas yang sudah diterima aman. "
          "Selesaikan atau batalkan unggahan yang masih terbuka, lalu coba lagi."),
    ),
    errors.DossierChanged: Answer(
        409, "dossier_changed", _("Dosir berubah sejak diperiksa"),
        _("Isi dosir tidak sama lagi dengan yang Anda periksa, maka belum dikirim. "
          "Semua berkas aman. Buka halaman kirim dan periksa sekali lagi."),
    ),
    errors.NothingToSubmit: Answer(
        409, "nothing_to_submit", _("Belum ada yang dapat dikirim"),
        _("Dosir masih kosong. Unggah dokumen atau daftar anggota lebih dahulu."),
    ),
    errors.RoundNotReady: Answer(
        409, "round_not_ready", _("Babak belum selesai"),
        _("Masih ada butir yang belum diputuskan, yang diputuskan MS padahal gandanya belum "
          "diselesaikan, dosir yang gandanya masih dicari, atau koreksi yang belum disahkan. Tidak ada "
          "yang berubah. Selesaikan itu, lalu coba lagi."),
    ),
    errors.AlreadyPublished: Answer(
        409, "already_published", _("Sudah diumumkan"),
        _("Babak ini sudah diumumkan kantor tersebut. Hasilnya tidak berubah."),
    ),
    errors.NoSuchMember: Answer(
        422, "no_such_member", _("Anggota tidak ditemukan"),
        _("Tidak ada anggota dengan nomor KTA atau NIK itu di daftar yang berlaku. Pasangan belum "
          "diubah. Periksa nomornya, atau unggah dahulu daftarnya."),
    ),
    errors.OnHold: Answer(
        409, "on_hold", _("Ditahan untuk perkara"),
        _("Data ini tidak boleh dihapus selama penahanan hukum berlaku. Data tetap tersimpan."),
    ),
    RowsLost: Answer(
        500, "rows_lost", _("Impor daftar dihentikan"),
        _("Jumlah baris terkirim tidak sama dengan tersimpan ditambah ditolak, maka versi ini "
          "tidak dipakai. Daftar sebelumnya tetap berlaku; gangguan sudah tercatat."),
    ),
    refusals.LoginRequired: Answer(
        401, "login_required", _("Silakan masuk"),
        _("Sesi masuk Anda berakhir atau belum dimulai. Yang sudah tersimpan aman dan unggahan "
          "tetap berjalan. Masuk untuk melanjutkan."),
    ),
    refusals.WrongRole: Answer(
        403, "wrong_role", _("Bukan untuk peran Anda"),
        _("Halaman atau tindakan ini bukan bagian dari peran akun Anda. Tidak ada yang berubah. "
          "Kembali ke halaman utama Anda."),
    ),
    refusals.ScopeMissing: Answer(
        403, "scope_missing", _("Token tidak mencakup tindakan ini"),
        _("Token API yang dipakai tidak diberi izin untuk tindakan ini. Tidak ada yang berubah. "
          "Buat token dengan cakupan yang sesuai."),
    ),
    refusals.WrongPassword: Answer(
        403, "wrong_password", _("Nama masuk atau kata sandi tidak cocok"),
        _("Periksa huruf besar dan kecil, lalu coba lagi. Bila lupa, minta koordinator partai "
          "atau administrator mengatur ulang kata sandi Anda."),
    ),
    refusals.WeakPassword: Answer(
        422, "weak_password", _("Kata sandi terlalu lemah"),
        _("Kata sandi memerlukan sedikitnya 12 karakter, bukan kata umum dengan angka, dan tidak "
          "memuat nama masuk. Belum ada yang diubah. Pilih kata sandi lain."),
    ),
    refusals.LoginTaken: Answer(
        409, "login_taken", _("Nama masuk sudah dipakai"),
        _("Sudah ada akun dengan nama masuk itu. Akun belum dibuat. Pilih nama lain."),
    ),
    refusals.TooManyAttempts: Answer(
        429, "too_many_attempts", _("Terlalu banyak percobaan"),
        _("Percobaan terlalu sering dalam waktu singkat. Akun Anda tidak dikunci. "
          "Tunggu sebentar, lalu coba lagi."),
    ),
    refusals.TooManyChecks: Answer(
        429, "too_many_checks", _("Pemeriksaan NIK sedang dibatasi"),
        _("NIK ini belum diperiksa dan tidak disimpan. Jumlah pemeriksaan dibatasi agar NIK orang banyak "
          "tidak dapat dicoba satu per satu. Tunggu beberapa menit, lalu coba lagi, atau tanyakan di "
          "kantor KPU kabupaten/kota Anda dengan membawa KTP-el."),
    ),
    refusals.Busy: Answer(
        503, "busy", _("Sedang ramai"),
        _("Terlalu banyak orang masuk pada saat yang sama. Yang sudah tersimpan aman. "
          "Coba lagi beberapa detik lagi."),
    ),
    refusals.CsrfFailed: Answer(
        403, "csrf_failed", _("Formulir tidak dikenali"),
        _("Formulir ini tidak berasal dari sesi Anda yang sekarang, maka belum diproses. "
          "Muat ulang halaman, lalu kirim lagi."),
    ),
    refusals.BadInput: Answer(
        422, "bad_input", _("Isian belum sesuai"),
        _("Ada isian yang kurang atau tidak sesuai. Belum ada yang disimpan. "
          "Perbaiki isian yang disebut, lalu kirim lagi."),
    ),
    refusals.ImageNotDrawn: Answer(
        404, "image_not_drawn", _("Gambar sedang disiapkan"),
        _("Gambar ini sedang dibuat dari berkasnya, yang tetap aman. Muat lagi beberapa detik lagi."),
    ),
    refusals.KeyReused: Answer(
        409, "idempotency_key_reused", _("Kunci permintaan sudah dipakai"),
        _("Idempotency-Key ini sudah dipakai untuk permintaan lain. Tidak ada yang berubah. "
          "Pakai kunci baru."),
    ),
    refusals.NotYours: Answer(
        409, "not_on_yourself", _("Tidak dapat dilakukan pada akun sendiri"),
        _("Menonaktifkan atau mengubah peran akun sendiri tidak diizinkan. Tidak ada yang berubah. "
          "Minta administrator lain melakukannya."),
    ),
}  # fmt: skip

HTTP_ANSWERS: dict[int, Answer] = {
    400: Answer(
        400, "bad_request", _("Permintaan tidak dapat dibaca"),
        _("Permintaan ini tidak lengkap atau rusak. Tidak ada yang berubah. "
          "Kembali ke halaman sebelumnya dan coba lagi."),
    ),
    405: Answer(
        405, "method_not_allowed", _("Cara ini tidak tersedia"),
        _("Alamat ini tidak mengenal tindakan tersebut. Tidak ada yang berubah."),
    ),
    413: Answer(
        413, "too_large", _("Isian terlalu besar"),
        _("Formulir ini lebih besar daripada yang diterima. Belum ada yang disimpan. "
          "Berkas diunggah melalui halaman Unggah."),
    ),
    415: Answer(
        415, "unsupported_media_type", _("Jenis isi tidak didukung"),
        _("Kirim isi permintaan sebagai JSON. Tidak ada yang berubah."),
    ),
    500: Answer(
        500, "unexpected", _("Terjadi gangguan pada portal"),
        _("Portal gagal memproses permintaan ini; gangguan sudah tercatat. Berkas dan keputusan "
          "yang sudah diterima aman. Coba lagi beberapa menit lagi."),
    ),
    503: Answer(
        503, "unavailable", _("Portal sedang sibuk"),
        _("Permintaan ini belum dapat diproses. Yang sudah diterima aman. "
          "Coba lagi beberapa detik lagi."),
    ),
}  # fmt: skip


def answer_for(error: DomainError) -> Answer:
    """The answer of a refusal: its own class's entry, and there is one for each."""
    return ANSWERS[type(error)]
