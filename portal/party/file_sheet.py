"""A file on its slot's page: its state in words, what was found, its receipt, who took it back.

Next station: the slot's page; the queue asks for the same states in batches.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from portal.api.uploads import arrived
from portal.babel import locale
from verification.checks.reasons import describe
from verification.file_checks import findings_of
from verification.models import ReceivedFile


def sheet(session: Session, file: ReceivedFile) -> dict[str, Any]:
    """What a client that polls knows of it, and beside it what only its own page shows."""
    warnings = [
        describe(found.code, found.params, locale()) for found in findings_of(session, file)
    ]
    return {
        **arrived(session, file),
        "pages": file.pages,
        "withdrawn_at": file.withdrawn_at,
        "withdrawn_reason": file.withdrawn_reason,
        "findings": [] if file.rejection else warnings,
    }
