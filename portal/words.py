"""The words of states: these and no others, each with a colour and a shape.

None may read as a legal acceptance before KPU has decided. Codes are those of files
(`FileState`), of `verification.coverage`, and the two an upload has before it arrives.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask
from flask_babel import LazyString
from flask_babel import lazy_gettext as _


@dataclass(frozen=True, slots=True)
class StateWord:
    """`tone` is the colour of GOV.UK's tag, `shape` a sign that a screen reader passes over."""

    word: LazyString
    tone: str
    shape: str


STATES: dict[str, StateWord] = {
    "none": StateWord(_("Belum ada"), "grey", "○"),
    "uploading": StateWord(_("Mengunggah"), "light-blue", "↑"),
    "interrupted": StateWord(_("Terputus, lanjutkan"), "orange", "‖"),
    "received": StateWord(_("Tersimpan"), "blue", "●"),
    "checking": StateWord(_("Pemeriksaan sistem"), "light-blue", "◔"),
    "passed": StateWord(_("Lolos pemeriksaan sistem"), "turquoise", "◑"),
    "rejected": StateWord(_("Ditolak sistem"), "red", "✕"),
    "locked": StateWord(_("Terkunci"), "purple", "■"),
    "queued": StateWord(_("Antre verifikasi"), "yellow", "⋯"),
    "claimed": StateWord(_("Diverifikasi"), "light-blue", "◇"),
    "MS": StateWord(_("MS"), "green", "✓"),
    "BMS": StateWord(_("BMS"), "orange", "△"),
    "TMS": StateWord(_("TMS"), "red", "▼"),
}


def install(app: Flask) -> None:
    """`state_word(code)` for the macro `state` and for scripts that print the same words."""
    app.jinja_env.globals["state_word"] = STATES.__getitem__
    app.jinja_env.globals["state_words"] = STATES
