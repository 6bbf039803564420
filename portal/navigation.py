"""Where each role begins, and what stands in its navigation.

Next station: the template `base.html` prints what the application really has.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, request, url_for
from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from portal.actors import CHIEF_ROLES, DESK_ROLES, PARTY_ROLES
from portal.context import actor_or_none
from verification.states import Role

HOMES: dict[Role, str] = {
    Role.COORDINATOR: "/dosir",
    Role.OPERATOR: "/dosir",
    Role.VERIFIER: "/antrean",
    Role.SUPERVISOR: "/pengawas",
    Role.ADMINISTRATOR: "/kelola",
    Role.OBSERVER: "/pengamat",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in the navigation. `also`: other beginnings of addresses that belong to it."""

    path: str
    label: LazyString
    roles: frozenset[Role]
    also: tuple[str, ...] = ()


OFFICES = DESK_ROLES | {Role.ADMINISTRATOR, Role.OBSERVER}
ENTRIES: tuple[Entry, ...] = (
    Entry("/dosir", _("Dosir"), PARTY_ROLES),
    Entry("/unggah", _("Unggah"), PARTY_ROLES),
    Entry("/anggota", _("Anggota"), PARTY_ROLES),
    Entry("/hitung", _("Hitungan"), PARTY_ROLES),
    Entry("/kirim", _("Kirim"), frozenset({Role.COORDINATOR})),
    Entry("/tanda-terima", _("Tanda terima"), PARTY_ROLES),
    Entry("/hasil", _("Hasil"), PARTY_ROLES),
    Entry("/riwayat", _("Riwayat"), frozenset({Role.COORDINATOR})),
    Entry("/antrean", _("Antrean"), DESK_ROLES, ("/periksa",)),
    Entry("/pengawas", _("Pengawasan"), CHIEF_ROLES),
    Entry("/keberatan", _("Keberatan"), CHIEF_ROLES),
    Entry("/hitungan", _("Hitungan"), OFFICES),
    Entry("/kelola", _("Kelola"), frozenset({Role.ADMINISTRATOR})),
    Entry("/pengamat", _("Pengamatan"), frozenset({Role.OBSERVER})),
)


def install(app: Flask) -> None:
    """`navigation()` for templates: pages of the reader's role that exist in this application."""
    app.jinja_env.globals["navigation"] = lambda: _for_reader(app)
    app.jinja_env.globals["home"] = _home


def home_of(role: Role | str) -> str:
    """The first page after signing in."""
    return HOMES[Role(role)]


def _home() -> str:
    who = actor_or_none()
    return home_of(who.role) if who is not None else url_for("public.home")


def _for_reader(app: Flask) -> list[tuple[str, LazyString, bool]]:
    who = actor_or_none()
    if who is None:
        return []
    exist = {rule.rule.rstrip("/") for rule in app.url_map.iter_rules()}
    return [
        (entry.path, entry.label, _is_here(entry))
        for entry in ENTRIES
        if who.role in entry.roles and entry.path in exist
    ]


def _is_here(entry: Entry) -> bool:
    return any(
        request.path == start or request.path.startswith(f"{start}/")
        for start in (entry.path, *entry.also)
    )
