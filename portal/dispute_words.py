"""What has become of a disputed member, and what an office can do, in words; for every chair the same.

Next station: the citizen's page, the office's, the party's.
"""

from __future__ import annotations

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from verification.disputes.states import DisputeAction, DisputeState

STATES: dict[str, LazyString] = {
    DisputeState.FILED.value: _("Menunggu identitas"),
    DisputeState.SUSPENDED.value: _("Ditangguhkan"),
    DisputeState.UNPROVEN.value: _("Identitas tidak dikonfirmasi"),
    DisputeState.STRUCK.value: _("Dikeluarkan dari daftar partai"),
    DisputeState.MEMBER.value: _("Tetap anggota"),
    DisputeState.WITHDRAWN.value: _("Keberatan dicabut"),
}
ACTIONS: dict[str, LazyString] = {
    DisputeAction.IDENTIFY.value: _("Identitas dikonfirmasi"),
    DisputeAction.NOT_IDENTIFIED.value: _("Identitas tidak dikonfirmasi"),
    DisputeAction.STRIKE.value: _("Sudah dikeluarkan partai"),
    DisputeAction.CONFIRM_MEMBER.value: _("Orangnya menyatakan anggota"),
    DisputeAction.WITHDRAW.value: _("Keberatan dicabut orangnya"),
}
# To the citizen: where it stands, and what he does now.
TOLD: dict[str, LazyString] = {
    DisputeState.FILED.value: _(
        "Datanglah ke kantor ini dengan KTP-el asli dan nomor keberatan. Sebelum itu keberatan belum "
        "mengubah apa pun, karena siapa saja dapat mengetahui sebuah NIK."
    ),
    DisputeState.SUSPENDED.value: _(
        "Identitas Anda sudah dikonfirmasi. Anda tidak dihitung sebagai anggota partai ini sampai "
        "keberatan selesai. KPU menanyakannya kepada partai."
    ),
    DisputeState.UNPROVEN.value: _(
        "Identitas belum dapat dikonfirmasi, maka keberatan tidak dilanjutkan. Datanglah ke kantor ini "
        "dengan KTP-el asli untuk melanjutkannya."
    ),
    DisputeState.STRUCK.value: _("Partai sudah mengeluarkan Anda dari daftar anggotanya."),
    DisputeState.MEMBER.value: _("Dicatat bahwa Anda menyatakan diri anggota partai ini."),
    DisputeState.WITHDRAWN.value: _("Keberatan dicabut atas permintaan Anda."),
}
