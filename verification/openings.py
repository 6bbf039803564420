"""What is open for which party of an election, read once for a batch of claims.

The same rules as a single question asks (`verification.schedule`, `verification.slots`): those are
batches of one.

Next station: `verification.intake` records what came in; `portal.upload_permission` asks before it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.orm import Session

from verification.batches import keys_in, listed
from verification.errors import NotFound, WindowClosed
from verification.models import Participation, Requirement, Round, Window
from verification.schedule import is_open
from verification.slots import check_repair


class Openings:
    """Windows, round and submissions of some parties (inner keys), as one transaction sees them."""

    def __init__(self, session: Session, election_id: int, participations: Collection[int]) -> None:
        self._session = session
        self._windows: dict[int | None, Window] = {}
        self._round: Round | None = None
        first = None
        rows = session.execute(_ROUNDS, keys_in(participations) | {"election_id": election_id})
        for round_, window in rows:
            first = first or round_
            if round_.opened_at is not None:
                if round_ is not self._round:
                    self._round, self._windows = round_, {}
                if window is not None:
                    self._windows[window.participation_id] = window
        self._is_repair = self._round is not first

    @property
    def round(self) -> Round:
        """The newest round that was opened. Raises NotFound before the first."""
        if self._round is None:
            raise NotFound("no round is open")
        return self._round

    def holds(self, participation: int, now: datetime, started_at: datetime | None = None) -> bool:
        """Whether a file may come in at `now`; with `started_at`, one whose upload began then."""
        window = self._windows.get(participation) or self._windows.get(None)
        return window is not None and is_open(window, now, started_at)

    def check_slot(
        self,
        participation: int,
        requirement: Requirement,
        region_code: str,
        now: datetime,
        started_at: datetime | None = None,
    ) -> None:
        """Raises WindowClosed or DossierLocked when this slot cannot be changed now; as in `holds`.

        Whether the dossier was submitted is for who holds the party's row (`portal.intake`).
        """
        if not self.holds(participation, now, started_at):
            raise WindowClosed("the window of this stage is not open")
        if self._is_repair:
            party = self._session.get_one(Participation, participation)
            check_repair(self._session, party, self.round, requirement, region_code)


_ROUNDS = (
    select(Round, Window)
    .outerjoin(
        Window,
        and_(
            Window.stage_id == Round.stage_id,
            or_(Window.participation_id.is_(None), listed(Window.participation_id)),
        ),
    )
    .where(Round.election_id == bindparam("election_id"))
    .order_by(Round.number, Window.version)
)
