"""Lists of other parties, stored and handed in, for a new list to be compared with.

Next station: `verification.duplicates.comparing`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from sqlalchemy import select

from portal.bench.rosters.generating import Recipe, write_list
from portal.bench.rosters.stand import KEYS, Stand
from verification.duplicates.comparing import Comparer
from verification.duplicates.keys import KeyCache
from verification.models import (
    Participation,
    Party,
    Roster,
    Round,
    Submission,
    SubmissionPin,
)
from verification.rosters.work import import_file
from verification.sandbox.launcher import Bubblewrap


def fill(here: Stand, parties: Iterable[int], rows: int, seed: int) -> None:
    """So many rows, shared out among parties of these numbers, imported and compared."""
    numbers = list(parties)
    source = here.folder / "other.csv"
    for number in numbers:
        recipe = Recipe(count=rows // len(numbers), seed=seed, party=number, bad=0, doubles=0)
        write_list(source, recipe)
        party = here.add_party(number)
        import_file(
            here.sessions, KEYS, Bubblewrap(), source, here.receive(source, party),
            workplace=here.folder, now=lambda: here.now,
        )  # fmt: skip
        submission = dossier_of(here, party)
        cache = KeyCache(here.folder / "keys", KEYS)
        Comparer(here.sessions, KEYS, cache, now=lambda: here.now).submitted(submission)
    source.unlink(missing_ok=True)


def dossier_of(here: Stand, party: str) -> str:
    """The party's lists as handed in; the public id of the submission."""
    with here.sessions.begin() as session:
        participation = session.scalars(
            select(Participation).join(Party).where(Party.public_id == party)
        ).one()
        round_ = session.scalars(
            select(Round).where(Round.election_id == participation.election_id).order_by(Round.id)
        ).first()
        if round_ is None:
            raise LookupError("the seeded election has no round")
        submission = Submission(
            participation_id=participation.id,
            round_id=round_.id,
            digest=secrets.token_hex(32),
            manifest="{}",
            submitted_by="system",
            submitted_at=here.now,
        )
        session.add(submission)
        session.flush()
        rosters = select(Roster).where(Roster.participation_id == participation.id)
        for roster in session.scalars(rosters).all():
            session.add(
                SubmissionPin(
                    submission_id=submission.id,
                    requirement_id=roster.requirement_id,
                    region_id=roster.region_id,
                    roster_version_id=roster.current_version_id,
                    digest=secrets.token_hex(32),
                )
            )
        return submission.public_id
