"""The portal's Policy: who may create which upload, and what becomes of one that has arrived.

Called by the upload processes, who gather those who come together, by `sipol reconcile` and by the
worker's timer; it knows no web. A batch is one transaction, each table asked once for all of it.
`finished` is the one way from an arrival on disk to a row.

Next station: `verification/intake.py` makes the row and the check job; the worker issues the receipt.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.orm import Session

from portal import partials, quota
from portal.clock import Clock, system_clock
from portal.config import Config
from portal.diagnosis.permission import PURPOSE, Diagnoses
from portal.partials import Partials
from portal.upload_answers import answer_of
from portal.upload_metadata import Wanted
from portal.upload_permission import Allowed, Asked, Judging
from uploads.errors import CreationRefused, PolicyUnavailable
from uploads.policy import Arrival, CreateRequest, Grant
from verification import intake
from verification.batches import execute, listed
from verification.checks.names import without_nik
from verification.db import Sessions
from verification.errors import DossierLocked, QuotaExceeded
from verification.journal import Record, record, record_all
from verification.journal_kinds import Kind
from verification.known import Known
from verification.models import Participation, ReceivedFile, Submission

log = logging.getLogger(__name__)

NO_DATABASE = (OperationalError, InterfaceError, NoConnection)


class PortalPolicy:
    """`uploads.policy.Policy`. Safe to call from several threads."""

    def __init__(self, sessions: Sessions, config: Config, clock: Clock = system_clock) -> None:
        self._sessions = sessions
        self._config = config
        self._clock = clock
        # SQLite's one writer is waited for by looking again and again; here one may simply wait.
        self._on_sqlite = sessions.dialect == "sqlite"
        self._writing: AbstractContextManager[object] = Lock() if self._on_sqlite else nullcontext()
        self._known = Known()
        self._partials = Partials(sessions, config, clock, self._known, self._writing)
        self._diagnoses = Diagnoses(sessions, clock, self._writing, secure=config.production)

    def may_create(self, requests: Sequence[CreateRequest]) -> list[Grant | Exception]:
        """Judge creations and reserve their bytes. Raises PolicyUnavailable, and nothing is reserved."""
        answers: dict[str, Grant | Exception] = {}
        whole, alone = [], []
        for request in requests:
            if request.partial or request.metadata.get("purpose") == PURPOSE:
                alone.append(request)
                continue
            try:
                wanted = Wanted.from_metadata(request.metadata)
            except CreationRefused as refused:
                answers[request.upload_id] = refused
            else:
                whole.append(Asked(request=request, wanted=wanted))
        if whole:
            with _database():
                granted = self._create_all(whole)
            for asked, answer in zip(whole, granted, strict=True):
                answers[asked.request.upload_id] = answer
        for request in alone:
            try:
                answers[request.upload_id] = self._alone(request)
            except Exception as error:  # noqa: BLE001 - what was granted before it stays granted
                answers[request.upload_id] = error
        return [answers[request.upload_id] for request in requests]

    def declared(self, upload_id: str, length: int) -> None:
        """Give back what was reserved beyond a length that came later."""
        with self._writing, self._sessions.begin() as session:
            quota.declared(session, upload_id, length)

    def finished(self, arrivals: Sequence[Arrival]) -> list[Exception | None]:
        """Record arrivals and give their reservations back. May come twice, late, and at once.

        The DomainError of one whose claim names what does not exist. Raises PolicyUnavailable.
        """
        with _database(), self._writing, self._sessions.begin() as session:
            refused = intake.receive_all(session, arrivals, self._clock(), self._known)
            recorded = {each.upload_id for each in arrivals} - refused.keys()
            quota.release_all(session, recorded)
            partials.forget(session, recorded)
        return [refused.get(arrival.upload_id) for arrival in arrivals]

    def ended(self, upload_id: str, why: str) -> None:
        """Give back what an upload reserved that will never finish."""
        with self._writing, self._sessions.begin() as session:
            held = quota.release(session, upload_id)
            if held is None:
                partials.release(session, upload_id)
                return
            if session.scalar(_row_of(upload_id)) is not None:
                partials.forget(session, [upload_id])
                return
            partials.count_again(session, [upload_id])
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

    def _alone(self, request: CreateRequest) -> Grant:
        """Leave for a part, or for a diagnosis. Raises CreationRefused."""
        if request.metadata.get("purpose") == PURPOSE:
            return self._diagnoses.may_create(request)
        return self._partials.may_create(request)

    def _create_all(self, batch: Sequence[Asked]) -> list[Grant | Exception]:
        now = self._clock()
        if self._on_sqlite:
            # What is refused never takes the one writer's turn.
            with self._sessions.read() as session:
                judged = self._judge(session, batch, now)
            allowed = [each for each in judged if isinstance(each, Allowed)]
            if not allowed:
                return [each for each in judged if isinstance(each, CreationRefused)]
            with self._writing, self._sessions.begin() as session:
                refused = self._reserve(session, allowed, now)
        else:
            with self._sessions.begin() as session:
                judged = self._judge(session, batch, now)
                allowed = [each for each in judged if isinstance(each, Allowed)]
                refused = self._reserve(session, allowed, now)
        return [
            each
            if isinstance(each, CreationRefused)
            else refused.get(each.asked.request.upload_id) or self._grant(each, now)
            for each in judged
        ]

    def _judge(
        self, session: Session, batch: Sequence[Asked], now: datetime
    ) -> list[Allowed | CreationRefused]:
        secure = self._config.production
        if joined := {part_id for asked in batch for part_id in asked.request.parts}:
            parts = partials.parts_of(session, joined)
            batch = [
                replace(
                    asked,
                    begun=partials.begun_at(parts, asked.request.parts),
                    parts_bytes=partials.size_of(parts, asked.request.parts),
                )
                for asked in batch
            ]
        judging = Judging(session, batch, now, known=self._known, secure=secure)
        return [judging.judge(asked) for asked in batch]

    def _reserve(
        self, session: Session, allowed: Sequence[Allowed], now: datetime
    ) -> dict[str, CreationRefused]:
        """Reserve and journal; by upload id the refusals of those that came too late or do not fit."""
        if not allowed:
            return {}
        rows = {each.asked.request.upload_id: self._reservation(each, now) for each in allowed}
        parts = {
            each.asked.request.upload_id: each.asked.request.parts
            for each in allowed
            if each.asked.request.parts
        }
        quota.take_turns(session, {each.participation_id for each in allowed})
        # Asked only now that the parties' rows are held: a submission may come at any moment before.
        locked = _submitted(session, allowed)
        late = {
            each.asked.request.upload_id
            for each in allowed
            if (each.participation_id, each.round_id) in locked
        }
        in_time = [row for upload_id, row in rows.items() if upload_id not in late]
        reserved = quota.reserve_all(session, in_time, self._config.party_quota, parts)
        granted = [each for each in allowed if each.asked.request.upload_id in reserved]
        # When an upload was begun is a fact a party may have to prove: begun before the close counts.
        record_all(session, [_note(each, rows) for each in granted], now)
        too_much, too_late = QuotaExceeded("the storage quota"), DossierLocked("just submitted")
        return {
            upload_id: answer_of(too_late if upload_id in late else too_much)
            for upload_id in rows.keys() - reserved
        }

    def _reservation(self, allowed: Allowed, now: datetime) -> dict[str, Any]:
        request, wanted = allowed.asked.request, allowed.asked.wanted
        return {
            "upload_id": request.upload_id,
            "participation_id": allowed.participation_id,
            "account_id": allowed.account_id,
            "requirement_id": allowed.requirement_id,
            "region_id": allowed.region_id,
            "purpose": wanted.purpose.value,
            "filename": without_nik(wanted.filename),
            "fingerprint": wanted.fingerprint,
            "batch": wanted.batch,
            "bytes": allowed.asked.parts_bytes
            if request.parts and request.length is None
            else partials.deferred_or(request.length, self._most(allowed)),
            "created_at": now,
            "expires_at": self._expiry(now),
        }

    def _grant(self, allowed: Allowed, now: datetime) -> Grant:
        return Grant(
            owner=allowed.actor,
            claim=allowed.claim,
            max_size=self._most(allowed),
            expires_at=self._expiry(now),
        )

    def _most(self, allowed: Allowed) -> int:
        return min(allowed.max_bytes, self._config.max_upload_size)

    def _expiry(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self._config.upload_expiry)


@contextmanager
def _database() -> Iterator[None]:
    """Whoever needs the database now is told to come again when it is away."""
    try:
        yield
    except NO_DATABASE as error:
        # The type only: the text quotes a statement.
        log.warning("the database does not answer: %s", type(error).__name__)
        raise PolicyUnavailable from None


def _submitted(session: Session, allowed: Sequence[Allowed]) -> set[tuple[int, int]]:
    parties = {each.participation_id for each in allowed}
    found = execute(session, _SUBMISSIONS, parties)
    return {(row.participation_id, row.round_id) for row in found}


_SUBMISSIONS = select(Submission.participation_id, Submission.round_id).where(
    listed(Submission.participation_id)
)


def _note(allowed: Allowed, rows: dict[str, dict[str, Any]]) -> Record:
    reserved = rows[allowed.asked.request.upload_id]
    return Record(
        chain_id=allowed.chain_id,
        kind=Kind.UPLOAD_GRANTED,
        actor=allowed.actor,
        facts={
            "file": reserved["upload_id"],
            "requirement": allowed.claim.requirement,
            "region": allowed.claim.region,
            "purpose": reserved["purpose"],
            "size": reserved["bytes"],
        },
    )


def _row_of(upload_id: str) -> Select[int]:
    return select(ReceivedFile.id).where(ReceivedFile.public_id == upload_id)
