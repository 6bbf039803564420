"""The portal's Policy: who may create which upload, and what becomes of one that has arrived.

Called by the upload processes in their own threads, by `sipol reconcile` and by the worker's timer;
it knows no web. `finished` is the one way from an arrival on disk to a row.

Next station: `verification/intake.py` makes the row and the check job; the worker issues the receipt.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal import quota
from portal.clock import Clock, system_clock
from portal.config import Config
from portal.models import Reservation
from portal.upload_metadata import Wanted
from portal.upload_permission import Allowed, answered, judge
from uploads.policy import Arrival, Claim, CreateRequest, Grant
from verification import intake
from verification.checks.names import without_nik
from verification.db import Sessions
from verification.journal import record
from verification.journal_kinds import Kind
from verification.models import Participation, ReceivedFile, Tombstone


class PortalPolicy:
    """`uploads.policy.Policy`. Safe to call from several threads; every call is its own transaction."""

    def __init__(self, sessions: Sessions, config: Config, clock: Clock = system_clock) -> None:
        self._sessions = sessions
        self._config = config
        self._clock = clock

    def may_create(self, request: CreateRequest) -> Grant:
        """Judge a creation and reserve its bytes. Raises CreationRefused."""
        wanted = Wanted.from_metadata(request.metadata)
        now, secure = self._clock(), self._config.production
        # Judged twice: what will be refused never takes the one writer's turn of SQLite, and what
        # is granted holds in the transaction that reserves.
        with answered(), self._sessions.read() as session:
            judge(session, request, wanted, now, secure=secure)
        expires_at = now + timedelta(seconds=self._config.upload_expiry)
        with answered(), self._sessions.begin() as session:
            allowed = judge(session, request, wanted, now, secure=secure)
            reservation = Reservation(
                upload_id=request.upload_id,
                participation_id=allowed.participation.id,
                account_id=allowed.account.id,
                requirement_id=allowed.requirement.id,
                region_id=allowed.region.id,
                purpose=wanted.purpose.value,
                filename=without_nik(wanted.filename),
                fingerprint=wanted.fingerprint,
                batch=wanted.batch,
                bytes=request.length,
                created_at=now,
                expires_at=expires_at,
            )
            quota.reserve(session, allowed.participation, reservation, self._config.party_quota)
            _note_grant(session, allowed, reservation, now)
            return Grant(
                owner=allowed.account.actor,
                claim=_claim(allowed, wanted),
                max_size=min(allowed.requirement.max_bytes, self._config.max_upload_size),
                expires_at=expires_at,
            )

    def finished(self, arrival: Arrival) -> None:
        """Record an arrival and give its reservation back. May come twice, late, and at once."""
        try:
            with self._sessions.begin() as session:
                quota.release(session, arrival.upload_id)
                intake.receive(session, arrival, self._clock())
        except IntegrityError:
            # Two processes at once: the unique upload id lets one win, and then the row is there.
            if not self.is_recorded(arrival.upload_id):
                raise

    def ended(self, upload_id: str, why: str) -> None:
        """Give back what an upload reserved that will never finish."""
        with self._sessions.begin() as session:
            held = quota.release(session, upload_id)
            if held is None or session.scalar(_row_of(upload_id)) is not None:
                return
            participation = session.get_one(Participation, held.participation_id)
            record(
                session,
                participation.chain,
                "system",
                Kind.UPLOAD_ENDED,
                now=self._clock(),
                file=upload_id,
                why=why,
            )

    def is_recorded(self, upload_id: str) -> bool:
        """Whether an upload has a row, or a tombstone in its place."""
        with self._sessions.read() as session:
            return (
                session.scalar(_row_of(upload_id)) is not None
                or session.get(Tombstone, upload_id) is not None
            )


def _claim(allowed: Allowed, wanted: Wanted) -> Claim:
    return Claim(
        election=allowed.election.code,
        party=allowed.participation.party.public_id,
        requirement=allowed.requirement.code,
        region=allowed.region.code,
        purpose=wanted.purpose.value,
        account=allowed.account.public_id,
    )


def _note_grant(
    session: Session, allowed: Allowed, reservation: Reservation, now: datetime
) -> None:
    # When an upload was begun is a fact a party may have to prove: begun before the close counts.
    record(
        session,
        allowed.participation.chain,
        allowed.account.actor,
        Kind.UPLOAD_GRANTED,
        now=now,
        file=reservation.upload_id,
        requirement=allowed.requirement.code,
        region=allowed.region.code,
        purpose=reservation.purpose,
        size=reservation.bytes,
    )


def _row_of(upload_id: str) -> Select[int]:
    return select(ReceivedFile.id).where(ReceivedFile.public_id == upload_id)
