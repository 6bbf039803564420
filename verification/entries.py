"""What of a dossier a submission would pin: files and versions of lists, by id and digest.

Files that are received and not yet checked go in, a later failed check becomes a finding; what the
system has rejected stays out and is named, and so is a list that waits for the party's word. A list
goes in as its imported version, or as its file while the import still runs. A repair round takes only
what it opens, and of a document's files the new ones.

Next station: `verification.submission` writes the manifest of these.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from verification.canonical import Json
from verification.models import (
    Participation,
    ReceivedFile,
    Region,
    Requirement,
    Roster,
    RosterVersion,
    Round,
    Submission,
    SubmissionPin,
)
from verification.models.process import Purpose
from verification.slots import document_key, documents_to_repair, is_repair, members_to_repair
from verification.states import FileState, ListStage


class EntryKind(StrEnum):
    """A file, or a version of a member list."""

    FILE = "file"
    ROSTER = "roster"


class Why(StrEnum):
    """Why a file that is here would not go in."""

    REJECTED = "rejected"
    NOT_OPEN = "not_open"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PinEntry:
    """One thing that goes in. `key` is inner; `public_id` and `version` name it outside; bytes."""

    kind: EntryKind
    key: int
    public_id: str
    version: int
    requirement_id: int
    requirement: str
    region_id: int
    region: str
    digest: str
    size: int
    state: str

    def spelled(self) -> dict[str, Json]:
        """The entry in the manifest: it does not change while the same thing is being checked."""
        return {
            "kind": self.kind.value,
            "id": self.public_id,
            "version": self.version,
            "requirement": self.requirement,
            "region": self.region,
            "sha256": self.digest,
            "size": self.size,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A file that is here and does not go in."""

    public_id: str
    requirement: str
    region: str
    why: Why


def entries_of(
    session: Session, participation: Participation, round_: Round
) -> tuple[tuple[PinEntry, ...], tuple[Left, ...]]:
    """What would be pinned in a round, in the manifest's order, and what would be left."""
    chosen, left = _sort_out(_files(session, participation, round_))
    if is_repair(session, round_):
        chosen, closed = _only_open(session, participation, round_, chosen)
        left += closed
    entries = [_file_entry(row) for row in chosen] + _lists(session, participation, round_)
    entries.sort(key=lambda entry: (entry.requirement, entry.region, entry.kind, entry.public_id))
    return tuple(entries), tuple(left)


def _files(session: Session, participation: Participation, round_: Round) -> list[Any]:
    # A list's file stands for its list only until the import has made a version of it. One that waits
    # for the party's word stands for nothing: the list in force goes in.
    imported = exists().where(
        RosterVersion.file_id == ReceivedFile.id,
        RosterVersion.stage.in_((ListStage.DONE.value, ListStage.DISCARDED.value)),
    )
    unconfirmed = exists().where(
        RosterVersion.file_id == ReceivedFile.id,
        RosterVersion.stage == ListStage.WAITING.value,
    )
    pinned = (
        exists()
        .where(SubmissionPin.file_id == ReceivedFile.id)
        .where(SubmissionPin.submission_id == Submission.id)
        .where(Submission.round_id != round_.id)
    )
    rows = session.execute(
        select(
            ReceivedFile.id,
            ReceivedFile.public_id,
            ReceivedFile.purpose,
            ReceivedFile.state,
            ReceivedFile.sha256,
            ReceivedFile.size,
            ReceivedFile.requirement_id,
            ReceivedFile.region_id,
            Requirement.code.label("requirement"),
            Region.code.label("region"),
            pinned.label("sent_before"),
            unconfirmed.label("unconfirmed"),
        )
        .join(Requirement, Requirement.id == ReceivedFile.requirement_id)
        .join(Region, Region.id == ReceivedFile.region_id)
        .where(
            ReceivedFile.participation_id == participation.id,
            ReceivedFile.withdrawn_at.is_(None),
            (ReceivedFile.purpose != Purpose.ROSTER.value) | ~imported,
        )
        .order_by(ReceivedFile.id)
    )
    return list(rows)


def _sort_out(files: Iterable[Any]) -> tuple[list[Any], list[Left]]:
    chosen, left = [], []
    for row in files:
        if row.state == FileState.REJECTED:
            left.append(_left(row, Why.REJECTED))
        elif row.unconfirmed:
            left.append(_left(row, Why.UNCONFIRMED))
        else:
            chosen.append(row)
    return chosen, left


def _only_open(
    session: Session, participation: Participation, round_: Round, rows: list[Any]
) -> tuple[list[Any], list[Left]]:
    keys = documents_to_repair(session, participation, round_)
    renewed = {document_key(row.requirement, row.region) for row in rows if not row.sent_before}
    chosen, left = [], []
    for row in rows:
        key = document_key(row.requirement, row.region)
        open_ = key in keys if row.purpose == Purpose.DOCUMENT else not row.sent_before
        if open_ and (not row.sent_before or key not in renewed):
            chosen.append(row)
        elif not open_ and not row.sent_before:
            left.append(_left(row, Why.NOT_OPEN))
    return chosen, left


def _lists(session: Session, participation: Participation, round_: Round) -> list[PinEntry]:
    rows = session.execute(
        select(
            Roster.public_id,
            Roster.requirement_id,
            Roster.region_id,
            RosterVersion.id,
            RosterVersion.number,
            RosterVersion.rows_digest,
            RosterVersion.stored,
            RosterVersion.stage,
            Requirement.code.label("requirement"),
            Region.code.label("region"),
        )
        .join(RosterVersion, RosterVersion.id == Roster.current_version_id)
        .join(Requirement, Requirement.id == Roster.requirement_id)
        .join(Region, Region.id == Roster.region_id)
        .where(Roster.participation_id == participation.id, Roster.withdrawn_at.is_(None))
    ).all()
    repair = is_repair(session, round_)
    return [
        PinEntry(
            kind=EntryKind.ROSTER,
            key=row.id,
            public_id=row.public_id,
            version=row.number,
            requirement_id=row.requirement_id,
            requirement=row.requirement,
            region_id=row.region_id,
            region=row.region,
            digest=row.rows_digest or "",
            size=row.stored or 0,
            state=row.stage,
        )
        for row in rows
        if not repair or members_to_repair(session, participation, round_, row.region)
    ]


def _file_entry(row: Any) -> PinEntry:
    return PinEntry(
        kind=EntryKind.FILE,
        key=row.id,
        public_id=row.public_id,
        version=1,
        requirement_id=row.requirement_id,
        requirement=row.requirement,
        region_id=row.region_id,
        region=row.region,
        digest=row.sha256,
        size=row.size,
        state=row.state,
    )


def _left(row: Any, why: Why) -> Left:
    return Left(public_id=row.public_id, requirement=row.requirement, region=row.region, why=why)
