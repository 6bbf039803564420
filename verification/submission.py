"""Submitting locks a dossier: the ids and digests of what stands in it, named in one manifest.

What it costs follows from the number of files, never from the number of members: a list is one entry.
The worker makes the review items afterwards. The digest of the manifest is what the check page shows,
what the submission must carry, and what the receipt signs.

Next station: `verification.materialise` makes items of it, in batches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from verification.canonical import Json, canonical, sha256_hex
from verification.dossier import Missing, missing_of
from verification.entries import EntryKind, Left, PinEntry, entries_of
from verification.errors import DossierChanged, DossierLocked, NothingToSubmit, WindowClosed
from verification.issuing import issue_submission_receipt
from verification.jobs import JobKind, enqueue
from verification.journal import record
from verification.journal_kinds import Kind
from verification.models import Participation, Round, Submission, SubmissionPin
from verification.schedule import current_round, last_moment, window_now
from verification.signing import Signer
from verification.slots import lock_dossier, submission_in

MANIFEST_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What would be locked now. `digest` is that of `manifest`; `submission` is set once it was.

    `not_included`: files that are here and would not go in, each with why. Uploads that have not
    finished are the caller's to add.
    """

    round: Round
    manifest: str
    digest: str
    entries: tuple[PinEntry, ...]
    missing: tuple[Missing, ...]
    not_included: tuple[Left, ...]
    submission: Submission | None


def draft(session: Session, participation: Participation, now: datetime) -> Draft:  # noqa: ARG001
    """The dossier as it stands. Raises NotFound when no round is open."""
    round_ = current_round(session, participation.election)
    entries, left = entries_of(session, participation, round_)
    manifest = _manifest(participation, round_, entries)
    return Draft(
        round=round_,
        manifest=manifest,
        digest=sha256_hex(manifest.encode("utf-8")),
        entries=entries,
        missing=missing_of(session, participation),
        not_included=left,
        submission=submission_in(session, participation, round_),
    )


def submit(
    session: Session,
    participation: Participation,
    *,
    digest: str,
    actor: str,
    signer: Signer,
    now: datetime,
) -> Submission:
    """Lock the dossier whose digest was shown. Repeating gives the same submission and receipt.

    Raises DossierLocked (something else was submitted in this round), WindowClosed, NothingToSubmit,
    DossierChanged (it is no longer what was shown).
    """
    lock_dossier(session, participation)
    round_ = current_round(session, participation.election)
    before = submitted_as(session, participation, digest)
    if before is not None:
        return before
    if submission_in(session, participation, round_) is not None:
        raise DossierLocked("the dossier was submitted in this round")
    _check_window(session, participation, now)
    entries, _ = entries_of(session, participation, round_)
    if not entries:
        raise NothingToSubmit("nothing in the dossier can be submitted in this round")
    manifest = _manifest(participation, round_, entries)
    if sha256_hex(manifest.encode("utf-8")) != digest:
        raise DossierChanged("the dossier is no longer the one that was shown")
    submission = Submission(
        participation_id=participation.id,
        round_id=round_.id,
        digest=digest,
        manifest=manifest,
        submitted_at=now,
        submitted_by=actor,
    )
    session.add(submission)
    session.flush()
    session.execute(insert(SubmissionPin), [_pin(submission, entry) for entry in entries])
    enqueue(session, JobKind.MAKE_ITEMS, submission.public_id, now)
    enqueue(session, JobKind.FIND_DUPLICATES, submission.public_id, now)
    lists = sum(entry.kind is EntryKind.ROSTER for entry in entries)
    record(
        session,
        participation.chain,
        actor,
        Kind.SUBMITTED,
        now=now,
        submission=submission.public_id,
        round=round_.number,
        digest=digest,
        files=len(entries) - lists,
        lists=lists,
    )
    issue_submission_receipt(session, signer, submission, now)
    return submission


def submitted_as(session: Session, participation: Participation, digest: str) -> Submission | None:
    """The submission of a dossier with this digest, for a reply that was lost."""
    return session.scalar(
        select(Submission).where(
            Submission.participation_id == participation.id, Submission.digest == digest
        )
    )


def _check_window(session: Session, participation: Participation, now: datetime) -> None:
    window = window_now(session, participation)
    if not window.opens_at <= now <= last_moment(window):
        raise WindowClosed("the window of this stage is not open")


def _manifest(participation: Participation, round_: Round, entries: tuple[PinEntry, ...]) -> str:
    listed: list[Mapping[str, Json]] = [entry.spelled() for entry in entries]
    return canonical(
        {
            "v": MANIFEST_VERSION,
            "election": participation.election.code,
            "party": participation.party.public_id,
            "round": round_.number,
            "entries": listed,
        }
    )


def _pin(submission: Submission, entry: PinEntry) -> dict[str, Any]:
    is_file = entry.kind is EntryKind.FILE
    return {
        "submission_id": submission.id,
        "requirement_id": entry.requirement_id,
        "region_id": entry.region_id,
        "file_id": entry.key if is_file else None,
        "roster_version_id": None if is_file else entry.key,
        "digest": entry.digest,
    }
