"""What is given out at the machine itself, by `sipol demo`, `sipol account` and `sipol token`.

The journal says `system`; who had the shell is the operating system's to know.

Next station: the same services that the pages call (`portal.accounts`, `portal.credentials`).
"""

from __future__ import annotations

import secrets

from portal.actors import Actor
from portal.credentials import ApiScope
from verification.states import Role

# Letters and digits that nobody confuses when reading them from a screen.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"

SYSTEM = Actor(
    account_id=0,
    account="system",
    actor="system",
    login="system",
    name="Sistem",
    role=Role.ADMINISTRATOR,
    locale="id",
    time_zone="Asia/Jakarta",
    party_id=None,
    party_name=None,
    participation_id=None,
    participation=None,
    election=None,
    office_id=None,
    office_code=None,
    office_name=None,
    regions=(),
    kind="system",
    scopes=frozenset(),
    login_session_id=None,
    csrf_secret=None,
)

_PARTY = (ApiScope.READ, ApiScope.UPLOAD, ApiScope.SUBMIT)
_CHIEF = (ApiScope.READ, ApiScope.REVIEW, ApiScope.MANAGE)
USUAL_SCOPES: dict[Role, tuple[ApiScope, ...]] = {
    Role.COORDINATOR: _PARTY,
    Role.OPERATOR: _PARTY,
    Role.VERIFIER: (ApiScope.READ, ApiScope.REVIEW),
    Role.SUPERVISOR: _CHIEF,
    Role.ADMINISTRATOR: _CHIEF,
    Role.OBSERVER: (ApiScope.READ,),
}
"""What a token may do when nobody says otherwise."""


def new_password() -> str:
    """Four groups of four letters and digits, some 79 bits."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))
    return "-".join(groups)
