"""Packs: small finished documents behind each other in preallocated segments, erasable one by one."""

from uploads.packs.index import Mark
from uploads.packs.reader import Packs
from uploads.packs.store import LARGEST, PackStore

__all__ = ["LARGEST", "Mark", "PackStore", "Packs"]
