"""The digest of a version's rows: what a submission pins and what tampering would change.

Deterministic ciphertext alone would not notice two swapped cells, so the digest covers whole rows
in line order, with the NIK itself and not its ciphertext: it stays the same when keys rotate.

Next station: `verification.entries`, which pins it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from verification.models import Member
from verification.secrets import FieldKeys

PAGE = 5_000
# Cells hold no control characters (`handover`), so these two cannot be imitated.
FIELD_END, ROW_END = "\x1f", "\x1e"
FIELDS = (
    "line", "row_ref", "subject_key", "name", "sex", "birth_date", "birth_place",
    "marital_status", "occupation", "address", "kta_number", "province_code", "regency_code",
    "district_code", "village", "warnings",
)  # fmt: skip


class RowsDigest:
    """SHA-256 over rows in line order."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, row: Mapping[str, Any], nik: str) -> None:
        """The next row: the columns of `member` by name, and its NIK in clear."""
        values = [_spelled(row[name]) for name in FIELDS]
        self._hash.update((FIELD_END.join((nik, *values)) + ROW_END).encode())

    def hexdigest(self) -> str:
        """64 hex digits."""
        return self._hash.hexdigest()


def digest_of(session: Session, keys: FieldKeys, version_id: int) -> str:
    """The digest of a version as its rows stand now: compare it with `rows_digest`."""
    digest = RowsDigest()
    for row in _rows(session, version_id):
        digest.add(row, keys.decipher(bytes(row["nik"]), row["key_id"]))
    return digest.hexdigest()


def _rows(session: Session, version_id: int) -> Iterator[Mapping[str, Any]]:
    columns = [Member.__table__.c[name] for name in (*FIELDS, "nik", "key_id")]
    line = -1
    while True:
        page = (
            session.execute(
                select(*columns)
                .where(Member.version_id == version_id, Member.line > line)
                .order_by(Member.line)
                .limit(PAGE)
            )
            .mappings()
            .all()
        )
        if not page:
            return
        yield from page  # type: ignore[misc]  # a RowMapping is keyed by name
        line = page[-1]["line"]


def _spelled(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
