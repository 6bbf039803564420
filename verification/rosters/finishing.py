"""The end of an import: counted once more, then made current.

Next station: `verification.issuing`, which signs the counts, and `verification.entries`, which pins the
version when the party submits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from verification.counting.tallies import keep_tally
from verification.db import Sessions
from verification.duplicates.within import TallyLine
from verification.errors import DomainError
from verification.jobs import JobKind, enqueue
from verification.journal import record
from verification.journal_kinds import Kind
from verification.models import Member, RejectedRow, Roster, RosterVersion
from verification.rosters.difference import Difference
from verification.rosters.versions import SYSTEM, is_unchanged, judged_by, mark
from verification.states import FileState, ListStage


class RowsLost(DomainError):
    """What was sent is not what was stored and rejected. A fault of ours; the version stays aside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A version whose rows are all there, with what was reckoned on the way.

    `warned`: rows with a warning; `tally`: by kabupaten/kota, a person in two rows counts once.
    """

    version_id: int
    previous_id: int | None
    merged: bool
    sent: int
    headings: tuple[str, ...]
    warned: int
    tally: tuple[TallyLine, ...]
    rows_digest: str
    difference: Difference


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of a list's file. `sent` = `stored` + `rejected`, always.

    `unchanged`: the file was the one before, nothing was done. `current`: readers see this version
    (a later one may have been faster).
    """

    version_id: int
    roster: str
    number: int
    sent: int
    stored: int
    rejected: int
    warned: int
    repeated: int
    added: int
    removed: int
    changed: int
    unchanged: bool
    current: bool


def outcome(version: RosterVersion) -> Imported:
    """Of a version that is done."""
    return Imported(
        version_id=version.id,
        roster=version.roster.public_id,
        number=version.number,
        sent=version.sent or 0,
        stored=version.stored or 0,
        rejected=version.rejected or 0,
        warned=version.warned or 0,
        repeated=version.repeated or 0,
        added=version.added or 0,
        removed=version.removed or 0,
        changed=version.changed or 0,
        unchanged=is_unchanged(version),
        current=version.roster.current_version_id == version.id,
    )


def finish(
    sessions: Sessions,
    staged: Staged,
    now: Callable[[], datetime],
    beat: Callable[[], None],
) -> Imported | None:
    """Make a staged version current; None when another one became current meanwhile.

    Raises RowsLost.
    """
    with sessions.begin() as session:
        mark(session, staged.version_id, ListStage.COMPARING)
    with sessions.read() as session:
        # Counted where they are kept, whatever the importer believes to have written.
        stored, rejected = (
            session.scalar(select(func.count()).where(table.version_id == staged.version_id)) or 0
            for table in (Member, RejectedRow)
        )
    if staged.sent != stored + rejected:
        raise RowsLost(f"{staged.sent} sent, {stored} + {rejected} kept")
    beat()
    with sessions.begin() as session:
        return _make_current(session, staged, stored, rejected, now())


def _make_current(
    session: Session, staged: Staged, stored: int, rejected: int, now: datetime
) -> Imported | None:
    version = session.get_one(RosterVersion, staged.version_id)
    if version.stage == ListStage.DONE:
        return outcome(version)
    roster = session.scalars(
        select(Roster).where(Roster.id == version.roster_id).with_for_update()
    ).one()
    if roster.current_version_id != staged.previous_id:
        return None
    previous = session.get(RosterVersion, staged.previous_id or 0)
    if previous is None or previous.number < version.number:
        roster.current_version_id = version.id
        roster.withdrawn_at = roster.withdrawn_by = roster.withdrawn_reason = None
    version.merged_from_id = staged.previous_id if staged.merged else None
    version.sent, version.stored, version.rejected = staged.sent, stored, rejected
    version.warned, version.repeated = staged.warned, _spare(staged)
    version.added = staged.difference.added
    version.removed = staged.difference.removed
    version.changed = staged.difference.changed
    version.rows_digest = staged.rows_digest
    version.columns = {"headings": list(staged.headings), "rules": judged_by(version)}
    keep_tally(session, version.id, staged.tally)
    version.stage = ListStage.DONE.value
    version.done_at = now
    file = version.file
    file.state, file.checked_at = FileState.PASSED.value, now
    record(
        session,
        file.participation.chain,
        SYSTEM,
        Kind.ROSTER_IMPORTED,
        now=now,
        roster=roster.public_id,
        version=version.number,
        file=file.public_id,
        sent=staged.sent,
        stored=stored,
        rejected=rejected,
        rows_digest=staged.rows_digest,
    )
    enqueue(session, JobKind.ISSUE_LIST_RECEIPT, file.public_id, now)
    return outcome(version)


def _spare(staged: Staged) -> int:
    return sum(line.rows - line.people for line in staged.tally)
