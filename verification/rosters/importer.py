"""Rows into a new version of a list, in short transactions; then one pointer moves.

A worker may die at any instant. Until the pointer moves, a version's rows are nobody's; a second run
sweeps away what the first one left and begins anew, so there is never half a list and never a row
twice. This is the one place below the edges that commits: a million rows in one transaction would
lock SQLite for minutes.

Next station: `verification.rosters.finishing` counts, compares and makes the version current.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from verification.db import Sessions
from verification.errors import Stale
from verification.models import Member, RejectedRow, Roster, RosterVersion
from verification.rosters import handover, merging
from verification.rosters.digest import RowsDigest
from verification.rosters.finishing import Imported, Staged, finish, outcome
from verification.rosters.handover import AcceptedRow, Report
from verification.rosters.merging import Taken
from verification.rosters.placing import Place, Places, new_row_ref
from verification.rosters.rejections import Rejections
from verification.rosters.versions import mark
from verification.sandbox.outcome import Malformed
from verification.secrets import FieldKeys
from verification.states import ListStage

# Rows a transaction: some 30 ms of SQLite with its indices, of the 100 ms a writer may take.
BATCH = 1_000
TRIES = 3
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """What the sandbox left: its report and its two files."""

    report: Report
    accepted: Path
    rejected: Path


def import_roster(
    sessions: Sessions,
    keys: FieldKeys,
    version_id: int,
    handed: Handed,
    *,
    placeholders: Mapping[str, str],
    now: Callable[[], datetime],
    beat: Callable[[], None] = lambda: None,
) -> Imported:
    """Store a version's rows and make it current.

    `placeholders`: `RuleSet.placeholders()`. `beat` is called between transactions, to keep a lease.
    May be called again after any interruption, and after success. Raises Malformed (the child's
    files are not what it promised), RowsLost, Stale (the list kept changing under the import).
    """
    for _ in range(TRIES):
        with sessions.read() as session:
            version = session.get_one(RosterVersion, version_id)
            if version.stage == ListStage.DONE:
                return outcome(version)
        try:
            staged = _Import(sessions, keys, version_id, handed, placeholders, beat).stage()
        except IntegrityError:
            # Only a child that lies can do this. The database's error quotes the rows: not kept.
            raise Malformed("two rows in one place") from None
        if imported := finish(sessions, keys, staged, now, beat):
            return imported
    raise Stale("the list changed under the import")


class _Import:
    """One attempt, against the version that is current when it begins."""

    def __init__(
        self,
        sessions: Sessions,
        keys: FieldKeys,
        version_id: int,
        handed: Handed,
        placeholders: Mapping[str, str],
        beat: Callable[[], None],
    ) -> None:
        self._sessions, self._keys, self._version = sessions, keys, version_id
        self._handed, self._beat = handed, beat
        report = handed.report
        with sessions.read() as session:
            version = session.get_one(RosterVersion, version_id)
            roster = session.get_one(Roster, version.roster_id)
            previous = session.get(RosterVersion, roster.current_version_id or 0)
            corrects = report.corrects or version.file.corrects is not None
            self._participation = roster.participation_id
            self._previous = roster.current_version_id
            # The version that is corrected; None when the file stands for the whole list.
            self._base = self._previous if corrects else None
            self._sent = report.sent
            self._headings = report.headings
            self._next_line = 0
            if self._base is not None and previous is not None:
                self._sent = previous.sent or 0
                earlier = previous.columns.get("headings", [])
                self._headings = tuple(dict.fromkeys([*earlier, *report.headings]))
                self._next_line = merging.last_line(session, self._base) + 1
        self._places = Places(keys, self._previous, merging=self._base is not None)
        self._rejections = Rejections(keys, roster.public_id, report, placeholders)
        self._digest = RowsDigest() if self._base is None else None

    def stage(self) -> Staged:
        """Everything of the version but its being current."""
        self._sweep(Member)
        self._sweep(RejectedRow)
        with self._sessions.begin() as session:
            mark(session, self._version, ListStage.SAVING)
            session.execute(
                update(RejectedRow)
                .where(
                    RejectedRow.version_id == self._previous,
                    RejectedRow.resolved_by_id == self._version,
                )
                .values(resolved_by_id=None)
            )
        taken: Mapping[str, Taken] = {}
        if self._base is not None:
            taken = merging.taken_cards(self._sessions, self._base, self._handed.accepted)
        for accepted in _batches(handover.accepted_rows(self._handed.accepted)):
            self._store(accepted, taken)
        for refused in _batches(handover.rejected_rows(self._handed.rejected)):
            self._reject(refused)
        if self._base is not None:
            self._sent -= merging.carry_over(self._sessions, self._base, self._version, self._beat)
        return Staged(
            version_id=self._version,
            previous_id=self._previous,
            merged=self._base is not None,
            sent=self._sent,
            headings=self._headings,
            rows_digest=self._digest.hexdigest() if self._digest else None,
        )

    def _sweep(self, table: type[Member] | type[RejectedRow]) -> None:
        """What an attempt that was cut short has left."""
        some = select(table.id).where(table.version_id == self._version).limit(BATCH)
        while True:
            with self._sessions.begin() as session:
                ids = session.scalars(some).all()
                if not ids:
                    return
                session.execute(delete(table).where(table.id.in_(ids)))
            self._beat()

    def _store(self, rows: Sequence[AcceptedRow], taken: Mapping[str, Taken]) -> None:
        with self._sessions.read() as session:
            places = self._places.find(session, rows, taken)
        niks = self._keys.encipher_many([row.nik for row in rows])
        members: list[dict[str, Any]] = []
        collided: list[tuple[AcceptedRow, Place, Taken]] = []
        for row, place, nik in zip(rows, places, niks, strict=True):
            holder = taken.get(row.texts["kta_number"])
            if holder is not None and holder.nik != nik:
                collided.append((row, place, holder))
                continue
            member = self._member(row, place, nik)
            if self._digest is not None:
                self._digest.add(member, row.nik)
            members.append(member)
        if members:
            with self._sessions.begin() as session:
                session.execute(insert(Member), members)
        if collided:
            lines = self._lines_of_refused([place.row_ref for _, place, _ in collided])
            refused = [
                self._rejections.of_collided(
                    row, place.row_ref, self._line(row.line, lines.get(place.row_ref)), holder.line
                )
                for row, place, holder in collided
            ]
            self._insert_rejected(refused)
        self._beat()

    def _member(self, row: AcceptedRow, place: Place, nik: bytes) -> dict[str, Any]:
        return {
            **row.texts,
            "version_id": self._version,
            "participation_id": self._participation,
            "line": self._line(row.line, place.line),
            "row_ref": place.row_ref,
            "subject_key": place.subject_key,
            "key_id": self._keys.current_id,
            "nik": nik,
            "sex": row.sex,
            "birth_date": row.birth_date,
            "warnings": place.warnings,
        }

    def _reject(self, rows: Sequence[handover.RejectedRow]) -> None:
        refs = [row.row_ref for row in rows if row.row_ref]
        lines = self._lines_of_refused(refs)
        with self._sessions.read() as session:
            known = self._places.known_refs(session, refs) | lines.keys()
        self._insert_rejected(
            [
                self._rejections.of_refused(
                    row,
                    row.row_ref if row.row_ref in known else new_row_ref(),
                    self._line(row.line, lines.get(row.row_ref)),
                )
                for row in rows
            ]
        )
        self._beat()

    def _lines_of_refused(self, refs: Iterable[str]) -> dict[str, int]:
        with self._sessions.read() as session:
            return self._places.rejected_lines(session, refs)

    def _insert_rejected(self, rows: list[dict[str, Any]]) -> None:
        with self._sessions.begin() as session:
            session.execute(
                insert(RejectedRow), [{**row, "version_id": self._version} for row in rows]
            )

    def _line(self, in_file: int, before: int | None) -> int:
        """A merged row stays on the line it had; one that is new to the list goes to its end."""
        if self._base is None:
            return in_file
        if before is not None:
            return before
        self._sent += 1
        self._next_line += 1
        return self._next_line - 1


def _batches(rows: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, BATCH)):
        yield batch
