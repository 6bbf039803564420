"""What never changes once it is there, looked up for batches and remembered: elections by code, parties
in them, regions of their set (design, "The doors are in the first migration": a region set is versioned
and an election pinned to one).

Next station: `verification.places` puts it together for arrivals, `portal.upload_permission` for
creations.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from verification.batches import among
from verification.models import Participation, Party, Region
from verification.reference import current_election


@dataclass(frozen=True, slots=True)
class KnownElection:
    """An election by its keys."""

    id: int
    code: str
    region_set_id: int


@dataclass(frozen=True, slots=True)
class KnownParticipation:
    """A party in an election, by its keys: the inner ones, the party's public id, the chain's."""

    id: int
    party_id: int
    party: str
    chain_id: int


@dataclass(frozen=True, slots=True)
class KnownRegion:
    """A region by its keys and level."""

    id: int
    code: str
    level: str


class Known:
    """One database's. Safe to share between threads: at worst something is looked up twice."""

    def __init__(self) -> None:
        self._elections: dict[str, KnownElection] = {}
        self._by_party_id: dict[tuple[int, int], KnownParticipation] = {}
        self._by_party: dict[tuple[int, str], KnownParticipation] = {}
        self._regions: dict[tuple[int, str], KnownRegion] = {}

    def election(self, session: Session, code: str | None) -> KnownElection:
        """The election of that code, or the current one, which may change. Raises NotFound."""
        known = self._elections.get(code) if code is not None else None
        if known is None:
            row = current_election(session, code)
            known = KnownElection(row.id, row.code, row.region_set_id)
            self._elections[known.code] = known
        return known

    def parties(
        self, session: Session, election: KnownElection, party_ids: Iterable[int]
    ) -> dict[int, KnownParticipation]:
        """Of some parties (inner keys) those that take part."""
        keys = {(election.id, party_id) for party_id in party_ids}
        new = keys - self._by_party_id.keys()
        if new:
            wanted = among(Participation.party_id, [key for _, key in new])
            self._look_up(session, election, wanted)
        return {key: self._by_party_id[at, key] for at, key in keys & self._by_party_id.keys()}

    def by_party(
        self, session: Session, election: KnownElection, parties: Iterable[str]
    ) -> dict[str, KnownParticipation]:
        """Of some parties (public ids) those that take part."""
        keys = {(election.id, party) for party in parties}
        new = keys - self._by_party.keys()
        if new:
            wanted = among(Party.public_id, [key for _, key in new])
            self._look_up(session, election, wanted)
        return {key: self._by_party[at, key] for at, key in keys & self._by_party.keys()}

    def regions(
        self, session: Session, election: KnownElection, codes: Iterable[str]
    ) -> dict[str, KnownRegion]:
        """Of some codes those of the election's region set."""
        keys = {(election.region_set_id, code) for code in codes}
        new = keys - self._regions.keys()
        if new:
            rows = session.execute(
                select(Region.id, Region.code, Region.level).where(
                    Region.region_set_id == election.region_set_id,
                    among(Region.code, [code for _, code in new]),
                )
            )
            for key, code, level in rows:
                self._regions[election.region_set_id, code] = KnownRegion(key, code, level)
        return {code: self._regions[at, code] for at, code in keys & self._regions.keys()}

    def _look_up(
        self, session: Session, election: KnownElection, wanted: ColumnElement[bool]
    ) -> None:
        rows = session.execute(
            select(
                Participation.id, Participation.party_id, Party.public_id, Participation.chain_id
            ).where(
                Participation.election_id == election.id, Party.id == Participation.party_id, wanted
            )
        )
        for row in rows:
            known = KnownParticipation(*row)
            self._by_party_id[election.id, known.party_id] = known
            self._by_party[election.id, known.party] = known
