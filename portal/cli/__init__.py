"""The command line `sipol`: one lazy table of commands, so that a party laptop needs no server.

Name → (where it is, what it does). A module is imported when its command is called; the base
install knows `upload`, `verify` and `doctor`, the `server` extra brings the rest.
"""

from portal.cli.lazy import LazyGroup

__all__ = ["COMMANDS", "main"]

COMMANDS: dict[str, tuple[str, str]] = {
    "upload": ("portal.cli.upload:upload", "Unggah berkas; dilanjutkan bila terputus."),
    "verify": ("portal.cli.verify:verify", "Periksa tanda terima atau riwayat, tanpa jaringan."),
    "doctor": ("portal.cli.doctor:doctor", "Periksa apa yang menghalangi unggahan di jalur ini."),
    "up": ("portal.cli.up:up", "Jalankan semuanya: nginx, portal, unggahan, pekerja."),
    "init": ("portal.cli.init:init", "Siapkan folder, kunci, basis data, wilayah, syarat."),
    "demo": ("portal.cli.demo:demo", "Akun contoh dan berkas contoh."),
    "account": ("portal.cli.account:account", "Buat, daftar, dan nonaktifkan akun."),
    "token": ("portal.cli.token:token", "Buat token API untuk sebuah akun."),
    "worker": ("portal.cli.worker:worker", "Periksa berkas, impor daftar, terbitkan tanda terima."),
    "reconcile": ("portal.cli.reconcile:reconcile", "Catat unggahan selesai yang terlewat."),
    "backup": ("portal.cli.backup:backup", "Buat cadangan selagi portal berjalan; kunci terpisah."),
    "restore": ("portal.cli.restore:restore", "Pulihkan portal dari cadangan."),
    "nginx": ("portal.cli.nginx:nginx", "Cetak atau periksa konfigurasi nginx."),
    "bench": ("portal.cli.bench:bench", "Ukur kecepatan server unggahan di mesin ini."),
    "config": ("portal.cli.config:config", "Tampilkan pengaturan tanpa rahasia."),
}

main = LazyGroup(
    name="sipol",
    commands_table=COMMANDS,
    help="Pendaftaran partai politik: unggah, tanda terima, antrean verifikasi.",
)
