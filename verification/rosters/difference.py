"""What changed from one version of a list to the next: people added, removed, changed.

People are told apart by `subject_key`, which survives a corrected name or NIK; a person in two rows
is one, and the first row stands for him.

Next station: shown on the list's page before and after; kept in the version's row.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from verification.models import Member

COMPARED = (
    "name", "sex", "birth_date", "birth_place", "marital_status", "occupation", "address",
    "kta_number", "district_code", "village",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Counts of people."""

    added: int
    removed: int
    changed: int


def compare(session: Session, old_id: int | None, new_id: int) -> Difference:
    """From version `old_id` (None: from nothing) to version `new_id`."""
    if old_id is None:
        return Difference(added=_people(session, new_id), removed=0, changed=0)
    return Difference(
        added=_only_in(session, new_id, old_id),
        removed=_only_in(session, old_id, new_id),
        changed=_changed(session, old_id, new_id),
    )


def _people(session: Session, version_id: int) -> int:
    counted = select(func.count(Member.subject_key.distinct()))
    return session.scalar(counted.where(Member.version_id == version_id)) or 0


def _only_in(session: Session, here: int, there: int) -> int:
    other = aliased(Member)
    found = exists().where(other.version_id == there, other.subject_key == Member.subject_key)
    counted = select(func.count(Member.subject_key.distinct()))
    return session.scalar(counted.where(Member.version_id == here, ~found)) or 0


def _changed(session: Session, old_id: int, new_id: int) -> int:
    old, new = aliased(Member), aliased(Member)
    # The same NIK under another key is other bytes, so it is compared under one key only.
    differs = or_(
        *(getattr(old, name) != getattr(new, name) for name in COMPARED),
        and_(old.key_id == new.key_id, old.nik != new.nik),
    )
    return (
        session.scalar(
            select(func.count())
            .select_from(new)
            .join(old, old.subject_key == new.subject_key)
            .where(new.version_id == new_id, old.version_id == old_id, differs)
            .where(_is_first(new, new_id), _is_first(old, old_id))
        )
        or 0
    )


def _is_first(row: type[Member], version_id: int) -> ColumnElement[bool]:
    earlier = aliased(Member)
    return ~exists().where(
        earlier.version_id == version_id,
        earlier.subject_key == row.subject_key,
        # Not the bare column: SQLite would walk all lines before this one, for each line.
        earlier.line + 0 < row.line,
    )
