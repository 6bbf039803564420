"""One requirement, region by region: what is needed there, what is here, how far it has come.

The states are the ones a party may know. A decision that its office has not published reads as being
verified, like an item somebody holds.

Next station: the portal's `/dosir/<syarat>`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from verification.dossier import Stock, claimed_regencies, stock_of
from verification.models import Item, Participation, ReceivedFile, Region, Requirement, Subject
from verification.queue import position
from verification.reference import Scope, requirements
from verification.schedule import current_round
from verification.slots import DOCUMENT, document_key, submission_in
from verification.states import FileState, ItemState
from verification.thresholds import (
    counts_members,
    members_needed,
)

NONE = "none"
LOCKED = "locked"
IN_REVIEW = "claimed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotLine:
    """A region of a requirement.

    `state`: none, received, checking, passed, rejected, locked, queued, claimed, or MS, BMS, TMS.
    `file` is the public id of the newest file that counts; `rejection` its reason when the system has
    refused it; `position` in the office's queue from 1, 0 when it does not wait.
    """

    region: Region
    needed: int
    present: int
    files: int
    state: str
    file: str | None
    rejection: str | None
    position: int

    @property
    def short(self) -> int:
        """How much is missing here."""
        return max(0, self.needed - self.present)


def coverage(
    session: Session,
    participation: Participation,
    requirement: Requirement,
    *,
    scope: Scope | None = None,
    only_missing: bool = False,
    after: str | None = None,
    limit: int = 50,
) -> list[SlotLine]:
    """The regions of a requirement's level in the order of codes; `after` is the last code seen."""
    stock = stock_of(session, participation)
    needs = _Needs.of(session, participation, requirement, stock)
    query = (
        select(Region.id, Region.code, Region.population)
        .where(
            Region.region_set_id == participation.election.region_set_id,
            Region.level == requirement.level,
        )
        .order_by(Region.code)
    )
    if scope is not None:
        query = query.where(Region.id.in_(scope.region_ids(participation.election)))
    if after is not None:
        query = query.where(Region.code > after)
    listed = (
        key
        for key, code, population in session.execute(query)
        if not only_missing or needs.present(code) < needs.needed(population)
    )
    page = list(islice(listed, limit))
    chosen = list(session.scalars(select(Region).where(Region.id.in_(page)).order_by(Region.code)))
    files = _files(session, participation, requirement, chosen)
    items = _items(session, participation, requirement, chosen)
    round_ = current_round(session, participation.election)
    locked = submission_in(session, participation, round_) is not None
    return [
        _line(
            session, region, needs, files.get(region.id, ()), items.get(region.code), locked=locked
        )
        for region in chosen
    ]


@dataclass(frozen=True, slots=True)
class _Needs:
    requirement: Requirement
    stock: Stock
    claimed: frozenset[str]

    @classmethod
    def of(
        cls,
        session: Session,
        participation: Participation,
        requirement: Requirement,
        stock: Stock,
    ) -> _Needs:
        wanted = requirements(session, participation.election)
        return cls(requirement, stock, claimed_regencies(wanted, stock))

    def needed(self, population: int | None) -> int:
        threshold = self.requirement.threshold
        if not counts_members(threshold):
            return 1
        return members_needed(threshold, population or 0)

    def present(self, code: str) -> int:
        if counts_members(self.requirement.threshold):
            return self.stock.members.get(code, 0)
        return int(code in self.stock.present[self.requirement.code])


def _files(
    session: Session,
    participation: Participation,
    requirement: Requirement,
    regions: Sequence[Region],
) -> dict[int, list[ReceivedFile]]:
    versions = select(Requirement.id).where(
        Requirement.election_id == requirement.election_id, Requirement.code == requirement.code
    )
    found: dict[int, list[ReceivedFile]] = {}
    for file in session.scalars(
        select(ReceivedFile)
        .where(
            ReceivedFile.participation_id == participation.id,
            ReceivedFile.requirement_id.in_(versions),
            ReceivedFile.region_id.in_([region.id for region in regions]),
            ReceivedFile.withdrawn_at.is_(None),
        )
        .order_by(ReceivedFile.id)
    ):
        found.setdefault(file.region_id, []).append(file)
    return found


def _items(
    session: Session,
    participation: Participation,
    requirement: Requirement,
    regions: Sequence[Region],
) -> dict[str, Item]:
    """Region code → the newest item of the document there."""
    keys = {document_key(requirement.code, region.code): region.code for region in regions}
    newest = (
        select(func.max(Item.id))
        .join(Subject, Subject.id == Item.subject_id)
        .where(
            Subject.participation_id == participation.id,
            Subject.kind == DOCUMENT,
            Subject.key.in_(keys),
        )
        .group_by(Item.subject_id)
    )
    rows = session.execute(
        select(Item, Subject.key)
        .join(Subject, Subject.id == Item.subject_id)
        .where(Item.id.in_(newest))
    )
    return {keys[key]: item for item, key in rows}


def _line(
    session: Session,
    region: Region,
    needs: _Needs,
    files: Sequence[ReceivedFile],
    item: Item | None,
    *,
    locked: bool,
) -> SlotLine:
    usable = [file for file in files if file.state != FileState.REJECTED]
    shown = next(reversed(usable or list(files)), None)
    return SlotLine(
        region=region,
        needed=needs.needed(region.population),
        present=needs.present(region.code),
        files=len(files),
        state=_state(shown, item, needs, region, locked=locked),
        file=shown.public_id if shown else None,
        rejection=shown.rejection if shown else None,
        position=position(session, item) if item is not None else 0,
    )


def _state(
    file: ReceivedFile | None, item: Item | None, needs: _Needs, region: Region, *, locked: bool
) -> str:
    if item is not None and (item.state != ItemState.PUBLISHED or not _renewed(file, item)):
        return state_for_party(item)
    if locked and file is not None:
        return LOCKED
    if file is not None:
        return file.state
    return FileState.PASSED.value if needs.present(region.code) else NONE


def _renewed(file: ReceivedFile | None, item: Item) -> bool:
    """Whether a file came after the item was decided: then the repair is what counts."""
    return file is not None and item.decided_at is not None and file.recorded_at > item.decided_at


def state_for_party(item: Item) -> str:
    """What a party may know of an item."""
    if item.state == ItemState.PUBLISHED:
        return item.outcome or IN_REVIEW
    if item.state == ItemState.QUEUED:
        return ItemState.QUEUED.value
    return LOCKED if item.state == ItemState.PENDING else IN_REVIEW
