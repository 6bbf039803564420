"""The dossier as a task list: each requirement, how much of it is needed, what is here, what is missing.

Computed from the files and lists as they are; nothing of it is stored, so it cannot be wrong later.

Next station: `verification.coverage` opens one requirement by region; `verification.submission` locks
the whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from verification.counting.tallies import people_by_regency
from verification.models import (
    Participation,
    ReceivedFile,
    Region,
    Requirement,
    Roster,
    RosterVersion,
)
from verification.models.process import Purpose
from verification.models.reference import Level
from verification.reference import Scope, requirements
from verification.schedule import current_round
from verification.slots import submission_in
from verification.states import FileState
from verification.thresholds import (
    Tree,
    asks_nothing,
    counts_members,
    groups,
    load_tree,
)


class RowState(StrEnum):
    """Of a requirement in the task list."""

    EMPTY = "empty"
    INCOMPLETE = "incomplete"
    REJECTED = "rejected"
    CHECKING = "checking"
    COMPLETE = "complete"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A requirement. The numbers count regions, or members (`unit`); `optional`: nothing is asked.

    `present`: has a file that was not rejected; `passed`: has one that passed; `rejected`: has
    only rejected ones (of lists: rejected rows).
    """

    requirement: Requirement
    unit: str
    needed: int
    present: int
    passed: int
    rejected: int
    missing: int
    state: RowState
    optional: bool

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done for it."""
        waiting = self.state in (RowState.EMPTY, RowState.INCOMPLETE, RowState.REJECTED)
        return waiting and not self.optional


@dataclass(frozen=True, slots=True, kw_only=True)
class LineGroup:
    """Dokumen pusat, Kepengurusan, Kantor, Rekening, Keanggotaan."""

    name: str
    rows: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """The whole task list."""

    groups: tuple[LineGroup, ...]
    locked: bool

    @property
    def rows(self) -> tuple[Line, ...]:
        """Every line of every group."""
        return tuple(row for group in self.groups for row in group.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A requirement that is still short."""

    requirement: Requirement
    unit: str
    needed: int
    present: int
    missing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The sentence above the task list. A region counts when every document asked of it is here."""

    provinces: int
    provinces_total: int
    regencies: int
    regencies_total: int
    members: int
    open_requirements: int


@dataclass(slots=True)
class Stock:
    """What a party has: by requirement code the regions with usable, passed, only rejected files."""

    present: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    passed: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    refused: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    members: Mapping[str, int] = field(default_factory=dict)
    rejected_rows: int = 0


def task_list(
    session: Session, participation: Participation, regions: Scope | None = None
) -> Dossier:
    """Every requirement in force with its standing, within a scope if one is given."""
    tree = load_tree(session, participation.election)
    wanted = requirements(session, participation.election)
    stock = stock_of(session, participation)
    claimed = claimed_regencies(wanted, stock)
    round_ = current_round(session, participation.election)
    locked = submission_in(session, participation, round_) is not None
    lines = [_line(each, stock, tree, claimed, regions, locked=locked) for each in wanted]
    return Dossier(
        groups=tuple(
            LineGroup(name=name, rows=tuple(rows))
            for name, rows in groupby(lines, key=lambda line: line.requirement.group)
        ),
        locked=locked,
    )


def missing_of(session: Session, participation: Participation) -> tuple[Missing, ...]:
    """What is still short, in the order of the task list."""
    return tuple(
        Missing(
            requirement=line.requirement,
            unit=line.unit,
            needed=line.needed,
            present=line.present,
            missing=line.missing,
        )
        for line in task_list(session, participation).rows
        if line.missing or (not line.optional and not line.present)
    )


def progress(session: Session, participation: Participation) -> Progress:
    """How far a party is."""
    tree = load_tree(session, participation.election)
    wanted = requirements(session, participation.election)
    stock = stock_of(session, participation)
    claimed = claimed_regencies(wanted, stock)
    lines = [_line(each, stock, tree, claimed, None, locked=False) for each in wanted]
    return Progress(
        provinces=len(_complete(wanted, Level.PROVINCE, stock)),
        provinces_total=len(tree.codes_at(Level.PROVINCE)),
        regencies=len(_complete(wanted, Level.REGENCY, stock)),
        regencies_total=len(tree.codes_at(Level.REGENCY)),
        members=sum(stock.members.values()),
        open_requirements=sum(line.is_open for line in lines),
    )


def stock_of(session: Session, participation: Participation) -> Stock:
    """Count what is here: three grouped queries, whatever the number of regions."""
    stock = Stock()
    counted = session.execute(
        select(Requirement.code, Region.code, ReceivedFile.state)
        .join(Requirement, Requirement.id == ReceivedFile.requirement_id)
        .join(Region, Region.id == ReceivedFile.region_id)
        .where(
            ReceivedFile.participation_id == participation.id,
            ReceivedFile.withdrawn_at.is_(None),
        )
        .distinct()
    )
    for requirement, region, state in counted:
        target = stock.refused if state == FileState.REJECTED else stock.present
        target[requirement].add(region)
        if state == FileState.PASSED:
            stock.passed[requirement].add(region)
    for requirement, regions in stock.refused.items():
        regions -= stock.present[requirement]
    current = select(Roster.current_version_id).where(
        Roster.participation_id == participation.id,
        Roster.withdrawn_at.is_(None),
        Roster.current_version_id.is_not(None),
    )
    stock.members = people_by_regency(
        session, [version for version in session.scalars(current) if version is not None]
    )
    stock.rejected_rows = (
        session.scalar(
            select(func.sum(RosterVersion.rejected)).where(RosterVersion.id.in_(current))
        )
        or 0
    )
    return stock


def claimed_regencies(wanted: list[Requirement], stock: Stock) -> frozenset[str]:
    """The kabupaten/kota for which the party claims boards or offices."""
    claimed: set[str] = set()
    for each in wanted:
        if each.level == Level.REGENCY and each.purpose == Purpose.DOCUMENT:
            claimed |= stock.present[each.code]
    return frozenset(claimed)


def _complete(wanted: list[Requirement], level: Level, stock: Stock) -> set[str]:
    asked = [
        stock.present[each.code]
        for each in wanted
        if each.level == level and each.purpose == Purpose.DOCUMENT
    ]
    return set.intersection(*asked) if asked else set()


def _line(
    requirement: Requirement,
    stock: Stock,
    tree: Tree,
    claimed: frozenset[str],
    scope: Scope | None,
    *,
    locked: bool,
) -> Line:
    asked = groups(requirement.threshold, requirement.level, tree, claimed, scope)
    members = counts_members(requirement.threshold)
    if members:
        have = {code: n for code, n in stock.members.items() if not scope or scope.covers(code)}
        present = passed = sum(have.values())
        short = sum(max(0, group.needed - have.get(group.top, 0)) for group in asked)
        rejected = stock.rejected_rows
    else:
        here, good, bad = (
            {code for code in table[requirement.code] if not scope or scope.covers(code)}
            for table in (stock.present, stock.passed, stock.refused)
        )
        present, passed, rejected = len(here), len(good), len(bad)
        short = sum(max(0, group.needed - len(here & group.codes)) for group in asked)
    return Line(
        requirement=requirement,
        unit="members" if members else "regions",
        needed=sum(group.needed for group in asked),
        present=present,
        passed=passed,
        rejected=rejected,
        missing=short,
        state=_state(present, passed, 0 if members else rejected, short, locked=locked),
        optional=asks_nothing(requirement.threshold),
    )


def _state(present: int, passed: int, rejected: int, short: int, *, locked: bool) -> RowState:
    if locked:
        return RowState.LOCKED
    if rejected:
        return RowState.REJECTED
    if not present:
        return RowState.EMPTY
    if short:
        return RowState.INCOMPLETE
    return RowState.CHECKING if passed < present else RowState.COMPLETE
