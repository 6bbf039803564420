"""Pages of a party, gathered.

Next station: the service each page calls.
"""

from __future__ import annotations

from portal.party import (
    decisions,
    dossier,
    journal,
    lists,
    receipts,
    scans,
    sending,
    slot,
    standing,
    uploading,
)
from portal.party.blueprint import bp

TOPICS = (dossier, slot, uploading, lists, scans, sending, receipts, journal, decisions, standing)

__all__ = ["TOPICS", "bp"]
