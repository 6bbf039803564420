"""The upload processes on `/kelola/mesin`: how many answer, what flows, what is turned away.

Next station: the administrator at 23.40 on the last night.
"""

from __future__ import annotations

from flask import current_app
from flask_babel import gettext as _

from portal.context import services
from portal.formatting import number, percent, size
from portal.upload_figures import Rates, UploadFigures, figures

RATES = "sipol_upload_rates"
TURNED_AWAY = 60.0
"""Answers 423 or 503 a minute that need a person: one a second."""
SLOW_SYNC = 0.3
SLOW_POLICY = 1.0
Line = tuple[str, str, bool | None]


def upload_lines() -> list[Line]:
    """(label, value, well) of each figure; without a process that answers only that."""
    found = figures(services().config)
    value = _("%(count)s dari %(total)s menjawab", count=found.answering, total=found.processes)
    lines: list[Line] = [(_("Proses unggahan"), value, found.answering == found.processes)]
    if found.answering:
        lines += [*_flow(found), *_waiting(found), *_ends(found)]
    return lines


def _flow(found: UploadFigures) -> list[Line]:
    rates = current_app.extensions.setdefault(RATES, Rates()).per_minute(found)
    active = _("%(count)s badan permintaan", count=number(found.total("active")))
    lines: list[Line] = [(_("Sedang diterima"), active, None)]
    if rates is None:
        return [*lines, (_("Laju unggahan"), _("terbaca pada pembacaan berikutnya"), None)]
    flowing = _("%(size)s per menit", size=size(int(rates["bytes"])))
    lines.append((_("Laju unggahan"), flowing, None))
    for status in ("423", "503"):
        count = number(round(rates[status], 1))
        lines.append(
            (
                _("Jawaban %(status)s", status=status),
                _("%(count)s per menit", count=count),
                rates[status] < TURNED_AWAY,
            )
        )
    return lines


def _waiting(found: UploadFigures) -> list[Line]:
    lines: list[Line] = []
    for label, name, slow in (
        (_("Simpan ke disk"), "sync_seconds", SLOW_SYNC),
        (_("Izin unggah"), "policy_seconds", SLOW_POLICY),
    ):
        mean, quick = found.mean(name), found.share(name, str(slow))
        if mean is None or quick is None:
            continue
        value = _(
            "rata-rata %(ms)s ms; %(share)s selesai dalam %(limit)s ms",
            ms=number(round(mean * 1000, 1)),
            share=percent(quick, 1.0),
            limit=number(slow * 1000),
        )
        lines.append((label, value, quick >= 0.9))
    late = found.total("policy_timeouts_total")
    lines.append((_("Izin yang terlambat"), number(late), None))
    return lines


def _ends(found: UploadFigures) -> list[Line]:
    finished = _(
        "%(finished)s (%(packed)s dikemas)",
        finished=number(found.total("finished_total")),
        packed=number(found.total("packed_total")),
    )
    lines: list[Line] = [(_("Selesai sejak proses mulai"), finished, None)]
    for label, name in (
        (_("Terputus"), "broken_total"),
        (_("Macet"), "endings_total:stalled"),
        (_("Diambil alih"), "taken_over_total"),
        (_("Kedaluwarsa"), "expired_total"),
    ):
        lines.append((label, number(found.total(name)), None))
    if found.promised is not None and found.promised == found.promised:  # NaN: not readable
        lines.append((_("Ruang dijanjikan"), size(int(found.promised)), None))
    return lines
