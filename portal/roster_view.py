"""A member list as its party sees it: stage, counts, place in line.

Next station: the list's page, `GET /api/v1/rosters/{id}`; `portal.roster_exports` has its rows.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from verification import jobs
from verification.errors import NotFound
from verification.issuing import receipt_of
from verification.jobs import JobKind
from verification.models import (
    Receipt,
    ReceivedFile,
    Region,
    Requirement,
    Roster,
    RosterVersion,
)
from verification.receipts import Kind
from verification.rosters import confirming
from verification.states import ListStage

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacing:
    """What the newest version does to the list before it: counts of people, and what may be said."""

    version: int
    stage: str
    against: int
    question: str | None
    before: int
    after: int
    added: int
    removed: int
    changed: int
    may_confirm: bool
    may_discard: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterView:
    """A list, or a list's file whose import has not begun (`roster` is None then).

    `shown`: the version the numbers are of: the newest that was not discarded. `position`: its
    import's place in line, 0 when it has none. `receipt`: serial of the receipt of its counts, once
    they are signed.
    """

    public_id: str
    requirement: Requirement
    region: Region
    file: ReceivedFile
    roster: Roster | None
    shown: RosterVersion | None
    versions: tuple[RosterVersion, ...]
    position: int
    receipt: str | None = None
    replacing: Replacing | None = None

    @property
    def stage(self) -> str:
        return self.shown.stage if self.shown is not None else ListStage.STORED.value


def view_of(session: Session, roster: Roster) -> RosterView:
    """A list with all its versions, newest first."""
    versions = tuple(
        session.scalars(
            select(RosterVersion)
            .where(RosterVersion.roster_id == roster.id)
            .order_by(RosterVersion.number.desc())
        )
    )
    if not versions:
        raise NotFound("a list without a version")
    shown = next((each for each in versions if each.stage != ListStage.DISCARDED), versions[0])
    file = shown.file
    receipt = list_receipt(session, shown)
    return RosterView(
        public_id=roster.public_id,
        requirement=session.get_one(Requirement, roster.requirement_id),
        region=session.get_one(Region, roster.region_id),
        file=file,
        roster=roster,
        shown=shown,
        versions=versions,
        position=jobs.position(session, JobKind.IMPORT_ROSTER, file.public_id),
        receipt=receipt.serial if receipt else None,
        replacing=_replacing(session, roster, versions[0]),
    )


def _replacing(session: Session, roster: Roster, version: RosterVersion) -> Replacing | None:
    stage, in_force = version.stage, roster.current_version_id == version.id
    before = confirming.standing(session, version) if version.against is not None else None
    taken = stage == ListStage.DONE and in_force and version.removed
    if before is None or not (taken or stage in (ListStage.WAITING, ListStage.DISCARDED)):
        return None
    return Replacing(
        version=version.number,
        stage=stage,
        against=before.number,
        question=confirming.question_of(version, before),
        before=confirming.people_of(before),
        after=confirming.people_of(version),
        added=version.added or 0,
        removed=version.removed or 0,
        changed=version.changed or 0,
        may_confirm=not in_force and version.file.withdrawn_at is None,
        may_discard=stage == ListStage.WAITING
        or (in_force and not confirming.is_sent(session, version)),
    )


def list_receipt(session: Session, version: RosterVersion) -> Receipt | None:
    """The receipt of a version's counts, once it is issued."""
    return receipt_of(session, Kind.LIST, version.file.public_id)


def waiting_view(session: Session, file: ReceivedFile) -> RosterView:
    """A list's file that nobody has begun to read; it is known by the file's id."""
    return RosterView(
        public_id=file.public_id,
        requirement=file.requirement,
        region=file.region,
        file=file,
        roster=None,
        shown=None,
        versions=(),
        position=jobs.position(session, JobKind.IMPORT_ROSTER, file.public_id),
    )


def version_of(session: Session, roster: Roster, number: int | None = None) -> RosterVersion:
    """A version by its number; without one the current, else the newest. Raises NotFound."""
    query = select(RosterVersion).where(RosterVersion.roster_id == roster.id)
    if number is not None:
        query = query.where(RosterVersion.number == number)
    elif roster.current_version_id is not None:
        query = query.where(RosterVersion.id == roster.current_version_id)
    found = session.scalars(query.order_by(RosterVersion.number.desc()).limit(1)).first()
    if found is None:
        raise NotFound("version of a list")
    return found
