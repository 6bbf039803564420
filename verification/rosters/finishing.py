"""The end of an import: counted once more, then made current, or left waiting for the party's word.

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
from verification.journal import record
from verification.journal_kinds import Kind
from verification.models import Member, RejectedRow, RosterVersion
from verification.rosters.confirming import (
    is_sent,
    locked_roster,
    people_of,
    put_in_force,
    question,
    wait,
)
from verification.rosters.difference import Difference
from verification.rosters.versions import SYSTEM, is_unchanged, judged_by, mark
from verification.slots import lock_dossier
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
    (a later one may have been faster). `waiting`: they do once the party has confirmed it.
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
    waiting: bool


def outcome(version: RosterVersion) -> Imported:
    """Of a version whose rows are all there."""
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
        waiting=version.stage == ListStage.WAITING,
    )


def finish(
    sessions: Sessions,
    staged: Staged,
    now: Callable[[], datetime],
    beat: Callable[[], None],
) -> Imported | None:
    """Make a staged version current, or let it wait; None when another became current meanwhile.

    Raises RowsLost.
    """
    with sessions.begin() as session:
        mark(session, staged.version_id, ListStage.COMPARING)
    with sessions.read() as session:
        # Counted where they are kept, whatever the importer believes to have written.
        stored, rejected = (
            session.scalar(select(func.count()).where(rows)) or 0
            for rows in (
                Member.of(staged.version_id),
                RejectedRow.version_id == staged.version_id,
            )
        )
    if staged.sent != stored + rejected:
        raise RowsLost(f"{staged.sent} sent, {stored} + {rejected} kept")
    beat()
    with sessions.begin() as session:
        return _conclude(session, staged, stored, rejected, now())


def _conclude(
    session: Session, staged: Staged, stored: int, rejected: int, now: datetime
) -> Imported | None:
    version = session.get_one(RosterVersion, staged.version_id)
    if ListStage(version.stage).is_whole:
        return outcome(version)
    asked = _asked(session, version, staged)
    if asked:
        # Before the list's row: whoever submits must see it wait, or be seen here.
        lock_dossier(session, version.file.participation)
    roster = locked_roster(session, version)
    if roster.current_version_id != staged.previous_id:
        return None
    _count(session, version, staged, stored, rejected)
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
    # What was submitted while it was read has had the party's word.
    if asked and roster.withdrawn_at is None and not is_sent(session, version):
        wait(session, version, now)
    else:
        put_in_force(session, version, file.uploaded_by, now)
    return outcome(version)


def _asked(session: Session, version: RosterVersion, staged: Staged) -> bool:
    previous = session.get(RosterVersion, staged.previous_id or 0)
    # What is older than the list in force will not take its place.
    if staged.merged or previous is None or previous.number > version.number:
        return False
    version.against = previous.number
    return question(people_of(previous), staged.difference) is not None


def _count(
    session: Session, version: RosterVersion, staged: Staged, stored: int, rejected: int
) -> None:
    version.merged_from_id = staged.previous_id if staged.merged else None
    version.sent, version.stored, version.rejected = staged.sent, stored, rejected
    version.warned, version.repeated = staged.warned, _spare(staged)
    version.added = staged.difference.added
    version.removed = staged.difference.removed
    version.changed = staged.difference.changed
    version.rows_digest = staged.rows_digest
    version.columns = {"headings": list(staged.headings), "rules": judged_by(version)}
    keep_tally(session, version.id, staged.tally)


def _spare(staged: Staged) -> int:
    return sum(line.rows - line.people for line in staged.tally)
