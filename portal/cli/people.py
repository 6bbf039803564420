"""Demo accounts on a terminal: name, password, and in KPU's words who that is and where.

Next station: the login page, with one of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ROLES = {
    "coordinator": "koordinator partai",
    "operator": "operator partai",
    "verifier": "verifikator",
    "supervisor": "pengawas",
    "administrator": "administrator",
    "observer": "pengamat Bawaslu",
}


def introduction(person: Mapping[str, Any]) -> str:
    """One line for a row of `demo.json`. The password is never shortened: it is there to be copied."""
    office, regions = person["office"], ", ".join(person["regions"])
    who = (
        ROLES[person["role"]],
        person["party"],
        f"kantor KPU {office}" if office else "",
        f"wilayah {regions}" if regions else "",
    )
    return f"{person['login']:<22} {person['password']:<21} {' · '.join(filter(None, who))}"
