"""What the claims of a batch of arrivals name: the codes looked up together, each table once.

Next station: `verification.intake` writes the rows.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.orm import Session

from uploads.policy import Claim
from verification.errors import DomainError
from verification.known import Known, KnownElection, KnownParticipation, KnownRegion
from verification.models import Requirement
from verification.openings import Openings
from verification.reference import found, in_force, newest_requirements


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an arrival belongs: inner keys, and what is open there."""

    participation_id: int
    chain_id: int
    requirement_id: int
    region_id: int
    openings: Openings


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    parties: dict[str, KnownParticipation]
    requirements: dict[str, Requirement]
    regions: dict[str, KnownRegion]
    openings: Openings


class Places:
    """The places of some claims, as one transaction sees them."""

    def __init__(self, session: Session, claims: Collection[Claim], known: Known) -> None:
        self._session = session
        self._known = known
        self._elections: dict[str, _Held | DomainError] = {}
        for code in {claim.election for claim in claims}:
            of_it = [claim for claim in claims if claim.election == code]
            try:
                election = known.election(session, code)
            except DomainError as error:
                self._elections[code] = error
            else:
                self._elections[code] = self._held(election, of_it)

    def of(self, claim: Claim) -> Place:
        """Raises NotFound or UnknownRequirement."""
        held = self._elections[claim.election]
        if isinstance(held, DomainError):
            raise held
        party = found(held.parties.get(claim.party), "participation")
        requirement = in_force(held.requirements.get(claim.requirement), retired=True)
        return Place(
            participation_id=party.id,
            chain_id=party.chain_id,
            requirement_id=requirement.id,
            region_id=found(held.regions.get(claim.region), "region").id,
            openings=held.openings,
        )

    def _held(self, election: KnownElection, claims: Collection[Claim]) -> _Held:
        session = self._session
        parties = self._known.by_party(session, election, {claim.party for claim in claims})
        return _Held(
            parties=parties,
            requirements=newest_requirements(
                session, election.id, {claim.requirement for claim in claims}
            ),
            regions=self._known.regions(session, election, {claim.region for claim in claims}),
            openings=Openings(session, election.id, [party.id for party in parties.values()]),
        )
