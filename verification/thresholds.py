"""How much of each requirement is enough: thresholds over the tree of regions.

A requirement asks of each group of regions for a number of them, or of each claimed kabupaten/kota for
a number of members. Kabupaten/kota count as claimed where the party has a document that is asked for
by share of a province (domain brief 2, PKPU 4/2022 Pasal 8 e, f, i).

Next station: `verification.dossier` compares these needs with what is there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from verification.models import Election, Region
from verification.models.reference import Level
from verification.reference import NATION, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A region as the thresholds see it."""

    code: str
    level: str
    parent: str | None
    population: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """`needed` of `codes`: regions, or (`members`) persons in the one region `codes` names."""

    top: str
    needed: int
    codes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Tree:
    """The regions of an election by level and by ancestor."""

    places: Mapping[str, Place]
    by_level: Mapping[str, tuple[Place, ...]] = field(repr=False)

    @classmethod
    def of(cls, places: Iterable[Place]) -> Tree:
        """Build from rows in the order of codes."""
        by_level: dict[str, list[Place]] = defaultdict(list)
        known = {}
        for place in places:
            known[place.code] = place
            by_level[place.level].append(place)
        return cls(known, {level: tuple(rows) for level, rows in by_level.items()})

    def codes_at(self, level: str) -> list[str]:
        """The codes of a level in order."""
        return [place.code for place in self.by_level.get(level, ())]


def load_tree(session: Session, election: Election) -> Tree:
    """The election's regions (about 7,800 rows)."""
    rows = session.execute(
        select(Region.code, Region.level, Region.parent_code, Region.population)
        .where(Region.region_set_id == election.region_set_id)
        .order_by(Region.code)
    )
    return Tree.of(
        Place(code=code, level=level, parent=parent, population=population or 0)
        for code, level, parent, population in rows
    )


def counts_members(threshold: Mapping[str, Any]) -> bool:
    """Whether a threshold counts persons rather than regions."""
    return bool(threshold["kind"] == "members")


def asks_nothing(threshold: Mapping[str, Any]) -> bool:
    """Whether a requirement is only offered: a share of zero."""
    return bool(threshold["kind"] == "share" and not threshold["at_least"])


def members_needed(threshold: Mapping[str, Any], population: int) -> int:
    """min(1,000, ceil(population / 1,000)): Kulon Progo, 442,838 residents, needs 443.

    Where no population is loaded (0) nobody may take the region for complete: the most is asked.
    """
    most, per = int(threshold["at_most"]), int(threshold["per_population"])
    return min(most, -(-population // per)) if population else most


def groups(
    threshold: Mapping[str, Any],
    level: str,
    tree: Tree,
    claimed: Set[str],
    scope: Scope | None = None,
) -> tuple[Group, ...]:
    """What a requirement at `level` asks for, within a scope if one is given.

    A share that reaches beyond the scope becomes every region inside it: an operator of one
    kabupaten is to bring that one, with its members and its kecamatan before anything claims it.
    """
    if scope is not None:
        claimed = claimed | set(scope.codes).intersection(tree.codes_at(Level.REGENCY))
    if counts_members(threshold):
        made = tuple(
            Group(
                top=code,
                needed=members_needed(threshold, tree.places[code].population),
                codes=frozenset({code}),
            )
            for code in sorted(claimed)
            if code in tree.places
        )
    elif threshold["kind"] == "share":
        made = _shares(threshold, level, tree, claimed)
    else:
        codes = frozenset(tree.codes_at(level))
        made = (Group(top=NATION, needed=len(codes), codes=codes),)
    if scope is None:
        return made
    return tuple(cut for group in made if (cut := _cut(group, scope)).needed)


def _shares(
    threshold: Mapping[str, Any], level: str, tree: Tree, claimed: Set[str]
) -> tuple[Group, ...]:
    # Fraction of the number as it is written: 0.75 of 28 is 21, whatever a float makes of it.
    share = Fraction(str(threshold["at_least"]))
    below: dict[str, list[str]] = defaultdict(list)
    for place in tree.by_level.get(level, ()):
        below[_ancestor(place, threshold["of"], tree)].append(place.code)
    tops = sorted(below)
    if threshold["of"] == Level.REGENCY:
        tops = [top for top in tops if top in claimed]
    return tuple(
        Group(top=top, needed=needed, codes=frozenset(below[top]))
        for top in tops
        if (needed := -(-len(below[top]) * share.numerator // share.denominator))
    )


def _ancestor(place: Place, level: str, tree: Tree) -> str:
    while place.level != level and place.parent is not None and place.parent in tree.places:
        place = tree.places[place.parent]
    return place.code


def _cut(group: Group, scope: Scope) -> Group:
    if scope.covers(group.top):
        return group
    codes = frozenset(code for code in group.codes if scope.covers(code))
    return Group(top=group.top, needed=len(codes), codes=codes)
