"""How many members have which card, and which cards have a member: counted for a whole list at once.

Next station: the page of cards, `/anggota/kartu`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Subquery,
    case,
    false,
    func,
    select,
    union,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from verification.card_scans import KINDS
from verification.models import Member, Participation, ReceivedFile, Roster, RosterVersion, Scan
from verification.scan_pairing import KTA, KTP, standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Of a list's members: how many have both cards, and how many lack which."""

    members: int
    whole: int
    no_ktp: int
    no_kta: int

    @property
    def short(self) -> int:
        return self.members - self.whole


def coverage(session: Session, version: RosterVersion) -> Coverage:
    """Counted now: scans and lists come in any order. Cards join members once, whatever their number."""
    by_nik, by_kta = _cards_by(Scan.nik, version), _cards_by(Scan.kta_number, version)
    has = {
        kind: func.coalesce(by_nik.c[kind], 0) + func.coalesce(by_kta.c[kind], 0) > 0
        for kind in (KTP, KTA)
    }

    def counted(which: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((which, 1), else_=0)), 0)

    members, ktp, kta, whole = session.execute(
        select(func.count(), counted(has[KTP]), counted(has[KTA]), counted(has[KTP] & has[KTA]))
        .select_from(Member)
        .outerjoin(by_nik, by_nik.c.number == Member.nik)
        .outerjoin(by_kta, by_kta.c.number == Member.kta_number)
        .where(Member.of(version.id))
    ).one()
    return Coverage(members=members, whole=whole, no_ktp=members - ktp, no_kta=members - kta)


def paired(participation: Participation) -> CompoundSelect[int]:
    """Inner keys of the cards that a member of a list in force has, by either number.

    A join for each: no server keeps a million members' numbers in memory to look each card up in.
    """
    in_force = (
        (Roster.participation_id == participation.id)
        & Roster.withdrawn_at.is_(None)
        & Member.of_current(Roster.current_version_id)
    )
    # A picture of no known kind is shown to nobody, whatever number its name has.
    return union(
        *(
            # Through the members: SQLite would look for each card among all of them otherwise.
            select(Scan.id)
            .select_from(Roster)
            .join(Member, in_force)
            .join(Scan, (Scan.participation_id == Member.participation_id) & same)
            .where(Scan.kind.in_(KINDS))
            for same in (Member.nik == Scan.nik, Member.kta_number == Scan.kta_number)
        )
    )


def _cards_by(number: InstrumentedAttribute[Any], version: RosterVersion) -> Subquery:
    """Each number that cards of the list's party have, and whether it has a card of each kind."""
    return (
        select(
            number.label("number"),
            *(func.max(case((Scan.kind == kind, 1), else_=0)).label(kind) for kind in (KTP, KTA)),
        )
        .join(ReceivedFile, ReceivedFile.id == Scan.file_id)
        .where(
            Scan.participation_id == version.roster.participation_id,
            Scan.withdrawn == false(),
            number.is_not(None),
            *standing(),
        )
        .group_by(number)
        .subquery()
    )
