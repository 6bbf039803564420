"""The pairs that were found: looked up whole, stored once, withdrawn when the rows are gone.

A side is named by participation and subject key, which survive corrections, so what a verifier has
settled stays settled when the list comes again. A settled "two different people" is opened again
when the NIK turn out to be equal.

Next station: `verification.duplicates.clearing` settles them, `verification.decisions` asks for
those that stand in the way of MS.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
from sqlalchemy import and_, case, exists, literal, null, or_, select, update
from sqlalchemy.orm import Session, aliased

from verification.db import new_public_id
from verification.duplicates.matching import FULL, score
from verification.duplicates.names import compared
from verification.models import Duplicate, Item, Member, Office, Round, Subject
from verification.secrets import FieldKeys
from verification.slots import MEMBER
from verification.states import DuplicateKind, DuplicateState, ItemState, Outcome
from verification.upserts import run_many, upsert

PAGE = 500
UNSETTLED = (DuplicateState.OPEN.value, DuplicateState.SUMMONED.value)
Names = tuple[int, str, int, str]
_STRONGER = {DuplicateKind.IDENTICAL: 0, DuplicateKind.OTHER_NAME: 1, DuplicateKind.SIMILAR: 2}


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Side:
    """One member of a pair."""

    participation_id: int
    key: str
    member_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two members, `left` the lower side. `comparisons`: which dossiers it was found between."""

    kind: DuplicateKind
    left: Side
    right: Side
    score: int
    comparisons: tuple[int, int]

    @property
    def names(self) -> Names:
        """What makes it the same pair when it is found again."""
        left, right = self.left, self.right
        return left.participation_id, left.key, right.participation_id, right.key

    @property
    def internal(self) -> bool:
        """Whether both are one party's."""
        return self.left.participation_id == self.right.participation_id


def checked(
    session: Session,
    field_keys: FieldKeys,
    exact: pl.DataFrame,
    alike: pl.DataFrame,
    comparisons: tuple[int, int],
) -> list[Pair]:
    """Pairs of members from pairs of rows: each named by subject, the strongest kind of it.

    `exact`: `left`, `right`; equal NIK are compared whole here. `alike`: `score` besides.
    """
    ids = set(exact["left"]).union(exact["right"], alike["left"], alike["right"])
    rows = {row.id: row for row in _members(session, sorted(ids))}
    spelled = compared(pl.Series([row.name for row in rows.values()], dtype=pl.String))
    names = dict(zip(rows, spelled, strict=True))
    found: dict[Names, Pair] = {}

    def add(left: int, right: int, kind: DuplicateKind, likeness: int) -> None:
        sides = sorted(_side(rows[each]) for each in (left, right))
        pair = Pair(
            kind=kind, left=sides[0], right=sides[1], score=likeness, comparisons=comparisons
        )
        known = found.get(pair.names)
        if known is None or _STRONGER[kind] < _STRONGER[known.kind]:
            found[pair.names] = pair

    for left, right in exact.iter_rows():
        if _same_nik(field_keys, rows[left], rows[right]):
            same = names[left] == names[right]
            kind = DuplicateKind.IDENTICAL if same else DuplicateKind.OTHER_NAME
            add(left, right, kind, FULL if same else score(names[left], names[right]))
    for left, right, likeness in alike.iter_rows():
        add(left, right, DuplicateKind.SIMILAR, likeness)
    return list(found.values())


def store(session: Session, pairs: Sequence[Pair], now: datetime) -> None:
    """Keep pairs; those known already are brought up to date, those gone before are open again."""
    if not pairs:
        return
    insert = upsert(session, Duplicate)
    new = insert.excluded
    reopened = or_(
        Duplicate.state == DuplicateState.LAPSED.value,
        and_(
            Duplicate.state == DuplicateState.SETTLED.value,
            Duplicate.kind == DuplicateKind.SIMILAR.value,
            new.kind != DuplicateKind.SIMILAR.value,
        ),
    )
    run_many(
        session,
        insert.on_conflict_do_update(
            index_elements=[
                "left_participation_id", "left_key", "right_participation_id", "right_key",
            ],
            set_={
                "kind": new.kind,
                "score": new.score,
                "left_member_id": new.left_member_id,
                "right_member_id": new.right_member_id,
                "state": case((reopened, DuplicateState.OPEN.value), else_=Duplicate.state),
                "resolution": case((reopened, null()), else_=Duplicate.resolution),
                "kept_participation_id": case(
                    (reopened, null()), else_=Duplicate.kept_participation_id
                ),
            },
        ),
        [_row(pair, now) for pair in pairs],
    )  # fmt: skip


def known(session: Session, names: Collection[Names]) -> set[Names]:
    """Of these pairs, those stored and not withdrawn."""
    parties = {name[0] for name in names} | {name[2] for name in names}
    rows = session.execute(
        select(*_NAMES).where(
            Duplicate.left_participation_id.in_(parties),
            Duplicate.state != DuplicateState.LAPSED.value,
        )
    )
    return {(row[0], row[1], row[2], row[3]) for row in rows}.intersection(names)


def not_again(
    session: Session, parties: Collection[int], found: Collection[Names], about: int | None = None
) -> list[int]:
    """Keys of unsettled pairs between `parties` that were not found again.

    `about`: only those of this participation.
    """
    unsettled = select(Duplicate.id, *_NAMES).where(
        Duplicate.state.in_(UNSETTLED),
        Duplicate.left_participation_id.in_(parties),
        Duplicate.right_participation_id.in_(parties),
    )
    if about is not None:
        unsettled = unsettled.where(
            or_(Duplicate.left_participation_id == about, Duplicate.right_participation_id == about)
        )
    kept = set(found)
    return [row[0] for row in session.execute(unsettled) if tuple(row[1:]) not in kept]


def lapse(session: Session, keys: Sequence[int]) -> None:
    """Withdraw these pairs unless somebody has settled them meanwhile."""
    for some in _pages(keys):
        session.execute(
            update(Duplicate)
            .where(Duplicate.id.in_(some), Duplicate.state.in_(UNSETTLED))
            .values(state=DuplicateState.LAPSED.value)
        )


def of_item(session: Session, item: Item) -> list[Duplicate]:
    """The pairs an item's member is in, as long as both rows are in submitted lists."""
    subject = item.subject
    if subject.kind != MEMBER:
        return []
    found = session.scalars(
        select(Duplicate)
        .where(
            or_(*_sides(literal(item.participation_id), literal(subject.key))),
            Duplicate.state != DuplicateState.LAPSED.value,
        )
        .order_by(Duplicate.id)
    )
    return list(found)


def blocks(duplicate: Duplicate, participation_id: int) -> bool:
    """Whether a pair stands in the way of MS for this party's member.

    It does while it is not settled, and for good where the member was not kept by this party.
    Within one party it never does: the person counts once.
    """
    if duplicate.internal or duplicate.state == DuplicateState.LAPSED:
        return False
    if duplicate.state in UNSETTLED:
        return True
    lost = duplicate.kept_participation_id != participation_id
    return lost and duplicate.resolution != "distinct"


def stands_in_the_way(session: Session, item: Item) -> bool:
    """Whether any pair does, for an item's member."""
    return any(blocks(each, item.participation_id) for each in of_item(session, item))


def decided_against(session: Session, office: Office, round_: Round) -> list[Item]:
    """An office's items that stand at MS, not published, though a pair found since is unsettled."""
    subject = aliased(Subject)
    unsettled = exists().where(
        or_(*_sides(Item.participation_id, subject.key)),
        Duplicate.state.in_(UNSETTLED),
        Duplicate.left_participation_id != Duplicate.right_participation_id,
    )
    return list(
        session.scalars(
            select(Item)
            .join(subject, subject.id == Item.subject_id)
            .where(
                Item.office_id == office.id,
                Item.round_id == round_.id,
                Item.state == ItemState.DECIDED.value,
                Item.outcome == Outcome.MS.value,
                unsettled,
            )
            .order_by(Item.id)
            .limit(PAGE)
        )
    )


def _sides(participation: Any, key: Any) -> tuple[Any, Any]:
    return (
        and_(Duplicate.left_participation_id == participation, Duplicate.left_key == key),
        and_(Duplicate.right_participation_id == participation, Duplicate.right_key == key),
    )


def _members(session: Session, ids: Sequence[int]) -> Iterator[Any]:
    for some in _pages(ids):
        yield from session.execute(
            select(
                Member.id, Member.participation_id, Member.subject_key,
                Member.nik, Member.key_id, Member.name,
            ).where(Member.id.in_(some))
        )  # fmt: skip


def _same_nik(field_keys: FieldKeys, one: Any, other: Any) -> bool:
    if one.key_id == other.key_id:
        return bytes(one.nik) == bytes(other.nik)
    a, b = (field_keys.decipher(bytes(row.nik), row.key_id) for row in (one, other))
    return a == b


def _side(row: Any) -> Side:
    return Side(participation_id=row.participation_id, key=row.subject_key, member_id=row.id)


def _row(pair: Pair, now: datetime) -> dict[str, Any]:
    return {
        "public_id": new_public_id(),
        "kind": pair.kind.value,
        "left_participation_id": pair.left.participation_id,
        "left_key": pair.left.key,
        "left_member_id": pair.left.member_id,
        "right_participation_id": pair.right.participation_id,
        "right_key": pair.right.key,
        "right_member_id": pair.right.member_id,
        "score": pair.score,
        "state": DuplicateState.OPEN.value,
        "found_at": now,
    }


def _pages(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[start : start + PAGE] for start in range(0, len(ids), PAGE))


_NAMES = (
    Duplicate.left_participation_id,
    Duplicate.left_key,
    Duplicate.right_participation_id,
    Duplicate.right_key,
)
