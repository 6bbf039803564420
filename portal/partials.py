"""Parts of a file that is sent side by side: who may send them, and what quota they take until joined.

A part says nothing of what the file is for, so only sender, window and quota are judged here; the rest is
judged when the final upload is created, and then its reservation takes the place of its parts' in one
transaction. If the final upload comes to nothing the parts count again.

Next station: `portal/intake.py` judges the final upload.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from portal import quota
from portal.config import Config
from portal.models import Account, PartReservation
from portal.upload_answers import answer_of
from portal.upload_permission import sender_of
from portal.uploads_auth import Credentials
from uploads.policy import DEFERRED_BYTES, Claim, CreateRequest, Grant
from verification import reference
from verification.batches import among, execute, listed
from verification.db import Sessions
from verification.errors import DomainError, QuotaExceeded, WindowClosed
from verification.known import Known, KnownElection, KnownParticipation
from verification.openings import Openings

Parts = Mapping[str, PartReservation]
"""What is reserved for parts, by their ids."""


class Partials:
    """Grants parts. Safe to call from several threads; every call is its own transaction."""

    def __init__(
        self,
        sessions: Sessions,
        config: Config,
        clock: Callable[[], datetime],
        known: Known,
        writing: AbstractContextManager[object],
    ) -> None:
        self._sessions = sessions
        self._config = config
        self._clock = clock
        self._known = known
        self._writing = writing

    def may_create(self, request: CreateRequest) -> Grant:
        """Judge a part and reserve its bytes. Raises CreationRefused."""
        now = self._clock()
        try:
            # Refused before the one writer's turn of SQLite is taken.
            with self._sessions.read() as session:
                account, election, party = self._judged(session, request, now)
                grant = self._grant(account, election, party, now)
            with self._writing, self._sessions.begin() as session:
                row = PartReservation(
                    upload_id=request.upload_id,
                    participation_id=party.id,
                    account_id=account.id,
                    bytes=deferred_or(request.length, grant.max_size),
                    created_at=now,
                    expires_at=grant.expires_at,
                )
                if not quota.reserve_part(session, row, self._config.party_quota):
                    raise QuotaExceeded("the storage quota")
        except DomainError as error:
            raise answer_of(error) from None
        return grant

    def _judged(
        self, session: Session, request: CreateRequest, now: datetime
    ) -> tuple[Account, KnownElection, KnownParticipation]:
        credentials = Credentials(session, [(request.cookie, request.authorization)], now)
        account = sender_of(credentials, request, secure=self._config.production)
        election = self._known.election(session, request.metadata.get("election") or None)
        key = account.party_id or 0
        parties = self._known.parties(session, election, [key])
        party = reference.found(parties.get(key), "participation")
        if not Openings(session, election.id, [party.id]).holds(party.id, now):
            raise WindowClosed("the window of this stage is not open")
        return account, election, party

    def _grant(
        self, account: Account, election: KnownElection, party: KnownParticipation, now: datetime
    ) -> Grant:
        return Grant(
            owner=account.actor,
            claim=Claim(
                election=election.code,
                party=party.party,
                requirement="",
                region="",
                purpose="",
                account=account.public_id,
            ),
            max_size=self._config.max_upload_size,
            expires_at=now + timedelta(seconds=self._config.upload_expiry),
        )


def deferred_or(length: int | None, max_size: int) -> int:
    """Bytes to reserve: the declared length, or the most an upload may have that declares it later."""
    return min(max_size, DEFERRED_BYTES) if length is None else length


def parts_of(session: Session, ids: Collection[str]) -> Parts:
    """What is reserved for these parts; one that is not reserved for is left out."""
    if not ids:
        return {}
    rows = session.scalars(select(PartReservation).where(among(PartReservation.upload_id, ids)))
    return {row.upload_id: row for row in rows}


def begun_at(parts: Parts, ids: Collection[str]) -> datetime | None:
    """When the last of these parts was created; None when one of them is not known."""
    if not ids or any(part_id not in parts for part_id in ids):
        return None
    return max(parts[part_id].created_at for part_id in ids)


def size_of(parts: Parts, ids: Collection[str]) -> int:
    """Bytes reserved for these parts."""
    return sum(parts[part_id].bytes for part_id in ids if part_id in parts)


def count_again(session: Session, final_ids: Iterable[str]) -> None:
    """Final uploads came to nothing: their parts take quota as before."""
    session.execute(
        update(PartReservation)
        .where(among(PartReservation.final_id, final_ids))
        .values(final_id=None)
        .execution_options(synchronize_session=False)
    )


def forget(session: Session, final_ids: Iterable[str]) -> None:
    """Final uploads have arrived: their parts are no more than their bytes."""
    execute(session, _FORGET, final_ids)


_FORGET = delete(PartReservation).where(listed(PartReservation.final_id))


def release(session: Session, part_id: str) -> None:
    """A part is gone."""
    session.execute(
        delete(PartReservation)
        .where(PartReservation.upload_id == part_id)
        .execution_options(synchronize_session=False)
    )


def old(session: Session, before: datetime) -> list[str]:
    """Parts that were granted before a moment."""
    granted = PartReservation.created_at < before
    return list(session.scalars(select(PartReservation.upload_id).where(granted)))
