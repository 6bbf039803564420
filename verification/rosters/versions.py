"""A list's versions: opened when a file comes in, current once whole, failed with a reason.

Every version is kept. Readers follow `roster.current_version_id`, which moves in one transaction;
until then a new version's rows are nobody's.

Next station: `verification.rosters.importer`, which fills a version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from verification.errors import NotFound
from verification.jobs import JobKind, enqueue
from verification.journal import record
from verification.journal_kinds import Kind
from verification.models import ReceivedFile, Roster, RosterVersion
from verification.rosters.handover import Report
from verification.rosters.prescribed import prescribed
from verification.states import FileState, ListStage

SYSTEM = "system"
UNCLEAR = "list.columns_unclear"
UNKNOWN = "list.unknown_roster"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The version a file fills. `settled`: there is nothing left to do for it."""

    version_id: int
    roster: str
    settled: bool
    unchanged: bool
    confirmed: Mapping[str, int] | None


def open_version(session: Session, file: ReceivedFile, now: datetime) -> Opened:
    """The version of a list's file, made when there is none yet; calling again changes nothing.

    A file equal to the current version's is recorded as a version without rows of its own, and
    nothing is done. A file that corrects a list which is none of this party's is refused.
    """
    version = session.scalar(select(RosterVersion).where(RosterVersion.file_id == file.id))
    if version is None:
        corrected = _corrected(session, file)
        version = _new_version(session, corrected or _own_roster(session, file, now), file, now)
        if file.corrects is not None and corrected is None:
            refuse(session, version.id, UNKNOWN, {}, now)
    return Opened(
        version_id=version.id,
        roster=version.roster.public_id,
        settled=ListStage(version.stage).is_over,
        unchanged=is_unchanged(version),
        confirmed=version.columns.get("confirmed"),
    )


def is_unchanged(version: RosterVersion) -> bool:
    """Whether this version's file was the same, byte for byte, as the one before it."""
    return version.columns.get("unchanged") is True


def judged_by(version: RosterVersion) -> int:
    """The number of the rules a version is judged by; 0 when none had been prescribed."""
    return int(version.columns.get("rules", 0))


def judge_by(session: Session, version_id: int) -> None:
    """Judge a version by the rules that hold now, and keep their number."""
    version = session.get_one(RosterVersion, version_id)
    held = prescribed(session, version.roster.participation.election)
    version.columns = {**version.columns, "rules": held.version}


def mark(session: Session, version_id: int, stage: ListStage) -> None:
    """Show how far the list is; a version whose work is over stays as it is."""
    version = session.get_one(RosterVersion, version_id)
    if not ListStage(version.stage).is_over:
        version.stage = stage.value


def refuse(
    session: Session, version_id: int, code: str, params: Mapping[str, Any], now: datetime
) -> None:
    """The file as a whole is refused; the list stays as it was."""
    version = session.get_one(RosterVersion, version_id)
    if ListStage(version.stage).is_over:
        return
    version.stage = ListStage.FAILED.value
    version.done_at = now
    file = version.file
    file.state = FileState.REJECTED.value
    file.checked_at = now
    file.rejection = code
    file.rejection_params = dict(params)
    record(
        session,
        file.participation.chain,
        SYSTEM,
        Kind.ROSTER_FAILED,
        now=now,
        roster=version.roster.public_id,
        version=version.number,
        file=file.public_id,
        code=code,
    )


def ask(session: Session, version_id: int, report: Report, now: datetime) -> None:
    """The columns must be confirmed first: what is guessed is kept for the mapping page."""
    version = session.get_one(RosterVersion, version_id)
    version.columns = {**version.columns, "ask": report.mapping}
    version.sent = report.sent
    refuse(session, version_id, UNCLEAR, {}, now)


def confirm_columns(
    session: Session, version: RosterVersion, fields: Mapping[str, int], now: datetime
) -> None:
    """The party says which column is which, and the import starts again.

    `fields`: field to column index. Raises NotFound unless this version asked for it.
    """
    if version.stage != ListStage.FAILED or version.file.rejection != UNCLEAR:
        raise NotFound("this version asks for nothing")
    version.columns = {**version.columns, "confirmed": dict(fields)}
    version.stage = ListStage.STORED.value
    version.done_at = None
    file = version.file
    file.state, file.rejection, file.rejection_params = FileState.RECEIVED.value, None, {}
    enqueue(session, JobKind.IMPORT_ROSTER, file.public_id, now)


def _corrected(session: Session, file: ReceivedFile) -> Roster | None:
    """The list of this party that the file says it corrects, locked."""
    if file.corrects is None:
        return None
    return session.scalar(
        select(Roster)
        .where(Roster.participation_id == file.participation_id, Roster.public_id == file.corrects)
        .with_for_update()
    )


def _own_roster(session: Session, file: ReceivedFile, now: datetime) -> Roster:
    """The list of the file's requirement and region, locked; made with its first file."""
    # Two first files of one list at once: the party's row makes them queue up.
    session.refresh(file.participation, with_for_update=True)
    roster = session.scalar(
        select(Roster)
        .where(
            Roster.participation_id == file.participation_id,
            Roster.requirement_id == file.requirement_id,
            Roster.region_id == file.region_id,
        )
        .order_by(Roster.id)
        .limit(1)
        .with_for_update()
    )
    if roster is None:
        roster = Roster(
            participation_id=file.participation_id,
            requirement_id=file.requirement_id,
            region_id=file.region_id,
            created_at=now,
        )
        session.add(roster)
        session.flush()
    return roster


def _new_version(
    session: Session, roster: Roster, file: ReceivedFile, now: datetime
) -> RosterVersion:
    last = select(func.max(RosterVersion.number)).where(RosterVersion.roster_id == roster.id)
    version = RosterVersion(
        roster=roster,
        number=(session.scalar(last) or 0) + 1,
        file=file,
        created_at=now,
        columns={},
    )
    file.state = FileState.CHECKING.value
    current = session.get(RosterVersion, roster.current_version_id or 0)
    if current is not None and _nothing_new(session, roster, current, file):
        version.merged_from_id = current.id
        version.stage = ListStage.DONE.value
        version.done_at = now
        version.columns = {"unchanged": True, "rules": judged_by(current)}
        version.sent, version.stored = current.sent, current.stored
        version.rejected, version.warned = current.rejected, current.warned
        version.repeated = current.repeated
        version.added = version.removed = version.changed = 0
        version.rows_digest = current.rows_digest
        file.state = FileState.PASSED.value
        file.checked_at = now
        enqueue(session, JobKind.ISSUE_LIST_RECEIPT, file.public_id, now)
    session.add(version)
    session.flush()
    return version


def _nothing_new(
    session: Session, roster: Roster, current: RosterVersion, file: ReceivedFile
) -> bool:
    """The same bytes, judged by the same rules."""
    held = prescribed(session, roster.participation.election)
    same = current.file.sha256 == file.sha256 and judged_by(current) == held.version
    return same and roster.withdrawn_at is None
