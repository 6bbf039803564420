"""Which member of the version before a row is: the same NIK, or the same `row_ref`, is the same person.

The subject a verifier judges survives corrections this way: a wrong NIK corrected under its
`row_ref` keeps it, and so does a moved or renamed member under his NIK. A correction without a
`row_ref` that has both NIK and card number of a member is that member's row.

Next station: `verification.rosters.importer` stores the row under what is found here.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased

from verification.models import Member, RejectedRow
from verification.rosters.handover import AcceptedRow
from verification.rosters.merging import Taken
from verification.rosters.rules.listwide import NIK_REPEATED
from verification.secrets import FieldKeys


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A member of the version before."""

    line: int
    row_ref: str
    subject_key: str
    nik: bytes
    key_id: str
    shared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a row goes: its subject, its reference, and the line it had before, if it was there."""

    subject_key: str
    row_ref: str
    line: int | None
    warnings: int


def new_row_ref() -> str:
    """Sixteen characters that no spreadsheet takes for a number: `r` and 75 random bits."""
    return "r" + base64.b32encode(os.urandom(10))[:15].decode().lower()


def new_subject_key() -> str:
    """As a public id."""
    return os.urandom(16).hex()


class Places:
    """Finds places for the rows of one import.

    `previous`: the version before, None for a first list. `merging`: the others of that version
    stay, so a NIK that is among them is a repetition.
    """

    def __init__(self, keys: FieldKeys, previous: int | None, *, merging: bool) -> None:
        self._keys, self._previous, self._merging = keys, previous, merging
        # Only rows the child found repeated can meet their like again: a few, not the list.
        self._repeated: dict[str, str] = {}

    def find(
        self, session: Session, rows: Sequence[AcceptedRow], taken: Mapping[str, Taken]
    ) -> list[Place]:
        """One place for each row, in order. `taken`: cards of members that no `row_ref` names."""
        by_ref, by_nik, refused = self._known(session, rows)
        return [self._place(row, by_ref, by_nik, refused, taken) for row in rows]

    def rejected_lines(self, session: Session, refs: Iterable[str]) -> dict[str, int]:
        """Row references that stand for a rejected row of the version before, with their lines."""
        wanted = [ref for ref in refs if ref]
        if self._previous is None or not wanted:
            return {}
        rows = session.execute(
            select(RejectedRow.row_ref, RejectedRow.line).where(
                RejectedRow.version_id == self._previous, RejectedRow.row_ref.in_(wanted)
            )
        )
        return dict(rows.all())

    def known_refs(self, session: Session, refs: Sequence[str]) -> set[str]:
        """Row references that stand for a member of the version before."""
        if self._previous is None or not refs:
            return set()
        found = select(Member.row_ref).where(
            Member.version_id == self._previous, Member.row_ref.in_(refs)
        )
        return set(session.scalars(found))

    def _known(
        self, session: Session, rows: Sequence[AcceptedRow]
    ) -> tuple[dict[str, Known], dict[bytes, Known], dict[str, int]]:
        if self._previous is None:
            return {}, {}, {}
        refs = [row.row_ref for row in rows if row.row_ref]
        by_ref = {}
        if refs:
            by_ref = {known.row_ref: known for known in self._members(session, "row_ref", refs)}
        terms = [term for row in rows for term in self._keys.search_terms(row.nik)]
        by_nik: dict[bytes, Known] = {}
        for known in self._members(session, "nik", terms):
            by_nik.setdefault(known.nik, known)
        return by_ref, by_nik, self.rejected_lines(session, refs)

    def _members(self, session: Session, column: str, values: Sequence[object]) -> list[Known]:
        other = aliased(Member)
        shared = exists().where(
            other.version_id == Member.version_id,
            other.subject_key == Member.subject_key,
            other.id != Member.id,
        )
        rows = session.execute(
            select(
                Member.line,
                Member.row_ref,
                Member.subject_key,
                Member.nik,
                Member.key_id,
                func.coalesce(shared, False).label("shared"),
            )
            .where(Member.version_id == self._previous, getattr(Member, column).in_(values))
            .order_by(Member.line)
        )
        return [
            Known(
                line=row.line,
                row_ref=row.row_ref,
                subject_key=row.subject_key,
                nik=bytes(row.nik),
                key_id=row.key_id,
                shared=bool(row.shared),
            )
            for row in rows
        ]

    def _place(
        self,
        row: AcceptedRow,
        by_ref: dict[str, Known],
        by_nik: dict[bytes, Known],
        refused: dict[str, int],
        taken: Mapping[str, Taken],
    ) -> Place:
        terms = self._keys.search_terms(row.nik) if by_nik or by_ref else ()
        same = next((by_nik[term] for term in terms if term in by_nik), None)
        before = by_ref.get(row.row_ref)
        holder = taken.get(row.texts["kta_number"])
        if not row.row_ref and same is not None and holder is not None and holder.nik in terms:
            before = replace(same, row_ref=holder.row_ref, line=holder.line)
        warnings = row.warnings
        other = same is not None and (before is None or same.row_ref != before.row_ref)
        if self._merging and other:
            warnings |= NIK_REPEATED.flag
        row_ref = row.row_ref if row.row_ref in refused else new_row_ref()
        if before is not None:
            row_ref = before.row_ref
        return Place(
            subject_key=self._subject(row, before, same, terms),
            row_ref=row_ref,
            line=before.line if before else refused.get(row.row_ref),
            warnings=warnings,
        )

    def _subject(
        self,
        row: AcceptedRow,
        before: Known | None,
        same: Known | None,
        terms: Sequence[bytes],
    ) -> str:
        if before is not None and (before.nik in terms or (same is None and not before.shared)):
            return before.subject_key
        if same is not None:
            return same.subject_key
        if not row.warnings & NIK_REPEATED.flag:
            return new_subject_key()
        return self._repeated.setdefault(row.nik, new_subject_key())
