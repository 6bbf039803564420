"""What an installation needs before its first party: regions, offices, the process as data."""

from portal.seed.everything import Seeded, seed
from portal.seed.offices import SYSTEM_CHAIN, load_offices, new_chain, system_chain
from portal.seed.process import load_process
from portal.seed.regions import REGION_SET, load_regions

__all__ = [
    "REGION_SET",
    "SYSTEM_CHAIN",
    "Seeded",
    "load_offices",
    "load_process",
    "load_regions",
    "new_chain",
    "seed",
    "system_chain",
]
