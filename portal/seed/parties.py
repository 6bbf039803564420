"""Let a party take part in an election: its row, and the journal chain that is its own.

Next station: `portal/accounts.py`, for the people who work for it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from verification.journal import new_chain
from verification.models import Election, Participation, Party
from verification.models.proof import ChainKind


def take_part(
    session: Session, election: Election, *, name: str, abbreviation: str, now: datetime
) -> Participation:
    """The party of that name in an election; party and participation are made when missing."""
    party = session.scalar(select(Party).where(Party.name == name))
    if party is None:
        party = Party(name=name, abbreviation=abbreviation)
        session.add(party)
        session.flush()
    found = session.scalar(
        select(Participation).where(
            Participation.party_id == party.id, Participation.election_id == election.id
        )
    )
    if found is None:
        chain = new_chain(session, ChainKind.PARTICIPATION)
        found = Participation(
            party_id=party.id, election_id=election.id, chain_id=chain.id, registered_at=now
        )
        session.add(found)
        session.flush()
    return found
