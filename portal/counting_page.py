"""A party's standing as a page shows it: tiles of provinces, and one province's kabupaten/kota.

A state is a shape, a colour and a word. The tiles stand in the order of codes, which runs from west to
east; their places on wide screens are the region table's, not a drawing.

Next station: `counting/standing.html`.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from verification.counting.standing import PartyStanding, ProvinceStanding, Standing


@dataclass(frozen=True, slots=True)
class Sign:
    """How a standing is shown; `tone` ends a class name."""

    shape: str
    tone: str
    word: LazyString


SIGNS: dict[str, Sign] = {
    Standing.COMPLETE.value: Sign("●", "complete", _("lengkap")),
    Standing.SHORT.value: Sign("◐", "short", _("kurang")),
    Standing.EMPTY.value: Sign("○", "empty", _("belum ada")),
}


def chosen(standing: PartyStanding, code: str | None) -> ProvinceStanding | None:
    """The province asked for; where there is only one, that one; else none."""
    if len(standing.provinces) == 1:
        return standing.provinces[0]
    return next((row for row in standing.provinces if row.code == code), None)


def totals(standing: PartyStanding) -> dict[str, int]:
    """The numbers of the sentence above the tiles."""
    regencies = standing.regencies
    return {
        "provinces": len(standing.provinces),
        "complete": standing.complete,
        "regencies": len(regencies),
        "regencies_complete": sum(row.state is Standing.COMPLETE for row in regencies),
        "members": standing.members,
        "short": sum(row.short for row in regencies if row.board),
        "judged": sum(row.judged for row in regencies),
    }
