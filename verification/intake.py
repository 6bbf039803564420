"""Arrivals become rows: what fits a requirement, and what is on record once a file has come in.

The arrival on disk is the truth and the row follows from it, so `receive` may come twice, late, or
from reconciling, and there is no second code path. It writes the row, the journal entry and the jobs
for receipt and check in one transaction.

Next station: `verification.issuing` signs the receipt, `verification.handlers` checks the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from uploads.policy import Arrival
from verification.batches import Upsert, among, execute, insert_new, listed, upsert_all
from verification.checks.names import without_nik
from verification.errors import DomainError, UnknownRequirement
from verification.jobs import JobKind, enqueue_all
from verification.journal import Record, record_all
from verification.journal_kinds import Kind
from verification.known import Known
from verification.models import Participation, ReceivedFile, Requirement, Storage, Tombstone
from verification.models.files import Retention
from verification.models.process import Purpose
from verification.models.reference import Level
from verification.places import Place, Places
from verification.reference import HEIGHT

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


def check_fit(requirement: Requirement, level: str, purpose: str) -> None:
    """Raises UnknownRequirement when requirement, level of region and purpose do not fit each other."""
    if requirement.purpose != purpose:
        raise UnknownRequirement("the requirement does not take that purpose")
    # A list or an archive may be sent for a whole province or the nation.
    asked, given = HEIGHT[Level(requirement.level)], HEIGHT[Level(level)]
    if given > asked or (given != asked and purpose == Purpose.DOCUMENT):
        raise UnknownRequirement("the requirement does not stand at that level of region")


def receive(session: Session, arrival: Arrival, now: datetime) -> ReceivedFile | None:
    """Record an arrival; the row that is there when it was recorded before, None when it was erased.

    Raises NotFound or UnknownRequirement when its claim names what does not exist.
    """
    for error in receive_all(session, [arrival], now).values():
        raise error
    if session.get(Tombstone, arrival.upload_id) is not None:
        return None
    return by_upload(session, arrival.upload_id)


def receive_all(
    session: Session, arrivals: Iterable[Arrival], now: datetime, known: Known | None = None
) -> dict[str, DomainError]:
    """Record arrivals; of those that cannot be, why, by upload id.

    What was granted and acknowledged is recorded even when the window or the dossier has closed since;
    whether it came in time is a fact of its journal entry. What is recorded or erased already stays.
    `known`: what the caller remembers of this database.
    """
    told = {arrival.upload_id: arrival for arrival in arrivals}
    for upload_id in execute(session, _ERASED, told).scalars().all():
        del told[upload_id]
    refused: dict[str, DomainError] = {}
    places: dict[str, Place] = {}
    if told:
        claimed = Places(session, [each.claim for each in told.values()], known or Known())
        for upload_id, arrival in told.items():
            try:
                places[upload_id] = claimed.of(arrival.claim)
            except DomainError as error:
                refused[upload_id] = error
    # In one order everywhere: of two processes told the same, one waits for the other's row.
    rows = [_row(told[upload_id], place, now) for upload_id, place in sorted(places.items())]
    inserted = insert_new(session, ReceivedFile, rows, "public_id")
    new = [row for row in rows if row["public_id"] in inserted]
    if new:
        enqueue_all(session, [job for row in new for job in _jobs(row)], now)
        record_all(session, [_note(row, told, places) for row in new], now)
        # Last: the journal's chains are held, so that nobody waits for these rows but behind those.
        upsert_all(session, Storage, _sizes(new), _ADDED)
    return refused


_ADDED = Upsert(keys=("participation_id",), adds=("bytes",))
_ERASED = select(Tombstone.public_id).where(listed(Tombstone.public_id))


def _sizes(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, int]]:
    """What these rows of `file` add to `storage`, in the order of its keys."""
    sizes: Counter[int] = Counter()
    for row in rows:
        sizes[row["participation_id"]] += row["size"]
    return [{"participation_id": key, "bytes": size} for key, size in sorted(sizes.items())]


def _jobs(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    check = CHECKS[Purpose(row["purpose"])]
    return [(JobKind.ISSUE_RECEIPT, row["public_id"]), (check, row["public_id"])]


def _note(
    row: Mapping[str, Any], told: Mapping[str, Arrival], places: Mapping[str, Place]
) -> Record:
    upload_id = row["public_id"]
    arrival, place = told[upload_id], places[upload_id]
    party = place.participation_id
    in_time = place.openings.holds(party, arrival.finished_at, started_at=arrival.created_at)
    return Record(
        chain_id=place.chain_id,
        kind=Kind.FILE_RECEIVED,
        actor=row["uploaded_by"],
        facts={
            "file": upload_id,
            "requirement": arrival.claim.requirement,
            "region": arrival.claim.region,
            "purpose": row["purpose"],
            "size": arrival.size,
            "sha256": arrival.sha256,
            "late": not in_time,
        },
    )


def by_upload(session: Session, upload_id: str) -> ReceivedFile | None:
    """The row of an upload, if it was recorded."""
    return session.scalar(select(ReceivedFile).where(ReceivedFile.public_id == upload_id))


def whole_uploads(session: Session, upload_ids: Iterable[str]) -> list[ReceivedFile]:
    """The rows of uploads, with whose files they are and what for: one question instead of many."""
    party = joinedload(ReceivedFile.participation)
    rows = session.scalars(
        select(ReceivedFile)
        .where(among(ReceivedFile.public_id, upload_ids))
        .order_by(ReceivedFile.id)
        .options(
            party.joinedload(Participation.party),
            party.joinedload(Participation.election),
            party.joinedload(Participation.chain),
            joinedload(ReceivedFile.requirement),
            joinedload(ReceivedFile.region),
        )
    )
    return list(rows)


def _row(arrival: Arrival, place: Place, now: datetime) -> dict[str, Any]:
    told = arrival.metadata
    purpose = Purpose(arrival.claim.purpose)
    declared = told.get("sha256", "").strip().lower()
    return {
        "public_id": arrival.upload_id,
        "participation_id": place.participation_id,
        "requirement_id": place.requirement_id,
        "region_id": place.region_id,
        "purpose": purpose.value,
        "uploaded_by": f"account:{arrival.claim.account}",
        # Scans are often named by NIK, and a NIK stands in no table in clear.
        "filename": without_nik(told.get("filename", ""))[:400],
        "filetype": told.get("filetype", "")[:120],
        "declared_sha256": declared[:64] or None,
        "corrects": told.get("corrects", "")[:32] or None,
        "batch": told.get("batch", "")[:64] or None,
        "size": arrival.size,
        "sha256": arrival.sha256,
        "created_at": arrival.created_at,
        "finished_at": arrival.finished_at,
        "recorded_at": now,
        "retention": RETENTION[purpose].value,
    }
