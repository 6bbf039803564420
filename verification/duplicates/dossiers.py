"""Which versions of its member lists a party has submitted: what is compared, and what counts.

A repair round pins only the lists it opens; of the others the version submitted before still stands.

Next station: `verification.duplicates.comparing`.
"""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from verification.jobs import NotYet
from verification.models import RosterVersion, Submission, SubmissionPin
from verification.models.process import Purpose, Requirement
from verification.states import ListStage


def submitted_versions(session: Session, submission: Submission) -> list[int]:
    """Of each list, the newest version that this submission or an earlier one pins; their ids.

    Raises NotYet while a list that was submitted is still being imported.
    """
    sent = select(Submission.id).where(
        Submission.participation_id == submission.participation_id, Submission.id <= submission.id
    )
    files = (
        select(SubmissionPin.file_id)
        .join(Requirement, Requirement.id == SubmissionPin.requirement_id)
        .where(
            SubmissionPin.submission_id.in_(sent),
            SubmissionPin.file_id.is_not(None),
            Requirement.purpose == Purpose.ROSTER.value,
        )
    )
    versions = select(SubmissionPin.roster_version_id).where(
        SubmissionPin.submission_id.in_(sent), SubmissionPin.roster_version_id.is_not(None)
    )
    pinned = session.scalars(
        select(RosterVersion)
        .where(or_(RosterVersion.id.in_(versions), RosterVersion.file_id.in_(files)))
        .order_by(RosterVersion.number)
    ).all()
    awaited = set(session.scalars(files)) - {version.file_id for version in pinned}
    if awaited or any(not ListStage(version.stage).is_over for version in pinned):
        raise NotYet("a list that was submitted is still being imported")
    newest = {
        version.roster_id: version
        for version in pinned
        if version.stage == ListStage.DONE and version.stored
    }
    return sorted(_rows_of(version) for version in newest.values())


def _rows_of(version: RosterVersion) -> int:
    """A file equal to the one before made a version without rows of its own."""
    unchanged = version.columns.get("unchanged") is True
    return (version.merged_from_id or version.id) if unchanged else version.id
