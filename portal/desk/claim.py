"""The claim of a review item as lines: what is claimed, and what of it fits or does not.

A mark compares the claim with what its own NIK says; what only eyes can compare names the image to look
at. Nothing here judges: the verifier does.

Next station: `desk/_item.html` prints the lines beside the images.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _

from portal.formatting import day
from portal.item_sheet import ItemSheet
from portal.member_facts import MemberFacts


@dataclass(frozen=True, slots=True)
class Mark:
    """`fits`: True, False, or None for what must be looked at."""

    fits: bool | None
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A field of the claim. `digits`: shown in figures of one width."""

    label: str
    value: str
    marks: tuple[Mark, ...] = ()
    digits: bool = False


def lines_of(sheet: ItemSheet) -> tuple[Line, ...]:
    """The claim's fields in the order in which they are looked at."""
    if sheet.member is not None:
        return _member_lines(sheet.member, clear=sheet.clear)
    return ()


def _member_lines(member: MemberFacts, *, clear: bool) -> tuple[Line, ...]:
    if not clear:
        return (
            Line(_("Nama"), member.name),
            Line(_("NIK"), member.nik, digits=True),
            Line(_("Jenis kelamin"), _sex(member.sex)),
            Line(_("Tahun lahir"), str(member.birth_year)),
            Line(_("Kecamatan"), member.district),
        )
    says = member.nik_says
    sex = says["sex"] == member.sex
    birth = member.birth_date is not None and says["birth"] == f"{member.birth_date:%d-%m-%y}"
    place = f"{member.birth_place}, " if member.birth_place else ""
    born = f"{place}{day(member.birth_date)}" if member.birth_date else str(member.birth_year)
    home = says["district"] == member.district
    return (
        Line(_("Nama"), member.name, (_look(_("KTP-el, KTA")),)),
        Line(_("NIK"), member.nik, (_look(_("KTP-el")),), digits=True),
        Line(_("Jenis kelamin"), _sex(member.sex), (_nik(fits=sex, else_=_sex(says["sex"])),)),
        Line(_("Lahir"), born, (_nik(fits=birth, else_=says["birth"]),)),
        Line(_("No. KTA"), member.kta_number, (_look(_("KTA")),), digits=True),
        Line(_("Kecamatan"), member.district, (_nik(fits=home, else_=says["district"]),)),
        Line(_("Status"), member.marital_status or "–"),
        Line(_("Pekerjaan"), member.occupation or "–"),
        Line(_("Alamat"), " · ".join(filter(None, (member.address, member.village))) or "–"),
    )


def _look(where: str) -> Mark:
    return Mark(None, _("lihat %(where)s", where=where))


def _nik(*, fits: bool, else_: str) -> Mark:
    return Mark(fits, _("sesuai NIK") if fits else _("NIK: %(value)s", value=else_))


def _sex(letter: str) -> str:
    names: dict[str, str] = {"L": _("Laki-laki"), "P": _("Perempuan")}
    return names.get(letter, letter)
