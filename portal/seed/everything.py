"""All that `sipol init` puts into an empty database, in one call that may be repeated.

Next station: `portal/demo/accounts.py`, or an administrator with `sipol account create`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from portal.seed.offices import load_offices
from portal.seed.process import load_process
from portal.seed.regions import REGION_SET, load_regions
from verification.db import Base
from verification.journal import system_chain
from verification.models import Office, ReasonCode, Region, Requirement


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """What the database holds after seeding: the election's code and the number of rows."""

    election: str
    regions: int
    offices: int
    requirements: int
    reasons: int


def seed(session: Session, now: datetime, *, region_set: str = REGION_SET) -> Seeded:
    """Regions, offices with their chains, the system chain, and the process; idempotent."""
    regions = load_regions(session, region_set)
    load_offices(session, regions)
    system_chain(session)
    election = load_process(session, regions, now)
    return Seeded(
        election=election.code,
        regions=_count(session, Region, Region.region_set_id == regions.id),
        offices=_count(session, Office),
        requirements=_count(session, Requirement, Requirement.election_id == election.id),
        reasons=_count(session, ReasonCode, ReasonCode.election_id == election.id),
    )


def _count(session: Session, table: type[Base], *where: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(table).where(*where)) or 0
