"""What an installation needs before its first party: regions, offices, the process as data."""

from portal.seed.everything import Seeded, seed
from portal.seed.offices import load_offices
from portal.seed.parties import take_part
from portal.seed.process import load_process
from portal.seed.regions import REGION_SET, load_regions

__all__ = [
    "REGION_SET",
    "Seeded",
    "load_offices",
    "load_process",
    "load_regions",
    "seed",
    "take_part",
]
