"""What a party may know of its duplicates with others: its own rows, after it has submitted, no rival.

Next station: the list's page, `GET /api/v1/rosters/{id}/duplicates`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Subquery, case, func, or_, select, union_all
from sqlalchemy.orm import Session

from verification.models import Duplicate, Member, RosterVersion
from verification.states import DuplicateState, Resolution


class Fate(StrEnum):
    """Where it stands for this party: not settled, settled and kept, settled and not counted."""

    OPEN = "open"
    KEPT = "kept"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRow:
    """A row of the party's list that is in another party's as well."""

    line: int
    row_ref: str
    name: str
    kind: str
    fate: Fate


def external_count(session: Session, version: RosterVersion) -> int:
    """How many rows of a version are in another party's list too, of those found."""
    sides = _sides(version)
    counted = (
        select(func.count(Member.id.distinct()))
        .join(sides, sides.c.member_id == Member.id)
        .where(Member.of(version.id))
    )
    return session.scalar(counted) or 0


def external_rows(
    session: Session, version: RosterVersion, *, after: int = -1, limit: int = 50
) -> list[OwnRow]:
    """Those rows in the order of lines; a row in several pairs once, the worst of them."""
    sides = _sides(version)
    rows = session.execute(
        select(
            Member.line,
            Member.row_ref,
            Member.name,
            func.min(sides.c.kind).label("kind"),
            func.min(sides.c.fate).label("fate"),
        )
        .join(sides, sides.c.member_id == Member.id)
        .where(Member.of(version.id, after))
        .group_by(Member.line, Member.row_ref, Member.name)
        .order_by(Member.line)
        .limit(limit)
    )
    fates = (Fate.OPEN, Fate.LOST, Fate.KEPT)
    return [
        OwnRow(
            line=row.line, row_ref=row.row_ref, name=row.name, kind=row.kind, fate=fates[row.fate]
        )
        for row in rows
    ]


def _sides(version: RosterVersion) -> Subquery:
    """`member_id`, `kind`, `fate` of the party's side of each pair with another party."""
    participation = version.roster.participation_id
    kept = or_(
        Duplicate.resolution == Resolution.DISTINCT.value,
        Duplicate.kept_participation_id == participation,
    )
    fate = case((Duplicate.state != DuplicateState.SETTLED.value, 0), (kept, 2), else_=1)
    halves = (
        select(
            member.label("member_id"),
            Duplicate.kind,
            fate.label("fate"),
        ).where(
            own == participation,
            other != participation,
            Duplicate.state != DuplicateState.LAPSED.value,
        )
        for member, own, other in (
            (
                Duplicate.left_member_id,
                Duplicate.left_participation_id,
                Duplicate.right_participation_id,
            ),
            (
                Duplicate.right_member_id,
                Duplicate.right_participation_id,
                Duplicate.left_participation_id,
            ),
        )
    )
    return union_all(*halves).subquery("sides")
