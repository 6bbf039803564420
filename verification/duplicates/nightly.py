"""The nightly proof, once a night: a worker that starts again does not begin it anew.

Next station: `verification.duplicates.comparing`, which compares everything with everything.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from verification.db import Sessions
from verification.duplicates.comparing import Comparer
from verification.journal import entries, system_chain
from verification.journal_kinds import Kind

OFTEN_ENOUGH = timedelta(hours=20)


def prove(sessions: Sessions, comparer: Comparer, now: datetime) -> int | None:
    """How many pairs had been missed; None when the last proof is younger than twenty hours."""
    with sessions.begin() as session:
        last = entries(
            session, system_chain(session), limit=1, kinds=[Kind.DUPLICATES_PROVEN.value]
        )
    if last and timedelta(0) <= now - last[0].at < OFTEN_ENOUGH:
        return None
    return comparer.everything()
