"""A file's way through its check: taken up, judged, and what was found kept beside it.

A check may be run twice, because its worker may die; the second run replaces what the first one found.
A file that was submitted before it was checked stays submitted: what is found then is a finding that
the verifier sees.

Next station: `verification.entries` for the dossier, the desk for the findings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePath
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, joinedload

from verification.journal import record
from verification.journal_kinds import Kind
from verification.models import Finding, ReceivedFile
from verification.states import FileState

DUPLICATE = "file.duplicate"
ERROR = "error"
UNCHECKED = (FileState.RECEIVED.value, FileState.CHECKING.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToCheck:
    """What a check needs to know of a file, taken out of the session. `suffix` without its dot."""

    public_id: str
    purpose: str
    size: int
    sha256: str
    declared_sha256: str | None
    accepts: tuple[str, ...]
    filename: str = field(repr=False)

    @property
    def suffix(self) -> str:
        return PurePath(self.filename).suffix.removeprefix(".")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One thing a check noticed; `severity` is `error` or `warning`; no personal data in `params`."""

    code: str
    severity: str
    params: Mapping[str, Any] = field(default_factory=dict)


def begin_check(session: Session, public_id: str, now: datetime) -> ToCheck | None:
    """Take a file up; None when nothing is left to check: erased, checked, or the same file twice."""
    file = _locked(session, public_id)
    if file is None or file.state not in UNCHECKED:
        return None
    twin = twin_of(session, file)
    if twin is not None:
        found = Found(code=DUPLICATE, severity=ERROR, params={"file": twin})
        finish_check(session, public_id, [found], now=now)
        return None
    file.state = FileState.CHECKING.value
    return to_check(file)


def to_check(file: ReceivedFile) -> ToCheck:
    """What is known of a file, to be held against what lies on disk."""
    return ToCheck(
        public_id=file.public_id,
        purpose=file.purpose,
        size=file.size,
        sha256=file.sha256,
        declared_sha256=file.declared_sha256,
        accepts=tuple(file.requirement.accepts),
        filename=file.filename,
    )


def finish_check(
    session: Session,
    public_id: str,
    findings: Iterable[Found],
    *,
    now: datetime,
    detected_type: str | None = None,
    pages: int | None = None,
) -> ReceivedFile | None:
    """Keep what a check found; an error rejects the file. None when it was erased or judged meanwhile."""
    file = _locked(session, public_id)
    if file is None or file.state not in UNCHECKED:
        return None
    found = list(findings)
    session.execute(delete(Finding).where(Finding.file_id == file.id))
    session.add_all(
        Finding(file_id=file.id, code=each.code, severity=each.severity, params=dict(each.params))
        for each in found
    )
    file.checked_at = now
    file.detected_type = detected_type
    file.pages = pages
    refused = next((each for each in found if each.severity == ERROR), None)
    if refused is None:
        file.state = FileState.PASSED.value
        record(
            session, file.participation.chain, "system", Kind.FILE_PASSED,
            now=now, file=file.public_id, pages=pages, findings=len(found),
        )  # fmt: skip
        return file
    file.state = FileState.REJECTED.value
    file.rejection, file.rejection_params = refused.code, dict(refused.params)
    record(
        session, file.participation.chain, "system", Kind.FILE_REJECTED,
        now=now, file=file.public_id, code=refused.code,
    )  # fmt: skip
    return file


def findings_of(session: Session, file: ReceivedFile) -> list[Finding]:
    """What the check noticed, errors first."""
    return list(
        session.scalars(
            select(Finding).where(Finding.file_id == file.id).order_by(Finding.severity, Finding.id)
        )
    )


def twin_of(session: Session, file: ReceivedFile) -> str | None:
    """The public id of an earlier file with the same bytes in the same slot that still counts."""
    return session.scalar(
        select(ReceivedFile.public_id)
        .where(
            ReceivedFile.participation_id == file.participation_id,
            ReceivedFile.sha256 == file.sha256,
            ReceivedFile.requirement_id == file.requirement_id,
            ReceivedFile.region_id == file.region_id,
            ReceivedFile.id < file.id,
            ReceivedFile.withdrawn_at.is_(None),
            ReceivedFile.state != FileState.REJECTED.value,
        )
        .order_by(ReceivedFile.id)
        .limit(1)
    )


def _locked(session: Session, public_id: str) -> ReceivedFile | None:
    # Two workers may hold the same job for a moment, when a lease has run out under the first.
    return session.scalar(
        select(ReceivedFile)
        .where(ReceivedFile.public_id == public_id)
        .options(joinedload(ReceivedFile.requirement))
        .with_for_update(of=ReceivedFile)
        .execution_options(populate_existing=True)
    )
