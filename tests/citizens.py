"""A party's list with people whose NIK a test knows, submitted and put together, in a portal."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from tests.builders import build_submission
from tests.duplicates import Someone, build_list
from tests.portal_stand import Stand
from tests.world import NOON
from verification import submitted_niks
from verification.duplicates.comparing import Comparer
from verification.duplicates.keys import KeyCache
from verification.models import Member

LISTED = Someone(serial=4711)
BESIDE = Someone(serial=2, name="NUBA LOPERA")
UNLISTED = "3273019999999999"


def fill(stand: Stand, folder: Path) -> Stand:
    """Party A has submitted a list of LISTED and BESIDE."""
    keys = stand.services.field_keys
    with stand.sessions.begin() as session:
        party = stand.party(session, "a")
        build_list(session, party, [LISTED, BESIDE])
        for row, someone in zip(
            session.scalars(select(Member).order_by(Member.id)), (LISTED, BESIDE), strict=True
        ):
            row.nik, row.key_id = keys.encipher(someone.nik), keys.current_id
        submission = build_submission(session, party).public_id
    cache = KeyCache(folder / "duplicates", keys)
    Comparer(stand.sessions, keys, cache, now=lambda: NOON).submitted(submission)
    submitted_niks.index_submission(stand.sessions, submission, lambda: NOON)
    return stand
