"""What the rules are judged by: regions, scope, cut-off date, barred occupations, matching preset.

All of it is data that changed in mid-stage in 2022 (KPU Decision 309 cut the match from eight
fields to four), so it is passed in as one frozen value and travels into the sandbox as JSON.

Next station: `verification.rosters.rules.base`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

NATION = "ID"
PHRASE = re.compile(r"[A-Z0-9]+(?: [A-Z0-9]+)*")
SCOPE = re.compile(r"ID|[0-9]{2}(?:\.[0-9]{2}){0,2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """The fields a verifier matches with the KTP, hence the cells that may not be empty."""

    name: str
    fields: frozenset[str]
    legal_basis: str


FOUR_FIELDS = Preset(
    name="four-field",
    fields=frozenset({"name", "nik", "sex", "birth_date"}),
    legal_basis="Keputusan KPU 309/2022",
)
EIGHT_FIELDS = Preset(
    name="eight-field",
    fields=FOUR_FIELDS.fields | {"birth_place", "marital_status", "occupation", "address"},
    legal_basis="Keputusan KPU 260/2022",
)

PRESETS = {preset.name: preset for preset in (EIGHT_FIELDS, FOUR_FIELDS)}

# Options of the KTP's occupation field and the words people type for them (domain brief 3.3).
BARRED_OCCUPATIONS = (
    "TNI",
    "TENTARA NASIONAL INDONESIA",
    "POLRI",
    "POLISI",
    "KEPOLISIAN RI",
    "KEPOLISIAN REPUBLIK INDONESIA",
    "PNS",
    "ASN",
    "PPPK",
    "P3K",
    "PEGAWAI NEGERI SIPIL",
    "APARATUR SIPIL NEGARA",
    "KEPALA DESA",
    "PERANGKAT DESA",
    "KADES",
)
NO_LONGER_IN_OFFICE = ("PENSIUNAN", "PURNAWIRAWAN", "PURNA", "MANTAN", "EKS", "VETERAN")


class Regions:
    """The codes of a region set: districts as `32.73.01`; what stands above them follows.

    `dissolved`: district codes that are no longer valid for a residence but still begin a NIK.
    """

    __slots__ = ("dissolved", "districts", "nik_starts", "provinces", "regencies")

    def __init__(self, districts: Iterable[str], dissolved: Iterable[str] = ()) -> None:
        self.districts = frozenset(districts)
        self.dissolved = frozenset(dissolved)
        self.regencies = frozenset(code[:5] for code in self.districts)
        self.provinces = frozenset(code[:2] for code in self.districts)
        self.nik_starts = frozenset(
            code.replace(".", "") for code in self.districts | self.dissolved
        )

    def to_json(self) -> dict[str, Any]:
        """Sorted lists, so that equal region sets give equal bytes."""
        return {"districts": sorted(self.districts), "dissolved": sorted(self.dissolved)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """Everything the rules need to know beyond the row.

    `cutoff`: the stage's cut-off date for ages, never "today". `scope`: region codes the list may
    hold members of; `ID` for all. `party_names`: what may stand on a card; empty: not compared.
    """

    cutoff: date
    regions: Regions
    scope: tuple[str, ...] = (NATION,)
    required: frozenset[str] = EIGHT_FIELDS.fields
    minimum_age: int = 17
    oldest_age: int = 120
    ever_married: frozenset[str] = field(
        default=frozenset({"KAWIN", "CERAI HIDUP", "CERAI MATI", "PERNAH KAWIN"})
    )
    barred_occupations: tuple[str, ...] = BARRED_OCCUPATIONS
    no_longer_in_office: tuple[str, ...] = NO_LONGER_IN_OFFICE
    party_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for phrase in (*self.barred_occupations, *self.no_longer_in_office):
            if not PHRASE.fullmatch(phrase):
                raise ValueError(f"an occupation is upper-case words, not {phrase!r}")
        if not self.scope or not all(SCOPE.fullmatch(code) for code in self.scope):
            raise ValueError("a scope is a list of region codes, at least one")

    @property
    def adult_since(self) -> str:
        """The latest ISO birth date that makes a member old enough at the cut-off."""
        return _years_before(self.cutoff, self.minimum_age)

    @property
    def oldest_birth(self) -> str:
        """The earliest ISO birth date that is believed."""
        return _years_before(self.cutoff, self.oldest_age)

    def placeholders(self) -> dict[str, str]:
        """What the words of a rule may name."""
        return {
            "minimum_age": str(self.minimum_age),
            "oldest_age": str(self.oldest_age),
            "cutoff": f"{self.cutoff:%d-%m-%Y}",
            "scope": ", ".join(self.scope),
        }

    def to_json(self) -> dict[str, Any]:
        """Plain data for the sandbox; about 100 kB with the whole region table."""
        return {
            "cutoff": self.cutoff.isoformat(),
            "regions": self.regions.to_json(),
            "scope": list(self.scope),
            "required": sorted(self.required),
            "minimum_age": self.minimum_age,
            "oldest_age": self.oldest_age,
            "ever_married": sorted(self.ever_married),
            "barred_occupations": list(self.barred_occupations),
            "no_longer_in_office": list(self.no_longer_in_office),
            "party_names": list(self.party_names),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RuleSet:
        """What `to_json` gave."""
        return cls(
            cutoff=date.fromisoformat(data["cutoff"]),
            regions=Regions(data["regions"]["districts"], data["regions"]["dissolved"]),
            scope=tuple(data["scope"]),
            required=frozenset(data["required"]),
            minimum_age=data["minimum_age"],
            oldest_age=data["oldest_age"],
            ever_married=frozenset(data["ever_married"]),
            barred_occupations=tuple(data["barred_occupations"]),
            no_longer_in_office=tuple(data["no_longer_in_office"]),
            party_names=tuple(data["party_names"]),
        )


def _years_before(day: date, years: int) -> str:
    # As text, because 29 February has no counterpart in most years and needs none to compare.
    return f"{day.year - years:04d}-{day:%m-%d}"
