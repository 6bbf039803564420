"""What a page that uploads tells its script: which claim its files get, and the words it prints.

Next station: `static/js/upload/page.js`, which makes the rows.
"""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.context import actor
from portal.page import in_language
from portal.party.reading import levels_of
from portal.words import STATES
from verification.models import Participation, Region, Requirement
from verification.models.process import Purpose
from verification.reference import requirements

# What a slot's accepted types are called in a file dialogue.
SUFFIXES = {
    "application/pdf": ".pdf",
    "image/jpeg": ".jpg,.jpeg",
    "image/png": ".png",
    "text/csv": ".csv",
    "application/zip": ".zip",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
}


def panel(
    session: Session,
    participation: Participation,
    *,
    requirement: Requirement | None = None,
    region: Region | None = None,
    corrects: str | None = None,
    replaces: str | None = None,
) -> dict[str, Any]:
    """The fixed part of the claim (None: asked for each file) and everything the script needs."""
    scans = requirement is None or requirement.purpose == Purpose.SCANS.value
    every = requirements(session, participation.election)
    levels = levels_of(session, participation.election, actor())
    return {
        "accept": _accept(requirement) if requirement else None,
        "scans": scans,
        "config": {
            "election": participation.election.code,
            "requirement": requirement.code if requirement else None,
            "region": region.code if region else None,
            "regionName": region.name if region else None,
            "corrects": corrects,
            "replaces": replaces,
            "scans": scans,
            "cards": url_for("party.card_scans"),
            # A list: JSON objects are sorted on their way, and the task list's order is wanted.
            "requirements": [
                {"code": row.code, "name": in_language(row, "name"), "level": row.level,
                 "purpose": row.purpose}
                for row in every if row.level in levels
            ],
            # Named when a file's name points to one, which would otherwise just be missing.
            "beyond": {
                row.code: in_language(row, "name") for row in every if row.level not in levels
            },
            "vendor": url_for("static", filename="vendor/tus.min.js"),
            "regions": url_for("party.find_regions"),
            "states": url_for("party.upload_states"),
            "account": actor().account,
            "tags": {
                code: [str(word.word), word.tone, word.shape] for code, word in STATES.items()
            },
            "words": _words(),
        },
    }  # fmt: skip


def _accept(requirement: Requirement) -> str:
    return ",".join(SUFFIXES[kind] for kind in requirement.accepts if kind in SUFFIXES)


def _words() -> dict[str, str]:
    """`{x}` is filled in by the script."""
    return {
        "total": _("Mengunggah {n} dari {files} berkas · {safe} dari {bytes} aman di server"),
        "left": _("sisa {time}"),
        "all": _("{files} berkas tersimpan · {bytes} aman di server"),
        "some": _("{done} dari {files} berkas tersimpan · {safe} aman di server"),
        "ask_some": _("{n} berkas menunggu keterangan Anda"),
        "refused_some": _("{n} berkas tidak diterima"),
        "turn": _("Menunggu giliran. Belum ada yang terkirim."),
        "preparing": _("Mengenali berkas…"),
        "sending": _("{safe} dari {bytes} aman"),
        "cut": _("Sambungan terputus pukul {at} WIB. {safe} dari {bytes} sudah aman di server. "
                 "Unggahan dilanjutkan otomatis; Anda boleh menutup halaman ini dan memilih berkas "
                 "yang sama nanti."),
        "busy": _("Server sedang ramai. {safe} dari {bytes} sudah aman. Unggahan dilanjutkan "
                  "otomatis."),
        "paused": _("Dijeda. {safe} dari {bytes} sudah aman di server."),
        "login": _("Sesi masuk berakhir. {safe} dari {bytes} sudah aman. Masuk lagi, lalu unggahan "
                   "dilanjutkan."),
        "elsewhere": _("Berkas ini sedang diunggah di tab atau baris lain. Tidak ada yang hilang; "
                       "teruskan di sana."),
        "unreadable": _("Berkas tidak dapat dibaca lagi dari perangkat ini: mungkin dipindah, "
                        "diubah, atau medianya dicabut. {safe} sudah aman. Salin berkas ke "
                        "perangkat, lalu pilih lagi."),
        "refused": _("{why} Tidak ada yang disimpan."),
        "refused_unknown": _("Server tidak menerima berkas ini."),
        "cancelled": _("Dibatalkan. Tidak ada yang disimpan."),
        "stored": _("Tersimpan {at} WIB"),
        "stored_at": _("Tersimpan {at}"),
        "replaced": _("Berkas lama sudah ditandai diganti."),
        "replace_reason": _("Diganti dengan berkas baru"),
        "resumed": _("dilanjutkan dari {safe}"),
        "early": _("Awal berkas sudah dilihat: {why} Anda boleh membatalkan dan memperbaikinya "
                   "sekarang."),
        "rate": _("{rate}/dtk"),
        "roster": _("{sent} baris terkirim = {stored} tersimpan + {rejected} ditolak"),
        "group": _("{done} dari {files} gambar tersimpan · {safe} dari {bytes} aman di server"),
        "group_passed": _("{n} lolos pemeriksaan sistem"),
        "group_wrong": _("{n} tidak diterima"),
        "group_twice": _("{n} sudah ada sebelumnya"),
        "group_skipped": _("{n} berkas lain di folder ini dilewati: bukan gambar JPEG atau PNG"),
        "cut_short": _("Sambungan terputus pukul {at} WIB; dilanjutkan otomatis"),
        "group_pairs": _("Lihat pasangannya"),
        "group_name": _("Gambar pindaian"),
        "group_empty": _("Tidak ada gambar JPEG atau PNG di folder ini."),
        "from_name": _("dari nama berkas"),
        "ask_region": _("Wilayah belum diketahui dari nama berkas. Tulis kode atau nama wilayah."),
        "ask_both": _("Syarat dan wilayah belum diketahui dari nama berkas."),
        "beyond": _("Nama berkas menyebut «{name}». Syarat itu di luar wilayah kerja akun Anda: "
                    "koordinator partai yang mengirimnya. Bila berkas ini untuk syarat lain, pilih "
                    "di bawah."),
        "no_region": _("Wilayah itu tidak dikenal untuk syarat ini, atau di luar wilayah Anda."),
        "no_requirement": _("Pilih syaratnya."),
        "drop_failed": _("Pembatalan belum sampai ke server. Unggahan ini berakhir sendiri bila "
                         "tidak dilanjutkan."),
        "insecure": _("Halaman ini dibuka tanpa https, sehingga peramban tidak mengizinkan "
                      "mengunggah. Buka lewat alamat https."),
        "stored_said": _("{name} tersimpan. {done} dari {files} selesai."),
        "cut_said": _("{name} terputus; dilanjutkan otomatis."),
        "refused_said": _("{name} tidak diterima."),
        "done_said": _("Semua berkas tersimpan."),
        "pause_all": _("Jeda semua"),
        "go_on_all": _("Lanjutkan semua"),
        "pause": _("Jeda"),
        "go_on": _("Lanjutkan"),
        "hours": _("{n} jam"),
        "minutes": _("{n} menit"),
        "moment": _("kurang dari satu menit"),
    }  # fmt: skip
