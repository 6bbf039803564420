"""Card scans in rows: who has which card, and which picture counts for nobody.

For the party's own page and API alone: names of pictures and of members are in clear.

Next station: `/anggota/kartu` and `GET /scans`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.context import now, services
from verification import scan_pairing
from verification.card_coverage import Cards, Coverage, Holders, Reckoned, holders_in
from verification.card_scans import scan_name, scans_of
from verification.errors import NotFound
from verification.models import (
    Member,
    Participation,
    ReceivedFile,
    Region,
    Roster,
    RosterVersion,
    Scan,
)
from verification.models.rosters import row_id
from verification.reference import Scope

LISTS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """Cards that arrived and passed; `paired` show a member of a list in force.

    `since`: when they were counted, if something has happened to the party after that.
    """

    total: int
    paired: int
    since: datetime | None

    @property
    def unpaired(self) -> int:
        return self.total - self.paired


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A card as its party sees it. `name` is the picture's own; `twin`: the same picture, earlier."""

    name: str
    kind: str
    file: str
    number: int
    region: str
    withdrawn: bool
    twin: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A member and his cards."""

    line: int
    name: str
    kta_number: str
    cards: dict[str, Picture]


def unpaired(
    session: Session,
    participation: Participation,
    scope: Scope | None,
    *,
    after: int,
    limit: int,
) -> tuple[list[Picture], int | None]:
    """Pictures that count for nobody, those withdrawn among them; the cursor of the next page."""
    book = _reckoned(session, participation).book
    found = book.loose(_regions(session, participation, scope), after=after, limit=limit + 1)
    kept = session.execute(
        select(Scan, ReceivedFile)
        .join(ReceivedFile, ReceivedFile.id == Scan.file_id)
        .where(Scan.id.in_(found[:limit]))
        .order_by(Scan.id)
    ).all()
    twins = scan_pairing.same_as(session, [scan for scan, _ in kept])
    rows = [picture_of(scan, file, twins.get(scan.id)) for scan, file in kept]
    return rows, found[limit - 1] if len(found) > limit else None


def counts(session: Session, participation: Participation, scope: Scope | None) -> Pairing:
    """How many cards there are, and how many show a member; a withdrawn one is none."""
    known = _reckoned(session, participation)
    total, paired = known.book.counts(_regions(session, participation, scope))
    return Pairing(total=total, paired=paired, since=None if known.current else known.at)


def coverage_of(session: Session, version: RosterVersion) -> Coverage:
    """How many members of a list have which card."""
    return _holders(session, version).coverage()


def lists_of(
    session: Session, participation: Participation, scope: Scope | None
) -> list[tuple[Roster, RosterVersion, str]]:
    """Lists in force within a scope, with the names of their regions."""
    wanted = (
        select(Roster, RosterVersion, Region.name)
        .join(RosterVersion, RosterVersion.id == Roster.current_version_id)
        .join(Region, Region.id == Roster.region_id)
        .where(Roster.participation_id == participation.id, Roster.withdrawn_at.is_(None))
        .order_by(Region.code)
        .limit(LISTS)
    )
    if scope is not None:
        wanted = wanted.where(Roster.region_id.in_(scope.region_ids(participation.election)))
    return [(roster, version, name) for roster, version, name in session.execute(wanted)]


def list_among(
    lists: list[tuple[Roster, RosterVersion, str]], asked: str | None
) -> RosterVersion | None:
    """The version in force of the list asked for, else of the first. Raises NotFound."""
    if asked is None:
        return lists[0][1] if lists else None
    for roster, version, _name in lists:
        if roster.public_id == asked:
            return version
    raise NotFound("list")


def picture_of(scan: Scan, file: ReceivedFile, twin: Scan | None = None) -> Picture:
    keys = services().field_keys
    return Picture(
        name=scan_name(scan, file, keys),
        kind=scan.kind,
        file=file.public_id,
        number=scan.number,
        region=file.region.name,
        withdrawn=scan.withdrawn,
        twin=scan_name(twin, twin.file, keys) if twin else None,
    )


def holders_of(
    session: Session, version: RosterVersion, cards: Cards, *, after: int, limit: int
) -> tuple[list[Holder], int | None]:
    """Members of a list with their pictures, and the line after which the next page begins."""
    lines = _holders(session, version).lines(cards, after=after, limit=limit + 1)
    rows = [row_id(version.id, line) for line in lines[:limit]]
    kept = session.scalars(select(Member).where(Member.id.in_(rows)).order_by(Member.id)).all()
    scans = scans_of(session, kept)
    holders = [
        Holder(
            line=member.line,
            name=member.name,
            kta_number=member.kta_number,
            cards={kind: picture_of(scan, scan.file) for kind, scan in scans[member.id].items()},
        )
        for member in kept
    ]
    return holders, lines[limit - 1] if len(lines) > limit else None


def _holders(session: Session, version: RosterVersion) -> Holders:
    participation = version.roster.participation
    known = _reckoned(session, participation).book.holders(version.id)
    return known or holders_in(session, participation, version.id)


def _reckoned(session: Session, participation: Participation) -> Reckoned:
    return services().card_books.of(session, participation, now())


def _regions(
    session: Session, participation: Participation, scope: Scope | None
) -> list[int] | None:
    if scope is None:
        return None
    return list(session.scalars(scope.region_ids(participation.election)))
