"""The worker's look at lists that are still arriving: once each, as soon as enough of it is there.

The upload process parses nothing and knows no rules, so it is not asked to tell; the worker looks at
the open reservations every few seconds, which are few, and at the sizes of their files.

Next station: `verification.rosters.early`.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy import exists, select

from portal.clock import Clock, system_clock
from portal.models import Reservation
from uploads.shelf import Shelf
from verification.db import Sessions
from verification.models import EarlyWord, Election, Participation
from verification.models.process import Purpose
from verification.rosters import early
from verification.rosters.prescribed import prescribed
from verification.sandbox.launcher import Sandbox
from verification.worker import Task

EVERY = timedelta(seconds=5)


class EarlyLooks:
    """Looks at what has grown enough. `folder`: for short-lived copies."""

    def __init__(
        self,
        sessions: Sessions,
        shelf: Shelf,
        sandbox: Sandbox,
        folder: Path,
        clock: Clock = system_clock,
    ) -> None:
        self._sessions, self._shelf, self._sandbox = sessions, shelf, sandbox
        self._folder, self._clock = folder, clock

    def run(self, task: Task | None = None) -> int:
        """One pass; returns how many lists were looked at. Raises SandboxUnavailable."""
        looked = 0
        for upload_id, election_id in self._waiting():
            if (self._shelf.size(upload_id) or 0) < early.FIRST:
                continue
            if task is not None:
                task.checkpoint()
            with self._shelf.open(upload_id) as beginning:
                required = self._required(election_id)
                word = early.judge(self._sandbox, beginning, self._folder, required)
            with self._sessions.begin() as session:
                early.keep(session, upload_id, word, self._clock())
            looked += 1
        return looked

    def _required(self, election_id: int) -> frozenset[str]:
        with self._sessions.read() as session:
            held = prescribed(session, session.get_one(Election, election_id))
            return held.preset.fields

    def _waiting(self) -> list[tuple[str, int]]:
        with self._sessions.read() as session:
            seen = exists().where(EarlyWord.upload_id == Reservation.upload_id)
            wanted = (
                select(Reservation.upload_id, Participation.election_id)
                .join(Participation, Participation.id == Reservation.participation_id)
                .where(
                    Reservation.purpose == Purpose.ROSTER.value,
                    Reservation.bytes > early.FIRST,
                    Reservation.expires_at > self._clock(),
                    ~seen,
                )
                .order_by(Reservation.id)
            )
            return [(row.upload_id, row.election_id) for row in session.execute(wanted)]
