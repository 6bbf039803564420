"""Arrivals become rows: may a file come in, and what is on record once it has.

The arrival on disk is the truth and the row follows from it, so `receive` may come twice, late, or
from reconciling, and there is no second code path. It writes the row, the journal entry and the jobs
for receipt and check in one transaction.

Next station: `verification.issuing` signs the receipt, `verification.handlers` checks the file.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from uploads.policy import Arrival
from verification.checks.names import without_nik
from verification.errors import UnknownRequirement, WindowClosed
from verification.jobs import JobKind, enqueue
from verification.journal import record
from verification.journal_kinds import Kind
from verification.models import Participation, ReceivedFile, Region, Requirement, Tombstone
from verification.models.files import Retention
from verification.models.process import Purpose
from verification.models.reference import Level
from verification.reference import (
    HEIGHT,
    current_election,
    participation_by_party,
    region_of,
    requirement_by_code,
)
from verification.schedule import open_for_upload
from verification.slots import check_open

CHECKS = {
    Purpose.DOCUMENT: JobKind.CHECK_DOCUMENT,
    Purpose.ROSTER: JobKind.IMPORT_ROSTER,
    Purpose.SCANS: JobKind.CHECK_SCANS,
}
RETENTION = {
    Purpose.DOCUMENT: Retention.DOSSIER,
    Purpose.ROSTER: Retention.PERSONAL,
    Purpose.SCANS: Retention.IDENTITY_SCAN,
}


def may_receive(
    session: Session,
    participation: Participation,
    requirement: Requirement,
    region: Region,
    purpose: str,
    now: datetime,
) -> None:
    """Judge a claim before its first byte.

    Raises UnknownRequirement when requirement, region and purpose do not fit each other,
    WindowClosed, DossierLocked.
    """
    _check_fit(requirement, region, purpose)
    if not open_for_upload(session, participation, now):
        raise WindowClosed("the window of this stage is not open")
    check_open(session, participation, requirement, region)


def receive(session: Session, arrival: Arrival, now: datetime) -> ReceivedFile | None:
    """Record an arrival; the row that is there when it was recorded before, None when it was erased.

    What was granted and acknowledged is recorded even when the window or the dossier has closed since;
    whether it came in time is a fact of its journal entry.
    """
    if session.get(Tombstone, arrival.upload_id) is not None:
        return None
    if known := by_upload(session, arrival.upload_id):
        return known
    claim = arrival.claim
    election = current_election(session, claim.election)
    participation = participation_by_party(session, claim.party, election)
    file = _row(
        arrival,
        participation,
        requirement_by_code(session, election, claim.requirement, retired=True),
        region_of(session, election, claim.region),
        now,
    )
    try:
        with session.begin_nested():
            session.add(file)
    except IntegrityError:
        # Another thread was told of the same arrival; its row is the one.
        return by_upload(session, arrival.upload_id)
    enqueue(session, JobKind.ISSUE_RECEIPT, file.public_id, now)
    enqueue(session, CHECKS[Purpose(file.purpose)], file.public_id, now)
    in_time = open_for_upload(
        session, participation, arrival.finished_at, started_at=arrival.created_at
    )
    record(
        session,
        participation.chain,
        file.uploaded_by,
        Kind.FILE_RECEIVED,
        now=now,
        file=file.public_id,
        requirement=claim.requirement,
        region=claim.region,
        purpose=file.purpose,
        size=file.size,
        sha256=file.sha256,
        late=not in_time,
    )
    return file


def by_upload(session: Session, upload_id: str) -> ReceivedFile | None:
    """The row of an upload, if it was recorded."""
    return session.scalar(select(ReceivedFile).where(ReceivedFile.public_id == upload_id))


def _check_fit(requirement: Requirement, region: Region, purpose: str) -> None:
    if requirement.purpose != purpose:
        raise UnknownRequirement("the requirement does not take that purpose")
    # A list or an archive may be sent for a whole province or the nation.
    asked, given = HEIGHT[Level(requirement.level)], HEIGHT[Level(region.level)]
    if given > asked or (given != asked and purpose == Purpose.DOCUMENT):
        raise UnknownRequirement("the requirement does not stand at that level of region")


def _row(
    arrival: Arrival,
    participation: Participation,
    requirement: Requirement,
    region: Region,
    now: datetime,
) -> ReceivedFile:
    told = arrival.metadata
    purpose = Purpose(arrival.claim.purpose)
    declared = told.get("sha256", "").strip().lower()
    return ReceivedFile(
        public_id=arrival.upload_id,
        participation_id=participation.id,
        requirement_id=requirement.id,
        region_id=region.id,
        purpose=purpose.value,
        uploaded_by=f"account:{arrival.claim.account}",
        # Scans are often named by NIK, and a NIK stands in no table in clear.
        filename=without_nik(told.get("filename", ""))[:400],
        filetype=told.get("filetype", "")[:120],
        declared_sha256=declared[:64] or None,
        corrects=told.get("corrects", "")[:32] or None,
        batch=told.get("batch", "")[:64] or None,
        size=arrival.size,
        sha256=arrival.sha256,
        created_at=arrival.created_at,
        finished_at=arrival.finished_at,
        recorded_at=now,
        retention=RETENTION[purpose].value,
    )
