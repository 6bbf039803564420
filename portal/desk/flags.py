"""Why an item was flagged: the verifier's words, which stand in the office's journal.

Next station: the supervisor's list, and the desk when he takes the item.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.orm import Session

from verification import journal
from verification.journal_kinds import Kind
from verification.models import Item, Office

LOOKED_AT = 300


def flag_notes(session: Session, office: Office, items: Collection[Item]) -> dict[str, str]:
    """Public id → the newest note, for those of `items` that were flagged lately."""
    wanted = {item.public_id for item in items}
    if not wanted:
        return {}
    found: dict[str, str] = {}
    kinds = [Kind.ITEM_FLAGGED.value]
    for entry in journal.entries(session, office.chain, limit=LOOKED_AT, kinds=kinds):
        item = journal.facts_of(entry)["item"]
        if item in wanted and entry.note:
            found.setdefault(item, entry.note)
    return found
