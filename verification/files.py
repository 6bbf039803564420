"""A party's files: what it has, taking one back, bringing it again, and erasing for good.

Nothing a party takes back is lost: the row stays with who, when and why. Erasing is the exception, it
leaves a tombstone that reconciling and restoring honour, and a legal hold stops it.

Next station: `verification.entries` leaves out what was withdrawn.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from verification.errors import NotAllowed, OnHold, ReasonRequired
from verification.journal import record
from verification.journal_kinds import Kind
from verification.models import (
    Participation,
    ReceivedFile,
    Region,
    Requirement,
    Roster,
    RosterVersion,
    Scan,
    ScanChoice,
    Tombstone,
)
from verification.reference import Scope
from verification.rosters.confirming import check_list_open, discard_with_file
from verification.slots import check_open, lock_dossier
from verification.states import FileState, ListStage


def derived_path(root: Path, public_id: str) -> Path:
    """Where the images of a file lie below `root`, the rebuildable cache."""
    return root / public_id[:2] / public_id


def files_in(
    session: Session,
    participation: Participation,
    requirement: Requirement | None = None,
    region: Region | None = None,
    *,
    scope: Scope | None = None,
    state: FileState | str | None = None,
    purpose: str | None = None,
    withdrawn: bool = False,
    before: int | None = None,
    limit: int = 100,
) -> list[ReceivedFile]:
    """A party's files, the newest first; `before` is the inner key of the last one seen.

    Without `withdrawn` only those that count.
    """
    query = (
        select(ReceivedFile)
        .where(ReceivedFile.participation_id == participation.id)
        .order_by(ReceivedFile.id.desc())
        .limit(limit)
    )
    if requirement is not None:
        # Files sent under an earlier version of the requirement belong to it as well.
        versions = select(Requirement.id).where(
            Requirement.election_id == requirement.election_id,
            Requirement.code == requirement.code,
        )
        query = query.where(ReceivedFile.requirement_id.in_(versions))
    if region is not None:
        query = query.where(ReceivedFile.region_id == region.id)
    if scope is not None:
        query = query.where(ReceivedFile.region_id.in_(scope.region_ids(participation.election)))
    if state is not None:
        query = query.where(ReceivedFile.state == str(state))
    if purpose is not None:
        query = query.where(ReceivedFile.purpose == purpose)
    if not withdrawn:
        query = query.where(ReceivedFile.withdrawn_at.is_(None))
    if before is not None:
        query = query.where(ReceivedFile.id < before)
    return list(session.scalars(query))


def withdraw(
    session: Session, file: ReceivedFile, *, actor: str, reason: str, now: datetime
) -> ReceivedFile:
    """Take a file back; it stays, marked. Withdrawing what is withdrawn changes nothing.

    Raises ReasonRequired, DossierLocked.
    """
    if not reason.strip():
        raise ReasonRequired("a withdrawal needs a reason")
    check_file_open(session, file)
    if file.withdrawn_at is not None:
        return file
    file.withdrawn_at, file.withdrawn_by, file.withdrawn_reason = now, actor, reason[:400]
    record(
        session, file.participation.chain, actor, Kind.FILE_WITHDRAWN,
        now=now, note=reason, file=file.public_id,
    )  # fmt: skip
    roster = _list_read_from(session, file)
    if roster is not None:
        withdraw_roster(session, roster, actor=actor, reason=reason, now=now)
    discard_with_file(session, file, actor=actor, now=now)
    return file


def restore(session: Session, file: ReceivedFile, *, actor: str, now: datetime) -> ReceivedFile:
    """Bring a withdrawn file again. Raises DossierLocked, NotAllowed (it was erased)."""
    check_file_open(session, file)
    if session.get(Tombstone, file.public_id) is not None:
        raise NotAllowed("the file was erased")
    if file.withdrawn_at is None:
        return file
    file.withdrawn_at = file.withdrawn_by = file.withdrawn_reason = None
    record(
        session, file.participation.chain, actor, Kind.FILE_RESTORED,
        now=now, file=file.public_id,
    )  # fmt: skip
    roster = _list_read_from(session, file)
    if roster is not None:
        restore_roster(session, roster, actor=actor, now=now)
    return file


def erase(
    session: Session, file: ReceivedFile, *, actor: str, reason: str, now: datetime
) -> Tombstone:
    """Erase a file's personal data and mark it so that no reconciling brings it back.

    The bytes are the edge's to remove, after two backups. The row stays without its name, because the
    journal speaks of it. Raises OnHold, ReasonRequired, NotAllowed (a list whose rows are in use).
    """
    if not reason.strip():
        raise ReasonRequired("erasing needs a reason")
    known = session.get(Tombstone, file.public_id)
    if known is not None:
        return known
    _refuse_held(session, file)
    _refuse_used_list(session, file)
    for table in (Scan, ScanChoice):
        session.execute(delete(table).where(table.file_id == file.id))
    file.filename = ""
    if file.withdrawn_at is None:
        file.withdrawn_at, file.withdrawn_by, file.withdrawn_reason = now, actor, reason[:400]
    stone = Tombstone(public_id=file.public_id, erased_at=now, actor=actor, reason=reason[:400])
    session.add(stone)
    record(
        session, file.participation.chain, actor, Kind.FILE_ERASED,
        now=now, note=reason, file=file.public_id,
    )  # fmt: skip
    return stone


def set_hold(
    session: Session, file: ReceivedFile, *, hold: bool, actor: str, reason: str, now: datetime
) -> None:
    """Put a legal hold on a file, or lift it. Raises ReasonRequired."""
    if not reason.strip():
        raise ReasonRequired("a hold needs a reason")
    if file.hold == hold:
        return
    file.hold = hold
    kind = Kind.HOLD_SET if hold else Kind.HOLD_LIFTED
    record(
        session, file.participation.chain, actor, kind,
        now=now, note=reason, file=file.public_id,
    )  # fmt: skip


def withdraw_roster(
    session: Session, roster: Roster, *, actor: str, reason: str, now: datetime
) -> Roster:
    """Take a whole member list back, all its versions. Raises ReasonRequired, DossierLocked."""
    if not reason.strip():
        raise ReasonRequired("a withdrawal needs a reason")
    check_list_open(session, roster)
    if roster.withdrawn_at is not None:
        return roster
    roster.withdrawn_at, roster.withdrawn_by, roster.withdrawn_reason = now, actor, reason[:400]
    record(
        session, roster.participation.chain, actor, Kind.ROSTER_WITHDRAWN,
        now=now, note=reason, roster=roster.public_id, members=_members_of(session, roster),
    )  # fmt: skip
    return roster


def restore_roster(session: Session, roster: Roster, *, actor: str, now: datetime) -> Roster:
    """Bring a withdrawn member list again. Raises DossierLocked."""
    check_list_open(session, roster)
    if roster.withdrawn_at is None:
        return roster
    roster.withdrawn_at = roster.withdrawn_by = roster.withdrawn_reason = None
    record(
        session, roster.participation.chain, actor, Kind.ROSTER_RESTORED,
        now=now, roster=roster.public_id, members=_members_of(session, roster),
    )  # fmt: skip
    return roster


def _members_of(session: Session, roster: Roster) -> int:
    version = session.get(RosterVersion, roster.current_version_id or 0)
    return version.stored or 0 if version is not None else 0


def _list_read_from(session: Session, file: ReceivedFile) -> Roster | None:
    """The list whose current version was read from this file."""
    return session.scalar(
        select(Roster)
        .join(RosterVersion, RosterVersion.id == Roster.current_version_id)
        .where(RosterVersion.file_id == file.id)
    )


def check_file_open(session: Session, file: ReceivedFile) -> None:
    """Whether a file's slot may be changed; the dossier stays locked against others until the end.

    Raises DossierLocked.
    """
    lock_dossier(session, file.participation)
    check_open(session, file.participation, file.requirement, file.region)


def _refuse_held(session: Session, file: ReceivedFile) -> None:
    held = file.hold or session.scalar(
        select(Scan.id).where(Scan.file_id == file.id, Scan.hold).limit(1)
    )
    if held:
        raise OnHold("a legal hold forbids erasing this file")


def _refuse_used_list(session: Session, file: ReceivedFile) -> None:
    used = session.scalar(
        select(RosterVersion.id).where(
            RosterVersion.file_id == file.id, RosterVersion.stage != ListStage.FAILED.value
        )
    )
    if used is not None:
        raise NotAllowed("the rows of this list are in use")
