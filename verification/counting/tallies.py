"""A version's members by kabupaten/kota, reckoned once when it is imported, read ever after.

Next station: `verification.counting.standing` adds them up for a party.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import asdict
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from verification.duplicates.within import TallyLine
from verification.models import ListTally, Member
from verification.rosters.rules.listwide import NIK_OTHER_NAME, NIK_REPEATED, PERSON_REPEATED

KINDS = {"identical": NIK_REPEATED, "other_name": NIK_OTHER_NAME, "similar": PERSON_REPEATED}


def keep_tally(session: Session, version_id: int, lines: Iterable[TallyLine]) -> None:
    """Keep a version's numbers, in the transaction that makes it current."""
    session.execute(delete(ListTally).where(ListTally.version_id == version_id))
    rows: list[dict[str, Any]] = []
    for line in lines:
        numbers = asdict(line)
        rows.append({"version_id": version_id, "regency_code": numbers.pop("regency"), **numbers})
    if rows:
        session.execute(insert(ListTally), rows)


def people_by_regency(session: Session, versions: Collection[int]) -> dict[str, int]:
    """Kabupaten/kota → people in these versions of different lists."""
    counted: Counter[str] = Counter()
    for line in _lines(session, versions):
        counted[line.regency] += line.people
    return dict(counted)


def repeats_of(session: Session, version_id: int) -> dict[str, int]:
    """`identical`, `other_name`, `similar` → how many rows of a version are marked so."""
    lines = _lines(session, [version_id])
    return {kind: sum(getattr(line, kind) for line in lines) for kind in KINDS}


def _lines(session: Session, versions: Collection[int]) -> list[TallyLine]:
    kept = session.scalars(select(ListTally).where(ListTally.version_id.in_(versions))).all()
    lines = [
        TallyLine(
            regency=row.regency_code,
            rows=row.rows,
            people=row.people,
            identical=row.identical,
            other_name=row.other_name,
            similar=row.similar,
        )
        for row in kept
    ]
    # Versions from before there were tallies are counted as they stand.
    missing = set(versions) - {row.version_id for row in kept}
    return lines + [line for version in missing for line in _counted(session, version)]


def _counted(session: Session, version_id: int) -> list[TallyLine]:
    marked = (
        func.count().filter(Member.warnings.bitwise_and(fault.flag) != 0).label(kind)
        for kind, fault in KINDS.items()
    )
    rows = session.execute(
        select(
            Member.regency_code,
            func.count().label("rows"),
            func.count(Member.subject_key.distinct()).label("people"),
            *marked,
        )
        .where(Member.of(version_id))
        .group_by(Member.regency_code)
    )
    return [
        TallyLine(
            regency=row.regency_code,
            rows=row.rows,
            people=row.people,
            identical=row.identical,
            other_name=row.other_name,
            similar=row.similar,
        )
        for row in rows
    ]
