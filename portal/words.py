"""The words of states: these and no others, each with a colour and a shape.

None may read as a legal acceptance before KPU has decided (EXPERIENCE, "Rules for every page").
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask
from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from verification.states import FileState, ItemState


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

FILE_WORDS: dict[str, str] = {state.value: state.value for state in FileState}

# What a party may know of an item: a decision is nobody's before its office has published.
ITEM_WORDS: dict[str, str] = {
    ItemState.PENDING.value: "locked",
    ItemState.QUEUED.value: "queued",
    ItemState.CLAIMED.value: "claimed",
    ItemState.FLAGGED.value: "claimed",
    ItemState.DECIDED.value: "claimed",
    ItemState.PUBLISHED.value: "claimed",
}


def install(app: Flask) -> None:
    """`state_word(code)` for the macro `state` and for scripts that print the same words."""
    app.jinja_env.globals["state_word"] = STATES.__getitem__
    app.jinja_env.globals["state_words"] = STATES


def item_word(state: str, outcome: str | None) -> str:
    """The word of an item for its party: the outcome once published, where it stands before."""
    if state == ItemState.PUBLISHED.value and outcome is not None:
        return outcome
    return ITEM_WORDS[state]
