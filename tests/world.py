"""The ground a test's process stands on: regions, offices, an election with rounds, windows, reasons.

All of it is synthetic. Times are fixed; a test that needs another moment adds to `NOON`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from verification import journal
from verification.models import (
    Election,
    Office,
    Participation,
    ReasonCode,
    Region,
    RegionSet,
    Requirement,
    Round,
    Stage,
    Window,
)
from verification.models.proof import ChainKind
from verification.models.reference import Level

NOON = datetime(2026, 8, 14, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

PROVINCES = {"32": "Provinsi Contoh A", "73": "Provinsi Contoh B"}
REGENCIES = {
    "32.01": ("Kabupaten Contoh Satu", 5_200_000),
    "32.73": ("Kota Contoh Dua", 2_500_000),
    "32.78": ("Kota Contoh Tiga", 740_000),
    "32.79": ("Kota Contoh Empat", 3_500),
    "73.71": ("Kota Contoh Lima", 442_838),
}
DISTRICTS = {f"{code}.{n:02d}": f"Kecamatan {n} {code}" for code in REGENCIES for n in (1, 2, 3)}
ZONES = {"32": "Asia/Jakarta", "73": "Asia/Makassar"}

PDF = "application/pdf"
REQUIREMENTS: tuple[dict[str, Any], ...] = (
    {"code": "ad-art", "group": "Dokumen pusat", "level": "national"},
    {"code": "berita-negara", "group": "Dokumen pusat", "level": "national"},
    {"code": "sk-provinsi", "group": "Kepengurusan", "level": "province"},
    {
        "code": "sk-kabupaten",
        "group": "Kepengurusan",
        "level": "regency",
        "threshold": {"kind": "share", "of": "province", "at_least": 0.75},
    },
    {
        "code": "sk-kecamatan",
        "group": "Kepengurusan",
        "level": "district",
        "threshold": {"kind": "share", "of": "regency", "at_least": 0.5},
    },
    {
        "code": "anggota",
        "group": "Keanggotaan",
        "level": "regency",
        "purpose": "roster",
        "accepts": ["text/csv"],
        "threshold": {"kind": "members", "at_most": 1000, "per_population": 1000},
    },
    {
        "code": "kartu-anggota",
        "group": "Keanggotaan",
        "level": "regency",
        "purpose": "scans",
        "accepts": ["application/zip", "image/jpeg", "image/png"],
        "threshold": {"kind": "share", "of": "province", "at_least": 0.0},
        "reviewed": False,
    },
)
REASONS = (
    ("document", "BMS", "tidak-terbaca", "1"),
    ("document", "TMS", "tidak-berlaku", "1"),
    ("member", "BMS", "ktp-tidak-terbaca", "1"),
    ("member", "TMS", "ganda-identik", "1"),
)


@dataclass(slots=True)
class World:
    """What the process stands on."""

    election: Election
    rounds: list[Round]
    stages: list[Stage]
    offices: dict[str, Office] = field(default_factory=dict)

    @property
    def round(self) -> Round:
        """The first round."""
        return self.rounds[0]


def build_world(session: Session, *, code: str = "uji-2029", now: datetime = NOON) -> World:
    """Regions, offices with chains, a current election with two rounds and open windows."""
    regions = RegionSet(code=f"uji-{code}", source="data sintetis", licence="-")
    session.add(regions)
    session.flush()
    session.add_all(_regions(regions))
    election = Election(
        code=code,
        name="Pemilu uji (sintetis)",
        region_set_id=regions.id,
        cut_off=date(2029, 2, 14),
        current=True,
    )
    session.add(election)
    session.flush()
    world = World(election, [], [])
    for number, stage_code in enumerate(("pendaftaran", "perbaikan"), start=1):
        stage = Stage(
            election_id=election.id,
            code=stage_code,
            name_id=stage_code,
            name_en=stage_code,
            ordinal=number,
        )
        session.add(stage)
        session.flush()
        build_window(session, stage, opens=now - 30 * 24 * HOUR, closes=now + 30 * 24 * HOUR)
        round_ = Round(
            election_id=election.id,
            stage_id=stage.id,
            number=number,
            allowed_outcomes=["MS", "BMS", "TMS"] if number == 1 else ["MS", "TMS"],
            legal_basis="uji",
            opened_at=now - 30 * 24 * HOUR if number == 1 else None,
        )
        session.add(round_)
        world.rounds.append(round_)
        world.stages.append(stage)
    session.add_all(_requirements(election))
    session.add_all(_reasons(election))
    session.flush()
    world.offices = build_offices(session)
    journal.system_chain(session)
    return world


def build_window(
    session: Session,
    stage: Stage,
    *,
    opens: datetime,
    closes: datetime,
    grace: int = 3600,
    version: int = 1,
    participation: Participation | None = None,
) -> Window:
    """A window of a stage, for everybody or for one party."""
    window = Window(
        stage_id=stage.id,
        participation_id=participation.id if participation else None,
        version=version,
        opens_at=opens,
        closes_at=closes,
        grace_seconds=grace,
        legal_basis="uji",
    )
    session.add(window)
    session.flush()
    return window


def build_offices(session: Session) -> dict[str, Office]:
    """The national office, one a province, one a kabupaten/kota, each with its chain."""
    offices = {}
    levels = [("ID", Level.NATIONAL)]
    levels += [(code, Level.PROVINCE) for code in PROVINCES]
    levels += [(code, Level.REGENCY) for code in REGENCIES]
    for code, level in levels:
        chain = journal.new_chain(session, ChainKind.OFFICE)
        office = Office(
            code=code,
            level=level.value,
            name=f"KPU {code}",
            time_zone=ZONES.get(code[:2], "Asia/Jakarta"),
            chain_id=chain.id,
        )
        session.add(office)
        offices[code] = office
    session.flush()
    return offices


def _regions(regions: RegionSet) -> list[Region]:
    rows: list[tuple[str, Level, str | None, str, int | None, str]] = [
        ("ID", Level.NATIONAL, None, "Indonesia", None, "Asia/Jakarta")
    ]
    rows += [(c, Level.PROVINCE, "ID", n, None, ZONES[c]) for c, n in PROVINCES.items()]
    rows += [(c, Level.REGENCY, c[:2], n, p, ZONES[c[:2]]) for c, (n, p) in REGENCIES.items()]
    rows += [(c, Level.DISTRICT, c[:5], n, None, ZONES[c[:2]]) for c, n in DISTRICTS.items()]
    return [
        Region(
            region_set_id=regions.id,
            code=code,
            level=level.value,
            parent_code=parent,
            name=name,
            population=population,
            population_source="data sintetis" if population else None,
            time_zone=zone,
        )
        for code, level, parent, name, population, zone in rows
    ]


def _requirements(election: Election) -> list[Requirement]:
    usual = {
        "purpose": "document",
        "threshold": {"kind": "each"},
        "accepts": [PDF],
        "max_bytes": 10**8,
        "legal_basis": "uji",
    }
    return [
        Requirement(
            election_id=election.id,
            ordinal=ordinal,
            name_id=row["code"],
            name_en=row["code"],
            **(usual | row),
        )
        for ordinal, row in enumerate(REQUIREMENTS, start=1)
    ]


def _reasons(election: Election) -> list[ReasonCode]:
    return [
        ReasonCode(
            election_id=election.id,
            code=code,
            outcome=outcome,
            applies_to=kind,
            key=key,
            text_id=code,
            text_en=code,
            repair_id="-",
            repair_en="-",
            legal_basis="uji",
        )
        for kind, outcome, code, key in REASONS
    ]
