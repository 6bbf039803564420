"""Load the region table: nation, 38 provinces, 514 kabupaten/kota, 7,285 kecamatan.

Codes and names come from `portal/data/regions/`, which are under ODbL 1.0 (the NOTICE beside them).
Time zones follow the province. Populations are sample figures computed from the code, because the
official ones are a decision of their own (for 2022: KPU Decision 258) that has to be loaded in
their place; every row says so.

Next station: `portal/seed/offices.py` puts an office over each of the three upper levels.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

import portal
from verification.models import Region, RegionSet
from verification.models.reference import Level

DATA = Path(portal.__file__).parent / "data" / "regions"
REGION_SET = "idn-area-data-4.0.1"
SOURCE = "npm package idn-area-data 4.0.1: provinces, regencies, districts"
LICENCE = "Open Database License (ODbL) 1.0"
SAMPLE_POPULATION = "data contoh sintetis, bukan angka resmi"

WIB, WITA, WIT = "Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"
NATION = "ID"
NATION_NAME = "Indonesia"

# Keputusan Presiden 41/1987; provinces made since then keep the zone of the one they came from.
PROVINCES_OF_ZONE = {
    WIB: "11 12 13 14 15 16 17 18 19 21 31 32 33 34 35 36 61 62",
    WITA: "51 52 53 63 64 65 71 72 73 74 75 76",
    WIT: "81 82 91 92 93 94 95 96",
}
ZONE_OF_PROVINCE = {
    code: zone for zone, codes in PROVINCES_OF_ZONE.items() for code in codes.split()
}

SMALLEST, LARGEST = 20_000, 2_400_000
KOTA_FROM = 71


def load_regions(session: Session, code: str = REGION_SET) -> RegionSet:
    """The region set `code`, with every row of the files in it; rows it has already stay as they are."""
    regions = session.scalar(select(RegionSet).where(RegionSet.code == code))
    if regions is None:
        regions = RegionSet(code=code, source=SOURCE, licence=LICENCE)
        session.add(regions)
        session.flush()
    present = set(session.scalars(select(Region.code).where(Region.region_set_id == regions.id)))
    missing = [row for row in rows(regions.id) if row["code"] not in present]
    if missing:
        session.execute(insert(Region), missing)
    return regions


def sample_population(regency_code: str) -> int:
    """A sample figure for a kabupaten/kota, always the same for the same code.

    Spread evenly over orders of magnitude, so that both kinds of membership minimum (1,000, and a
    thousandth of the population) occur.
    """
    digest = hashlib.sha256(f"sipol sample population {regency_code}".encode()).digest()
    position = int.from_bytes(digest[:8], "big") / 2**64
    smallest = 3 * SMALLEST if int(regency_code[3:5]) >= KOTA_FROM else SMALLEST
    return int(smallest * (LARGEST / smallest) ** position)


def rows(region_set_id: int) -> Iterator[dict[str, Any]]:
    """Every region as a row to insert, parents before children."""
    provinces, regencies = _read("provinces"), _read("regencies")
    people = {row["code"]: sample_population(row["code"]) for row in regencies}
    of_province = dict.fromkeys((row["code"] for row in provinces), 0)
    for code, count in people.items():
        of_province[code[:2]] += count

    def region(
        level: Level, code: str, name: str, parent: str | None, zone: str, count: int | None
    ) -> dict[str, Any]:
        return {
            "region_set_id": region_set_id,
            "code": code,
            "level": level.value,
            "parent_code": parent,
            "name": name,
            "time_zone": zone,
            "population": count,
            "population_source": None if count is None else SAMPLE_POPULATION,
        }

    yield region(Level.NATIONAL, NATION, NATION_NAME, None, WIB, sum(of_province.values()))
    for row in provinces:
        code = row["code"]
        zone = ZONE_OF_PROVINCE[code]
        yield region(Level.PROVINCE, code, row["name"], NATION, zone, of_province[code])
    for row in regencies:
        code, parent = row["code"], row["province_code"]
        zone = ZONE_OF_PROVINCE[parent]
        yield region(Level.REGENCY, code, row["name"], parent, zone, people[code])
    for row in _read("districts"):
        code, parent = row["code"], row["regency_code"]
        yield region(Level.DISTRICT, code, row["name"], parent, ZONE_OF_PROVINCE[code[:2]], None)


def districts_of(regency_code: str) -> list[str]:
    """The codes of a kabupaten's kecamatan, in order."""
    return [row["code"] for row in _read("districts") if row["regency_code"] == regency_code]


def district_codes() -> list[str]:
    """The codes of all kecamatan of the shipped table, in order."""
    return [row["code"] for row in _read("districts")]


def _read(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
