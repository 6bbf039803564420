"""Card scans in rows: who has which card, and which picture counts for nobody.

For the party's own page and API alone: names of pictures and of members are in clear.

Next station: `/anggota/kartu` and `GET /scans`.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Select, false, func, select
from sqlalchemy.orm import Session

from portal.context import services
from verification import card_coverage, scan_pairing
from verification.card_scans import scan_name, scans_of
from verification.errors import NotFound
from verification.models import (
    Participation,
    ReceivedFile,
    Region,
    Roster,
    RosterVersion,
    Scan,
)
from verification.reference import Scope
from verification.scan_pairing import Cards

LISTS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """Cards that arrived and passed; `paired` show a member of a list in force."""

    total: int
    paired: int

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
    paired = card_coverage.paired(participation).subquery()
    found = session.execute(
        _cards(participation, scope)
        .add_columns(ReceivedFile)
        .outerjoin(paired, paired.c.id == Scan.id)
        .where(paired.c.id.is_(None) | Scan.withdrawn, Scan.id > after)
        .order_by(Scan.id)
        .limit(limit + 1)
    ).all()
    kept = found[:limit]
    twins = scan_pairing.same_as(session, [scan for scan, _ in kept])
    rows = [picture_of(scan, file, twins.get(scan.id)) for scan, file in kept]
    return rows, kept[-1][0].id if len(found) > limit else None


def counts(session: Session, participation: Participation, scope: Scope | None) -> Pairing:
    """How many cards there are, and how many show a member; a withdrawn one is none."""
    cards = _cards(participation, scope).where(Scan.withdrawn == false())
    paired = card_coverage.paired(participation).subquery()
    total, matched = (
        session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
        for wanted in (cards, cards.join(paired, paired.c.id == Scan.id))
    )
    return Pairing(total=total, paired=matched)


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
    found = scan_pairing.members_with(session, version, cards, after=after, limit=limit + 1)
    kept = found[:limit]
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
    return holders, kept[-1].line if len(found) > limit else None


def _cards(participation: Participation, scope: Scope | None) -> Select[Scan]:
    wanted = (
        select(Scan)
        .join(ReceivedFile, ReceivedFile.id == Scan.file_id)
        .where(
            Scan.participation_id == participation.id,
            *scan_pairing.standing(),
        )
    )
    if scope is not None:
        wanted = wanted.where(ReceivedFile.region_id.in_(scope.region_ids(participation.election)))
    return wanted
