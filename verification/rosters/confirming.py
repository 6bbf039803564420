"""A whole list that would take many people out of the one in force waits for the party's word.

A wrong file is a whole list as well: an old one, a part, another kabupaten's. Its rows are all there
while it waits, the list in force stays, and the party's yes or no is one transaction. Either may be
taken back until the dossier is sent.

Next station: `verification.entries`, which sends what is in force.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from verification.errors import NotAllowed
from verification.jobs import JobKind, enqueue
from verification.journal import record
from verification.journal_kinds import Kind
from verification.models import (
    ReceivedFile,
    Region,
    Requirement,
    Roster,
    RosterVersion,
    SubmissionPin,
)
from verification.rosters.difference import Difference
from verification.rosters.versions import SYSTEM
from verification.slots import check_open, lock_dossier
from verification.states import FileState, ListStage

# More than a tenth of the people, for a tenth may decide whether a kabupaten/kota fulfils its number;
# or more than the 1,000 that is the most any of them is asked for. Fewer than ten are a correction.
TENTH = 10
MOST_REMOVED = 1_000
FEWEST_REMOVED = 10
# A list of some size that more than doubles is mostly two lists in one file.
GROWN = 2


class Question(StrEnum):
    """Why the party is asked."""

    REMOVES = "removes"
    GROWS = "grows"


def question(before: int, difference: Difference) -> Question | None:
    """What has to be asked about a list that replaces one of `before` people; None: nothing."""
    if difference.removed > max(FEWEST_REMOVED, min(MOST_REMOVED, before // TENTH)):
        return Question.REMOVES
    after = before - difference.removed + difference.added
    return Question.GROWS if before >= MOST_REMOVED and after > GROWN * before else None


def question_of(version: RosterVersion, before: RosterVersion) -> Question | None:
    """Of a version that has been compared with `before`."""
    difference = Difference(
        added=version.added or 0, removed=version.removed or 0, changed=version.changed or 0
    )
    return question(people_of(before), difference)


def people_of(version: RosterVersion) -> int:
    """Different people in a version; who is in two rows counts once."""
    return (version.stored or 0) - (version.repeated or 0)


def standing(session: Session, version: RosterVersion) -> RosterVersion | None:
    """The version that a whole list was compared with."""
    return session.scalar(
        select(RosterVersion).where(
            RosterVersion.roster_id == version.roster_id, RosterVersion.number == version.against
        )
    )


def is_sent(session: Session, version: RosterVersion) -> bool:
    """Whether a submission holds this version, or its file, as it was still being read."""
    pinned = or_(
        SubmissionPin.roster_version_id == version.id, SubmissionPin.file_id == version.file_id
    )
    return bool(session.scalar(select(exists().where(pinned))))


def wait(session: Session, version: RosterVersion, now: datetime) -> None:
    """A staged version waits; an older one that waits has become pointless."""
    version.stage = ListStage.WAITING.value
    _told(session, version, SYSTEM, Kind.ROSTER_WAITING, now)
    _overtake(session, version, now)


def put_in_force(session: Session, version: RosterVersion, actor: str, now: datetime) -> None:
    """A version whose rows are all there becomes the list, unless a later one already is.

    The list's row is locked by the caller. `actor`: by whose word.
    """
    roster = version.roster
    previous = session.get(RosterVersion, roster.current_version_id or 0)
    version.stage, version.done_at = ListStage.DONE.value, now
    if previous is None or previous.number < version.number:
        roster.current_version_id = version.id
        roster.withdrawn_at = roster.withdrawn_by = roster.withdrawn_reason = None
        if version.against is not None and version.removed:
            _told(session, version, actor, Kind.ROSTER_REPLACED, now)
        _overtake(session, version, now)
    enqueue(session, JobKind.ISSUE_LIST_RECEIPT, version.file.public_id, now)


def confirm(session: Session, version: RosterVersion, *, actor: str, now: datetime) -> bool:
    """The party says yes, at once or after a no. False: the list in force is another one by now, so
    the worker compares them again and asks again.

    Raises NotAllowed (nothing is asked, or a later list is in force), DossierLocked.
    """
    roster = _lock(session, version)
    if version.stage == ListStage.DONE and roster.current_version_id == version.id:
        return True
    if version.stage not in (ListStage.WAITING, ListStage.DISCARDED):
        raise NotAllowed("this version waits for nobody")
    current = session.get(RosterVersion, roster.current_version_id or 0)
    if version.file.withdrawn_at is not None or (current and current.number > version.number):
        raise NotAllowed("a later list is in force, or the file was taken back")
    if current is not None and current.number != version.against:
        version.stage = ListStage.STORED.value
        version.file.state = FileState.RECEIVED.value
        enqueue(session, JobKind.IMPORT_ROSTER, version.file.public_id, now)
        return False
    put_in_force(session, version, actor, now)
    return True


def discard(session: Session, version: RosterVersion, *, actor: str, now: datetime) -> None:
    """The party says no, or takes its yes back: then the list before is in force again.

    Raises NotAllowed (the version is not the one in force, replaced none, or was submitted),
    DossierLocked.
    """
    roster = _lock(session, version)
    if version.stage == ListStage.DISCARDED:
        return
    if version.stage != ListStage.WAITING:
        before = standing(session, version)
        if roster.current_version_id != version.id or before is None or is_sent(session, version):
            raise NotAllowed("this version cannot be given back")
        roster.current_version_id = before.id
    _drop(session, version, actor, now)


def discard_with_file(session: Session, file: ReceivedFile, *, actor: str, now: datetime) -> None:
    """A file that was taken back waits for nothing any more."""
    version = session.scalar(
        select(RosterVersion).where(
            RosterVersion.file_id == file.id, RosterVersion.stage == ListStage.WAITING.value
        )
    )
    if version is not None:
        discard(session, version, actor=actor, now=now)


def check_list_open(session: Session, roster: Roster) -> None:
    """Whether a list may be changed; the dossier stays locked against others until the end.

    Raises DossierLocked.
    """
    lock_dossier(session, roster.participation)
    requirement = session.get_one(Requirement, roster.requirement_id)
    region = session.get_one(Region, roster.region_id)
    check_open(session, roster.participation, requirement, region)


def locked_roster(session: Session, version: RosterVersion) -> Roster:
    """The version's list, locked and read anew."""
    return session.scalars(
        select(Roster)
        .where(Roster.id == version.roster_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def _lock(session: Session, version: RosterVersion) -> Roster:
    # The dossier first, then the list: whoever opens a list locks them in this order.
    check_list_open(session, version.roster)
    roster = locked_roster(session, version)
    session.refresh(version)
    return roster


def _overtake(session: Session, version: RosterVersion, now: datetime) -> None:
    """Lists that still wait from before are not asked about any more."""
    older = select(RosterVersion).where(
        RosterVersion.roster_id == version.roster_id,
        RosterVersion.number < version.number,
        RosterVersion.stage == ListStage.WAITING.value,
    )
    for each in session.scalars(older).all():
        _drop(session, each, SYSTEM, now)


def _drop(session: Session, version: RosterVersion, actor: str, now: datetime) -> None:
    was = "waiting" if version.stage == ListStage.WAITING else "current"
    version.stage = ListStage.DISCARDED.value
    _told(session, version, actor, Kind.ROSTER_DISCARDED, now, was=was)


def _told(
    session: Session, version: RosterVersion, actor: str, kind: Kind, now: datetime, **more: str
) -> None:
    record(
        session,
        version.file.participation.chain,
        actor,
        kind,
        now=now,
        roster=version.roster.public_id,
        version=version.number,
        against=version.against,
        added=version.added,
        removed=version.removed,
        changed=version.changed,
        **more,
    )
