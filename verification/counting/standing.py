"""Where a party stands, region by region: members against what is needed, boards, and what is short.

A kabupaten/kota is complete when the party has its board there, boards in half of the kecamatan, and
as many members as min(1,000, ceil(population / 1,000)) asks; a province when it has its board and
three quarters of its kabupaten/kota are complete; all provinces are needed. The numbers come from
the requirements' thresholds, which are data (PKPU 4/2022 Pasal 8 d, e, f, i).

Until the offices publish, the people in the party's lists count, each once; from then on those
judged MS, in every kabupaten/kota that has published, but for those who have shown at their office who
they are and say that they are no members.

Next station: `/hitung` and `GET /api/v1/counting`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from verification.batches import among
from verification.disputes.handling import suspended_keys
from verification.dossier import Stock, stock_of
from verification.models import Item, Participation, Region, Requirement, Subject
from verification.models.process import Purpose
from verification.models.reference import Level
from verification.reference import Scope, requirements
from verification.slots import MEMBER
from verification.states import ItemState, Outcome
from verification.thresholds import Group, Tree, counts_members, groups, load_tree, members_needed


class Standing(StrEnum):
    """Of a region: nothing there, something short, all that is asked."""

    EMPTY = "empty"
    SHORT = "short"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegencyStanding:
    """A kabupaten/kota. `counted`: people listed, or (`judged`) those published as MS.

    `suspended`: published as MS, and not among `qualified` because they say they are no members.
    """

    code: str
    name: str
    population: int
    needed: int
    listed: int
    qualified: int
    suspended: int
    judged: bool
    board: bool
    districts: int
    districts_needed: int
    districts_present: int

    @property
    def counted(self) -> int:
        """The number that is held against `needed`."""
        return self.qualified if self.judged else self.listed

    @property
    def short(self) -> int:
        """Members that are missing."""
        return max(0, self.needed - self.counted)

    @property
    def districts_short(self) -> int:
        """Kecamatan whose boards are missing."""
        return max(0, self.districts_needed - self.districts_present)

    @property
    def state(self) -> Standing:
        """Of all three together."""
        if self.board and not self.short and not self.districts_short:
            return Standing.COMPLETE
        anything = self.board or self.listed or self.districts_present
        return Standing.SHORT if anything else Standing.EMPTY


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvinceStanding:
    """A province with its kabupaten/kota in the order of codes; `needed` of them."""

    code: str
    name: str
    board: bool
    needed: int
    regencies: tuple[RegencyStanding, ...]

    @property
    def complete(self) -> int:
        """Kabupaten/kota that have all that is asked."""
        return sum(row.state is Standing.COMPLETE for row in self.regencies)

    @property
    def boards(self) -> int:
        """Kabupaten/kota with a board."""
        return sum(row.board for row in self.regencies)

    @property
    def members(self) -> int:
        """Members counted in it."""
        return sum(row.counted for row in self.regencies)

    @property
    def short(self) -> int:
        """Kabupaten/kota that are still to be completed."""
        return max(0, self.needed - self.complete)

    @property
    def state(self) -> Standing:
        """Of its board and its kabupaten/kota."""
        if self.board and not self.short:
            return Standing.COMPLETE
        anything = self.board or any(row.state is not Standing.EMPTY for row in self.regencies)
        return Standing.SHORT if anything else Standing.EMPTY


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyStanding:
    """The provinces in the order of codes, within a scope if one was given."""

    provinces: tuple[ProvinceStanding, ...]

    @property
    def complete(self) -> int:
        """Provinces that have all that is asked."""
        return sum(row.state is Standing.COMPLETE for row in self.provinces)

    @property
    def members(self) -> int:
        """Members counted."""
        return sum(row.members for row in self.provinces)

    @property
    def regencies(self) -> tuple[RegencyStanding, ...]:
        """All kabupaten/kota."""
        return tuple(row for province in self.provinces for row in province.regencies)


def standing_of(
    session: Session, participation: Participation, scope: Scope | None = None
) -> PartyStanding:
    """Count what a party has in every region, within a scope if one is given."""
    election = participation.election
    tree = load_tree(session, election)
    wanted = requirements(session, election)
    boards = _boards(wanted)
    counting = _Counting(
        tree=tree,
        stock=stock_of(session, participation),
        qualified=_qualified(session, participation),
        suspended=_qualified(session, participation, suspended_keys(session, participation)),
        boards=boards,
        members=next((each for each in wanted if counts_members(each.threshold)), None),
        names=_names(session, participation),
        asked=_asked(boards, tree),
    )
    provinces = (counting.province(code, scope) for code in tree.codes_at(Level.PROVINCE))
    return PartyStanding(provinces=tuple(row for row in provinces if row.regencies))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counting:
    tree: Tree
    stock: Stock
    qualified: dict[str, int]
    suspended: dict[str, int]
    boards: dict[str, Requirement]
    members: Requirement | None
    names: dict[str, str]
    asked: dict[tuple[str, str], Group]

    def province(self, code: str, scope: Scope | None) -> ProvinceStanding:
        regencies = tuple(
            self._regency(place.code)
            for place in self.tree.by_level.get(Level.REGENCY, ())
            if place.parent == code and (scope is None or scope.covers(place.code))
        )
        whole = scope is None or scope.covers(code)
        group = self._group(Level.REGENCY, code)
        # Who works on a part of a province is to complete that part.
        needed = group.needed if group and whole else len(regencies)
        return ProvinceStanding(
            code=code,
            name=self.names[code],
            board=self._has(Level.PROVINCE, code),
            needed=min(needed, len(regencies)),
            regencies=regencies,
        )

    def _regency(self, code: str) -> RegencyStanding:
        place = self.tree.places[code]
        group = self._group(Level.DISTRICT, code)
        districts = group.codes if group else frozenset[str]()
        present = sum(self._has(Level.DISTRICT, each) for each in districts)
        return RegencyStanding(
            code=code,
            name=self.names[code],
            population=place.population,
            needed=members_needed(self.members.threshold, place.population) if self.members else 0,
            listed=self.stock.members.get(code, 0),
            qualified=self.qualified.get(code, 0) - self.suspended.get(code, 0),
            suspended=self.suspended.get(code, 0),
            judged=code in self.qualified,
            board=self._has(Level.REGENCY, code),
            districts=len(districts),
            districts_needed=group.needed if group else 0,
            districts_present=present,
        )

    def _has(self, level: str, code: str) -> bool:
        required = self.boards.get(level)
        return required is None or code in self.stock.present[required.code]

    def _group(self, level: str, top: str) -> Group | None:
        return self.asked.get((level, top))


def _asked(boards: dict[str, Requirement], tree: Tree) -> dict[tuple[str, str], Group]:
    """Level and the region above → what is asked there, as if every kabupaten/kota were claimed."""
    everywhere = frozenset(tree.codes_at(Level.REGENCY))
    return {
        (level, group.top): group
        for level, required in boards.items()
        for group in groups(required.threshold, required.level, tree, everywhere)
    }


def _boards(wanted: list[Requirement]) -> dict[str, Requirement]:
    """Level → the document that proves a board there: what is asked of a kecamatan is nothing else."""
    lowest = next(
        (
            each
            for each in wanted
            if each.level == Level.DISTRICT and each.purpose == Purpose.DOCUMENT
        ),
        None,
    )
    if lowest is None:
        return {}
    kin = (e for e in wanted if e.group == lowest.group and e.purpose == Purpose.DOCUMENT)
    boards: dict[str, Requirement] = {}
    for each in kin:
        boards.setdefault(each.level, each)
    return boards


def _names(session: Session, participation: Participation) -> dict[str, str]:
    rows = session.execute(
        select(Region.code, Region.name).where(
            Region.region_set_id == participation.election.region_set_id,
            Region.level.in_([Level.PROVINCE.value, Level.REGENCY.value]),
        )
    )
    return dict(rows.all())


def _qualified(
    session: Session, participation: Participation, keys: Collection[str] | None = None
) -> dict[str, int]:
    """Kabupaten/kota with published members → how many of them (all, or those with these subject keys)
    stand at MS, the newest item each.
    """
    if keys is not None and not keys:
        return {}
    own = Subject.participation_id == participation.id
    among_these = [] if keys is None else [own, among(Subject.key, keys)]
    newest = (
        select(func.max(Item.id).label("id"))
        .join(Subject, Subject.id == Item.subject_id)
        .where(
            Item.participation_id == participation.id,
            Item.state == ItemState.PUBLISHED.value,
            Subject.kind == MEMBER,
            *among_these,
        )
        .group_by(Item.subject_id)
        .subquery()
    )
    rows = session.execute(
        select(Region.code, Item.outcome, func.count())
        .join(newest, newest.c.id == Item.id)
        .join(Subject, Subject.id == Item.subject_id)
        .join(Region, Region.id == Subject.region_id)
        .group_by(Region.code, Item.outcome)
    )
    counted: Counter[str] = Counter()
    for code, outcome, number in rows:
        counted[code] += number if outcome == Outcome.MS else 0
    return dict(counted)
