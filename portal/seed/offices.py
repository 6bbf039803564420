"""KPU's offices, one for the nation, each province and each kabupaten/kota, and their journals.

Kecamatan are a level of data, not of offices (domain brief 1.1).

Next station: `portal/seed/process.py` says what the offices have to judge, and when.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from verification.chain import genesis
from verification.db import new_public_id
from verification.models import Chain, Office, Region, RegionSet
from verification.models.proof import ChainKind
from verification.models.reference import Level

_WITH_OFFICE = (Level.NATIONAL.value, Level.PROVINCE.value, Level.REGENCY.value)
_NATIONAL = "KPU Republik Indonesia"


def load_offices(session: Session, regions: RegionSet) -> int:
    """Make the offices that are missing, each with its empty chain; returns how many were made."""
    present = set(session.scalars(select(Office.code)))
    wanted = session.scalars(
        select(Region)
        .where(Region.region_set_id == regions.id, Region.level.in_(_WITH_OFFICE))
        .order_by(Region.id)
    )
    missing = [region for region in wanted if region.code not in present]
    if not missing:
        return 0
    chains = [_chain_row() for _ in missing]
    session.execute(insert(Chain), chains)
    ids = _chain_ids(session)
    session.execute(
        insert(Office),
        [
            {
                "public_id": new_public_id(),
                "code": region.code,
                "level": region.level,
                "name": office_name(region),
                "time_zone": region.time_zone,
                "chain_id": ids[chain["public_id"]],
            }
            for region, chain in zip(missing, chains, strict=True)
        ],
    )
    return len(missing)


def office_name(region: Region) -> str:
    """`KPU Republik Indonesia`, `KPU Provinsi Jawa Barat`, `KPU Kota Bandung`."""
    if region.level == Level.NATIONAL:
        return _NATIONAL
    return f"KPU Provinsi {region.name}" if region.level == Level.PROVINCE else f"KPU {region.name}"


def _chain_row() -> dict[str, Any]:
    public_id = new_public_id()
    return {
        "public_id": public_id,
        "kind": ChainKind.OFFICE.value,
        "head_number": 0,
        "head_hash": genesis(public_id),
    }


def _chain_ids(session: Session) -> dict[str, int]:
    kinds = select(Chain.public_id, Chain.id).where(Chain.kind == ChainKind.OFFICE.value)
    return dict(session.execute(kinds).all())
