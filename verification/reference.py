"""Elections, regions, offices, requirements: how the rest of the process looks them up.

Nothing here changes a row. Codes come in, rows go out; what does not exist raises.

Next station: `verification.schedule`, which says what is open when.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, bindparam, false, func, or_, select, true
from sqlalchemy.orm import Session

from verification.batches import keys_in, listed
from verification.errors import NotFound, UnknownRequirement
from verification.models import (
    Election,
    Office,
    Participation,
    Party,
    ReasonCode,
    Region,
    Requirement,
)
from verification.models.reference import Level
from verification.states import Outcome

NATION = "ID"
Row = TypeVar("Row")
HEIGHT = {Level.NATIONAL: 0, Level.PROVINCE: 1, Level.REGENCY: 2, Level.DISTRICT: 3}


@dataclass(frozen=True, slots=True)
class Scope:
    """The regions somebody works on, each with everything below it; `ID` is everything."""

    codes: tuple[str, ...]

    def covers(self, code: str) -> bool:
        """Whether the region `code` is one of these, or lies in one of these."""
        return any(within(code, top) for top in self.codes)

    def region_ids(self, election: Election) -> Select[int]:
        """The inner keys of the election's regions in this scope, as a subquery."""
        inside: list[ColumnElement[bool]] = [true()] if NATION in self.codes else []
        for top in self.codes:
            inside += [Region.code == top, Region.code.startswith(f"{top}.", autoescape=True)]
        return select(Region.id).where(
            Region.region_set_id == election.region_set_id, or_(false(), *inside)
        )


def within(code: str, top: str) -> bool:
    """Whether region `code` is `top` or lies below it (codes are dotted paths)."""
    return top == NATION or code == top or code.startswith(f"{top}.")


def current_election(session: Session, code: str | None = None) -> Election:
    """The election of that code, or the current one. Raises NotFound."""
    wanted = Election.current if code is None else Election.code == code
    election = session.scalar(select(Election).where(wanted))
    if election is None:
        raise NotFound("no such election")
    return election


def participation_of(session: Session, party_id: int, election: Election) -> Participation:
    """A party in an election. Raises NotFound when it does not take part."""
    return found(
        session.scalar(
            select(Participation).where(
                Participation.party_id == party_id, Participation.election_id == election.id
            )
        ),
        "participation",
    )


def participation_by_public_id(
    session: Session, public_id: str, election: Election
) -> Participation:
    """By its own public id, in an election. Raises NotFound."""
    return found(
        session.scalar(
            select(Participation).where(
                Participation.public_id == public_id, Participation.election_id == election.id
            )
        ),
        "participation",
    )


def participation_by_party(session: Session, party: str, election: Election) -> Participation:
    """By the party's public id, as upload claims name it. Raises NotFound."""
    return found(
        session.scalar(
            select(Participation)
            .join(Party)
            .where(Party.public_id == party, Participation.election_id == election.id)
        ),
        "participation",
    )


def participations(session: Session, election: Election) -> list[Participation]:
    """Every party of an election, by name."""
    return list(
        session.scalars(
            select(Participation)
            .join(Party)
            .where(Participation.election_id == election.id)
            .order_by(Party.name)
        )
    )


def region_of(session: Session, election: Election, code: str) -> Region:
    """A region of the election's region set. Raises NotFound."""
    return found(
        session.scalar(
            select(Region).where(
                Region.region_set_id == election.region_set_id, Region.code == code
            )
        ),
        "region",
    )


def office_by_code(session: Session, code: str) -> Office:
    """An office by its region's code. Raises NotFound."""
    return found(session.scalar(select(Office).where(Office.code == code)), "office")


def offices(session: Session) -> list[Office]:
    """Every office in the order of codes; the national one comes last."""
    return list(session.scalars(select(Office).order_by(Office.code)))


def office_ids(session: Session) -> dict[str, int]:
    """Office code → inner key."""
    return dict(session.execute(select(Office.code, Office.id)).all())


def office_for(ids: dict[str, int], region_code: str) -> int:
    """Who reviews what belongs to a region: its own office, else the next one above it.

    A kecamatan is a level of data, not an office (domain brief 1.1). Raises NotFound.
    """
    code = region_code
    while code not in ids:
        if code == NATION:
            raise NotFound("there is no national office")
        code = code.rpartition(".")[0] or NATION
    return ids[code]


def requirement_by_code(
    session: Session, election: Election, code: str, *, retired: bool = False
) -> Requirement:
    """The version in force, or with `retired` also one taken out of force. Raises UnknownRequirement."""
    return in_force(newest_requirements(session, election.id, [code]).get(code), retired=retired)


def newest_requirements(
    session: Session, election_id: int, codes: Iterable[str]
) -> dict[str, Requirement]:
    """Of some codes the highest versions, retired ones too."""
    rows = session.scalars(_VERSIONS, keys_in(codes) | {"election_id": election_id})
    return {requirement.code: requirement for requirement in rows}


_VERSIONS = (
    select(Requirement)
    .where(Requirement.election_id == bindparam("election_id"), listed(Requirement.code))
    .order_by(Requirement.version)
)


def in_force(newest: Requirement | None, *, retired: bool = False) -> Requirement:
    """The highest version of a code if it counts. Raises UnknownRequirement."""
    if newest is None or (newest.retired and not retired):
        raise UnknownRequirement("no requirement of that code")
    return newest


def requirements(session: Session, election: Election) -> list[Requirement]:
    """The versions in force, in the order of the task list."""
    newest = (
        select(Requirement.code, func.max(Requirement.version).label("version"))
        .where(Requirement.election_id == election.id)
        .group_by(Requirement.code)
        .subquery()
    )
    return list(
        session.scalars(
            select(Requirement)
            .join(
                newest,
                (Requirement.code == newest.c.code) & (Requirement.version == newest.c.version),
            )
            .where(Requirement.election_id == election.id, Requirement.retired.is_(False))
            .order_by(Requirement.ordinal, Requirement.code)
        )
    )


def reason_codes(
    session: Session, election: Election, applies_to: str, outcome: Outcome | str | None = None
) -> list[ReasonCode]:
    """The reasons in force for `document` or `member`, by outcome and the desk's digit."""
    newest = (
        select(ReasonCode.code, func.max(ReasonCode.version).label("version"))
        .where(ReasonCode.election_id == election.id)
        .group_by(ReasonCode.code)
        .subquery()
    )
    query = (
        select(ReasonCode)
        .join(newest, (ReasonCode.code == newest.c.code) & (ReasonCode.version == newest.c.version))
        .where(
            ReasonCode.election_id == election.id,
            ReasonCode.applies_to == applies_to,
            ReasonCode.retired.is_(False),
        )
        .order_by(ReasonCode.outcome, ReasonCode.key)
    )
    if outcome is not None:
        query = query.where(ReasonCode.outcome == str(outcome))
    return list(session.scalars(query))


def reasons_by_code(session: Session, election: Election) -> dict[str, ReasonCode]:
    """Every reason ever given, retired ones too: a decision keeps its words."""
    rows = session.scalars(
        select(ReasonCode).where(ReasonCode.election_id == election.id).order_by(ReasonCode.version)
    )
    return {row.code: row for row in rows}


def regions_at(session: Session, election: Election, levels: Iterable[str]) -> list[Region]:
    """Every region of those levels in the order of codes."""
    return list(
        session.scalars(
            select(Region)
            .where(Region.region_set_id == election.region_set_id, Region.level.in_(list(levels)))
            .order_by(Region.code)
        )
    )


def found(row: Row | None, what: str) -> Row:
    """What was looked up. Raises NotFound."""
    if row is None:
        raise NotFound(f"no such {what}")
    return row
