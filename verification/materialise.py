"""A submission becomes review items, a batch at a time, each in its own short transaction.

Progress stands in the submission's row and is written with the items it counts, so a killed worker
costs nothing and makes nothing twice; UNIQUE(submission, subject) is the second lock. National
documents go to KPU RI, provincial ones to the province, everything below and every member to the
kabupaten/kota.

Next station: `verification.queue`, where verifiers take the items.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import takewhile
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from verification.item_making import Wanted, make
from verification.jobs import NotYet
from verification.journal import record
from verification.journal_kinds import Kind
from verification.models import (
    Member,
    Region,
    Requirement,
    RosterVersion,
    Submission,
    SubmissionPin,
)
from verification.models.process import Purpose
from verification.reference import office_for, office_ids
from verification.slots import DOCUMENT, MEMBER, document_key
from verification.states import ListStage, SubmissionState

BATCH = 250


def make_items(session: Session, submission: Submission, batch: int, now: datetime) -> bool:
    """Make about `batch` items; True when all stand in the queue. May be called again at any time.

    Raises NotYet while a list that was submitted is still being imported.
    """
    submission = session.scalars(
        select(Submission)
        .where(Submission.id == submission.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    if submission.state == SubmissionState.QUEUED:
        return True
    pins = _next_pins(session, submission, batch)
    if not pins:
        return _finish(session, submission, now)
    # Pins come in order: the documents that stand before the next list, or that list.
    files = list(takewhile(lambda pin: not _is_list(pin), pins))
    if files:
        make(session, submission, _of_documents(session, files), now)
        submission.pins_done += len(files)
    else:
        _make_members(session, submission, pins[0], batch, now)
    session.flush()
    return False


def _next_pins(session: Session, submission: Submission, batch: int) -> list[Any]:
    return list(
        session.execute(
            select(
                SubmissionPin.id,
                SubmissionPin.file_id,
                SubmissionPin.roster_version_id.label("version_id"),
                SubmissionPin.requirement_id,
                SubmissionPin.region_id,
                Requirement.code.label("requirement"),
                Requirement.purpose,
                Requirement.reviewed,
                Region.code.label("region"),
            )
            .join(Requirement, Requirement.id == SubmissionPin.requirement_id)
            .join(Region, Region.id == SubmissionPin.region_id)
            .where(SubmissionPin.submission_id == submission.id)
            .order_by(SubmissionPin.id)
            .offset(submission.pins_done)
            .limit(batch)
        )
    )


def _is_list(pin: Any) -> bool:
    return pin.version_id is not None or pin.purpose == Purpose.ROSTER


def _of_documents(session: Session, pins: Sequence[Any]) -> list[Wanted]:
    offices = office_ids(session)
    wanted = {}
    for pin in pins:
        if pin.purpose == Purpose.DOCUMENT and pin.reviewed:
            # Several files of one slot are one item.
            key = document_key(pin.requirement, pin.region)
            wanted[key] = Wanted(
                kind=DOCUMENT,
                key=key,
                requirement_id=pin.requirement_id,
                region_id=pin.region_id,
                office_id=office_for(offices, pin.region),
            )
    return list(wanted.values())


def _make_members(
    session: Session, submission: Submission, pin: Any, batch: int, now: datetime
) -> None:
    version = _imported_version(session, pin)
    rows: Sequence[Any] = ()
    if version is not None and pin.reviewed and not _replaced(session, submission, version):
        rows = session.execute(
            select(Member.id, Member.line, Member.subject_key, Member.regency_code)
            .where(Member.of(version.id, submission.next_line - 1))
            .order_by(Member.id)
            .limit(batch)
        ).all()
    if not rows:
        submission.pins_done += 1
        submission.next_line = 0
        return
    make(session, submission, _of_members(session, submission, pin, rows), now)
    submission.next_line = rows[-1].line + 1


def _imported_version(session: Session, pin: Any) -> RosterVersion | None:
    if pin.version_id is not None:
        return session.get(RosterVersion, pin.version_id)
    version = session.scalar(select(RosterVersion).where(RosterVersion.file_id == pin.file_id))
    if version is None or not ListStage(version.stage).is_over:
        raise NotYet("the list is still being imported")
    return version if version.stage == ListStage.DONE else None


def _replaced(session: Session, submission: Submission, version: RosterVersion) -> bool:
    """Whether the same submission holds a newer version of the list, imported since."""
    newer = session.scalars(
        select(RosterVersion)
        .join(SubmissionPin, SubmissionPin.file_id == RosterVersion.file_id)
        .where(
            SubmissionPin.submission_id == submission.id,
            RosterVersion.roster_id == version.roster_id,
            RosterVersion.number > version.number,
        )
    ).all()
    if any(not ListStage(each.stage).is_over for each in newer):
        raise NotYet("a newer version of the list is still being imported")
    return any(each.stage == ListStage.DONE and each.stored for each in newer)


def _of_members(
    session: Session, submission: Submission, pin: Any, rows: Sequence[Any]
) -> list[Wanted]:
    offices = office_ids(session)
    regions = _region_ids(session, submission, {row.regency_code for row in rows})
    wanted: dict[str, Wanted] = {}
    for row in rows:
        # The same person twice in one list is one subject; the first row stands for it.
        wanted.setdefault(
            row.subject_key,
            Wanted(
                kind=MEMBER,
                key=row.subject_key,
                requirement_id=pin.requirement_id,
                region_id=regions.get(row.regency_code, pin.region_id),
                office_id=office_for(offices, row.regency_code),
                member_id=row.id,
            ),
        )
    return list(wanted.values())


def _region_ids(session: Session, submission: Submission, codes: set[str]) -> dict[str, int]:
    known = select(Region.code, Region.id).where(
        Region.region_set_id == submission.participation.election.region_set_id,
        Region.code.in_(codes),
    )
    return dict(session.execute(known).all())


def _finish(session: Session, submission: Submission, now: datetime) -> bool:
    submission.state = SubmissionState.QUEUED.value
    record(
        session,
        submission.participation.chain,
        "system",
        Kind.QUEUED,
        now=now,
        submission=submission.public_id,
        items=submission.items_made,
    )
    return True
