"""The journal's events in words for the party: what happened, to what, how much.

Next station: the timeline, which puts time and name beside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _

from portal.babel import locale
from portal.formatting import moment, number, size
from verification.checks.reasons import describe
from verification.journal_kinds import Kind

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Group:
    """Events one may look for together."""

    label: LazyString
    kinds: tuple[Kind, ...]


GROUPS: dict[str, Group] = {
    "berkas": Group(_("Berkas"), (
        Kind.FILE_RECEIVED, Kind.FILE_PASSED, Kind.FILE_REJECTED, Kind.FILE_WITHDRAWN,
        Kind.FILE_RESTORED, Kind.FILE_ERASED, Kind.UPLOAD_GRANTED, Kind.UPLOAD_ENDED)),
    "daftar": Group(_("Daftar anggota"), (
        Kind.ROSTER_IMPORTED, Kind.ROSTER_FAILED, Kind.ROSTER_WITHDRAWN, Kind.ROSTER_RESTORED,
        Kind.ROSTER_WAITING, Kind.ROSTER_REPLACED, Kind.ROSTER_DISCARDED,
        Kind.SCAN_PAIRED, Kind.SCAN_WITHDRAWN, Kind.SCAN_BY_NAME,
        Kind.OBJECTION_FILED, Kind.OBJECTION_MOVED)),
    "dosir": Group(_("Pengiriman dan hasil"), (
        Kind.SUBMITTED, Kind.QUEUED, Kind.ROUND_OPENED, Kind.WINDOW_MOVED,
        Kind.RESULTS_PUBLISHED, Kind.DUPLICATES_FOUND, Kind.DUPLICATE_SETTLED, Kind.RESTORED)),
    "tanda-terima": Group(_("Tanda terima"), (Kind.RECEIPT_ISSUED,)),
    "akun": Group(_("Akun"), (
        Kind.ACCOUNT_CREATED, Kind.ACCOUNT_CHANGED, Kind.ACCOUNT_DISABLED, Kind.ACCOUNT_ENABLED,
        Kind.SIGNED_IN, Kind.SIGNED_OUT, Kind.TOKEN_ISSUED, Kind.TOKEN_REVOKED,
        Kind.TICKET_ISSUED)),
}  # fmt: skip

PLAIN: dict[str, LazyString] = {
    Kind.FILE_PASSED.value: _("Berkas lolos pemeriksaan sistem"),
    Kind.FILE_WITHDRAWN.value: _("Berkas dikeluarkan dari dosir"),
    Kind.FILE_RESTORED.value: _("Berkas dipulihkan ke dosir"),
    Kind.FILE_ERASED.value: _("Berkas dihapus tetap"),
    Kind.HOLD_SET.value: _("Berkas ditahan untuk perkara"),
    Kind.HOLD_LIFTED.value: _("Penahanan berkas dicabut"),
    Kind.UPLOAD_ENDED.value: _("Unggahan berakhir tanpa berkas"),
    Kind.SCAN_PAIRED.value: _("Pasangan pindaian kartu dibetulkan"),
    Kind.SCAN_WITHDRAWN.value: _("Pindaian kartu ditarik"),
    Kind.SCAN_BY_NAME.value: _("Pindaian kartu dikembalikan menurut nama berkasnya"),
    Kind.ROUND_OPENED.value: _("Babak perbaikan dibuka"),
    Kind.OBJECTION_FILED.value: _("Keberatan warga atas satu baris daftar anggota"),
    Kind.OBJECTION_MOVED.value: _("Keberatan warga ditindaklanjuti kantor KPU"),
    Kind.ACCOUNT_CREATED.value: _("Akun dibuat"),
    Kind.ACCOUNT_CHANGED.value: _("Akun diubah"),
    Kind.ACCOUNT_DISABLED.value: _("Akun dinonaktifkan"),
    Kind.ACCOUNT_ENABLED.value: _("Akun diaktifkan lagi"),
    Kind.SIGNED_IN.value: _("Masuk"),
    Kind.SIGNED_OUT.value: _("Keluar"),
    Kind.TOKEN_ISSUED.value: _("Token API dibuat"),
    Kind.TOKEN_REVOKED.value: _("Token API dicabut"),
    Kind.TICKET_ISSUED.value: _("Izin antrean unggah dibuat"),
}


def sentence(kind: str, facts: Facts) -> str:
    """An event in one sentence; a kind without words of its own keeps its declared name."""
    if kind in TOLD:
        return TOLD[kind](facts)
    return str(PLAIN.get(kind, kind))


def _received(facts: Facts) -> str:
    told: str = gettext(
        "Berkas tersimpan: %(requirement)s, %(region)s, %(size)s",
        requirement=facts["requirement"], region=facts["region"], size=size(facts["size"]),
    )  # fmt: skip
    return told + gettext(" (sesudah batas waktu)") if facts.get("late") else told


def _moved(facts: Facts) -> str:
    closes, was = facts["closes_at"], facts["was_closes_at"]
    values = {"stage": facts["stage"], "at": moment(datetime.fromisoformat(closes))}
    if was is None or closes == was:
        told = gettext("Jadwal %(stage)s: ditutup %(at)s", **values)
    else:
        values["was"] = moment(datetime.fromisoformat(was))
        told = (
            gettext("Batas waktu %(stage)s diperpanjang sampai %(at)s, semula %(was)s", **values)
            if closes > was
            else gettext("Batas waktu %(stage)s menjadi %(at)s, semula %(was)s", **values)
        )
    if facts["own"]:
        told += gettext(" (khusus partai Anda)")
    if facts["in_time"]:
        told += gettext("; %(n)s berkas yang datang sesudah batas lama menjadi tepat waktu",
                        n=number(facts["in_time"]))  # fmt: skip
    return str(told)


def _granted(facts: Facts) -> str:
    told: str = gettext(
        "Unggahan dimulai: %(requirement)s, %(region)s, %(size)s",
        requirement=facts["requirement"], region=facts["region"], size=size(facts["size"]),
    )  # fmt: skip
    return told


def _rejected(facts: Facts) -> str:
    told: str = gettext(
        "Berkas ditolak sistem: %(reason)s",
        reason=describe(facts["code"], facts.get("details", {}), locale()).message,
    )
    return told


def _imported(facts: Facts) -> str:
    told: str = gettext(
        "Daftar anggota dibaca: %(sent)s baris terkirim = %(stored)s tersimpan + %(rejected)s ditolak",
        sent=number(facts["sent"]), stored=number(facts["stored"]),
        rejected=number(facts["rejected"]),
    )  # fmt: skip
    return told


def _failed(facts: Facts) -> str:
    told: str = gettext(
        "Daftar anggota tidak dapat dibaca: %(reason)s",
        reason=describe(facts["code"], {}, locale()).message,
    )
    return told


def _withdrawn(facts: Facts) -> str:
    told: str = gettext("Daftar anggota dikeluarkan dari dosir")
    return told + _counted(facts)


def _restored(facts: Facts) -> str:
    told: str = gettext("Daftar anggota dipulihkan ke dosir")
    return told + _counted(facts)


def _waiting(facts: Facts) -> str:
    told: str = gettext("Daftar anggota versi %(n)s menunggu kepastian", n=facts["version"])
    return told + _difference(facts)


def _replaced(facts: Facts) -> str:
    told: str = gettext(
        "Daftar anggota versi %(n)s menggantikan versi %(m)s",
        n=facts["version"], m=facts["against"],
    )  # fmt: skip
    return told + _difference(facts)


def _discarded(facts: Facts) -> str:
    told: str = gettext(
        "Daftar anggota versi %(n)s tidak dipakai, versi %(m)s yang berlaku",
        n=facts["version"], m=facts["against"],
    )  # fmt: skip
    return told + _difference(facts)


def _difference(facts: Facts) -> str:
    told: str = gettext(
        "%(added)s ditambah, %(removed)s dikeluarkan, %(changed)s berubah",
        added=number(facts["added"]), removed=number(facts["removed"]),
        changed=number(facts["changed"]),
    )  # fmt: skip
    return f": {told}"


def _counted(facts: Facts) -> str:
    """Entries from before there was a count have none."""
    if "members" not in facts:
        return ""
    told: str = gettext("%(n)s anggota", n=number(facts["members"]))
    return f": {told}"


def _receipt(facts: Facts) -> str:
    told: str = gettext("Tanda terima %(serial)s diberikan", serial=facts["receipt"][:8])
    return told


def _submitted(facts: Facts) -> str:
    told: str = gettext(
        "Dosir dikirim dan terkunci, babak %(round)s: %(files)s berkas, %(lists)s daftar",
        round=facts["round"], files=number(facts["files"]), lists=number(facts["lists"]),
    )  # fmt: skip
    return told


def _queued(facts: Facts) -> str:
    told: str = gettext("%(items)s butir masuk antrean verifikasi", items=number(facts["items"]))
    return told


def _published(facts: Facts) -> str:
    told: str = gettext(
        "Hasil babak %(round)s diumumkan kantor %(office)s: %(ms)s MS, %(bms)s BMS, %(tms)s TMS",
        round=facts["round"], office=facts["office"], ms=number(facts["ms"]),
        bms=number(facts["bms"]), tms=number(facts["tms"]),
    )  # fmt: skip
    return told


def _corrected(facts: Facts) -> str:
    told: str = gettext(
        "Hasil babak %(round)s dari kantor %(office)s dikoreksi: satu anggota menjadi %(outcome)s",
        round=facts["round"], office=facts["office"], outcome=facts["outcome"],
    )  # fmt: skip
    return told


def _duplicates(facts: Facts) -> str:
    told: str = gettext(
        "Ganda dicari: %(external)s dengan partai lain, %(internal)s di dalam daftar sendiri",
        external=number(facts["external"]), internal=number(facts["internal"]),
    )  # fmt: skip
    return told


def _settled(facts: Facts) -> str:
    told: str = (
        gettext("Ganda diselesaikan: anggota tetap di partai ini")
        if facts["kept"]
        else gettext("Ganda diselesaikan: anggota tidak dihitung untuk partai ini")
    )
    return told


def _brought_back(facts: Facts) -> str:
    told: str = gettext(
        "Portal dipulihkan dari cadangan %(at)s; kejadian sesudah itu hilang dari riwayat ini",
        at=moment(datetime.fromisoformat(facts["taken_at"])),
    )
    return told


TOLD: dict[str, Callable[[Facts], str]] = {
    Kind.FILE_RECEIVED.value: _received,
    Kind.UPLOAD_GRANTED.value: _granted,
    Kind.FILE_REJECTED.value: _rejected,
    Kind.ROSTER_IMPORTED.value: _imported,
    Kind.ROSTER_FAILED.value: _failed,
    Kind.ROSTER_WITHDRAWN.value: _withdrawn,
    Kind.ROSTER_RESTORED.value: _restored,
    Kind.ROSTER_WAITING.value: _waiting,
    Kind.ROSTER_REPLACED.value: _replaced,
    Kind.ROSTER_DISCARDED.value: _discarded,
    Kind.RECEIPT_ISSUED.value: _receipt,
    Kind.SUBMITTED.value: _submitted,
    Kind.QUEUED.value: _queued,
    Kind.WINDOW_MOVED.value: _moved,
    Kind.RESULTS_PUBLISHED.value: _published,
    Kind.RESULT_CORRECTED.value: _corrected,
    Kind.DUPLICATES_FOUND.value: _duplicates,
    Kind.DUPLICATE_SETTLED.value: _settled,
    Kind.RESTORED.value: _brought_back,
}
