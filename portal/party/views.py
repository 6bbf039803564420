"""Pages of a party, gathered.

Next station: the service each page calls.
"""

from __future__ import annotations

from portal.party import (
    decisions,
    disputes,
    dossier,
    journal,
    list_templates,
    lists,
    receipts,
    replacing,
    scans,
    sending,
    slot,
    standing,
    uploading,
)
from portal.party.blueprint import bp

TOPICS = (
    dossier, slot, uploading, lists, list_templates, replacing, scans, sending, receipts, journal,
    decisions, disputes, standing,
)  # fmt: skip

__all__ = ["TOPICS", "bp"]
