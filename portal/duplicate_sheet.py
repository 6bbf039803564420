"""The evidence of a duplicate, side by side: this item's row and the other one, whose it is, what is next.

Only who holds the item sees both rows in clear, and each reading of the other one is logged; it is
another person's, often another party's and another office's. A party never comes here.

Next station: the desk's panel (`desk/_duplicates.html`), `GET /api/v1/items/{id}`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.actors import Actor
from portal.member_facts import MemberFacts, facts_of
from verification.duplicates.clearing import may_settle
from verification.duplicates.findings import blocks, of_item
from verification.duplicates.steps import Step, is_left, next_steps
from verification.journal import log_access
from verification.models import Duplicate, Item, Member, Participation, Party
from verification.secrets import FieldKeys

COMPARED = ("name", "nik", "sex", "birth_year", "birth_date", "regency", "district")


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateFacts:
    """A pair as the reader may see it. `party`: whose the other row is; `same`: fields that are equal.

    `kept`: "mine", "other", "neither" once it is settled. `blocks`: it stands in the way of MS.
    """

    id: str
    kind: str
    state: str
    internal: bool
    party: str
    likeness: int
    mine: MemberFacts
    other: MemberFacts
    same: tuple[str, ...]
    my_statement: str | None
    other_statement: str | None
    summons: str | None
    resolution: str | None
    kept: str | None
    blocks: bool
    steps: tuple[Step, ...]


def duplicates_of(
    session: Session, item: Item, reader: Actor, keys: FieldKeys, now: datetime, *, clear: bool
) -> tuple[DuplicateFacts, ...]:
    """The pairs of an item, each with both rows. Readings in clear are logged."""
    if item.member is None:
        return ()
    pairs = of_item(session, item)
    rows = _rows(session, pairs) if pairs else {}
    names = _parties(session, pairs) if pairs else {}
    found = []
    for pair in pairs:
        left = is_left(pair, item)
        other = rows.get(_other_row(pair, item.member.id, left=left))
        if other is None:
            continue
        if clear:
            log_access(
                session, actor=reader.actor, action="duplicate.read", object_kind="duplicate",
                object_id=pair.public_id, now=now,
            )  # fmt: skip
        acts = clear or may_settle(item, reader.role)
        found.append(_facts(pair, item, other, names, keys, left=left, clear=clear, acts=acts))
    return tuple(found)


def _facts(
    pair: Duplicate,
    item: Item,
    other: Member,
    names: dict[int, str],
    keys: FieldKeys,
    *,
    left: bool,
    clear: bool,
    acts: bool,
) -> DuplicateFacts:
    assert item.member is not None
    mine, theirs = (facts_of(row, keys, clear=clear) for row in (item.member, other))
    statements = (pair.left_statement, pair.right_statement)
    mine_first = statements if left else statements[::-1]
    return DuplicateFacts(
        id=pair.public_id,
        kind=pair.kind,
        state=pair.state,
        internal=pair.internal,
        party=names[other.participation_id],
        likeness=pair.score,
        mine=mine,
        other=theirs,
        same=tuple(name for name in COMPARED if getattr(mine, name) == getattr(theirs, name)),
        my_statement=mine_first[0],
        other_statement=mine_first[1],
        summons=pair.summons,
        resolution=pair.resolution,
        kept=_kept(pair, item),
        blocks=blocks(pair, item.participation_id),
        steps=next_steps(pair) if acts else (),
    )


def _other_row(pair: Duplicate, own: int, *, left: bool) -> int:
    ids = (pair.left_member_id, pair.right_member_id)
    if own in ids:
        return ids[1] if own == ids[0] else ids[0]
    return ids[1] if left else ids[0]


def _kept(pair: Duplicate, item: Item) -> str | None:
    if pair.resolution is None:
        return None
    if pair.kept_participation_id is None:
        return "neither"
    return "mine" if pair.kept_participation_id == item.participation_id else "other"


def _rows(session: Session, pairs: list[Duplicate]) -> dict[int, Member]:
    ids = {key for pair in pairs for key in (pair.left_member_id, pair.right_member_id)}
    rows = session.scalars(select(Member).where(Member.id.in_(ids)))
    return {row.id: row for row in rows}


def _parties(session: Session, pairs: list[Duplicate]) -> dict[int, str]:
    ids = {
        key for pair in pairs for key in (pair.left_participation_id, pair.right_participation_id)
    }
    rows = session.execute(
        select(Participation.id, Party.name)
        .join(Party, Party.id == Participation.party_id)
        .where(Participation.id.in_(ids))
    )
    return dict(rows.all())
