"""Rows into a new version of a list; then one pointer moves.

A worker may die at any instant. Until the pointer moves, a version's rows are nobody's; a second run
sweeps away what the first one left and begins anew, so there is never half a list and never a row
twice. This is the one place below the edges that commits: a million rows in one transaction would
lock SQLite for minutes.

Next station: `verification.rosters.finishing` makes the version current.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy import insert, update

from verification.db import Sessions
from verification.duplicates import key_pages
from verification.duplicates.keys import Keys
from verification.duplicates.within import keys_of_list, marked, tally
from verification.errors import Stale
from verification.models import KeyPage, NikPage, RejectedRow, Roster, RosterVersion
from verification.models.files import Retention
from verification.models.rosters import row_id
from verification.rosters import handover, nik_pages
from verification.rosters.accepted import accepted_frame
from verification.rosters.difference import compare
from verification.rosters.digest import digest, in_clear
from verification.rosters.finishing import Imported, Staged, finish, outcome
from verification.rosters.handover import Report
from verification.rosters.merging import Before, Merged, lines_for, merge
from verification.rosters.placing import enciphered, new_row_refs, place, under_current_key
from verification.rosters.rejections import Rejections
from verification.rosters.stored import MEMBER, REJECTED_ROW, members_of, rejected_of
from verification.rosters.storing import Writer, sweep, writer
from verification.rosters.versions import mark
from verification.secrets import FieldKeys
from verification.states import ListStage

# Rejected rows sealed at a time, and lines named in one statement.
BATCH = 5_000
TRIES = 3


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

    `placeholders`: `RuleSet.placeholders()`. `beat` is called between batches, to keep a lease. May
    be called again after any interruption, and after success. Raises Malformed (the child's files
    are not what it promised), RowsLost, Stale (the list kept changing under the import, or another
    worker stores the same version).
    """
    for _ in range(TRIES):
        with sessions.read() as session:
            version = session.get_one(RosterVersion, version_id)
            if ListStage(version.stage).is_whole:
                return outcome(version)
        staged = _Import(sessions, keys, version_id, handed, placeholders, beat).stage()
        if imported := finish(sessions, staged, now, beat):
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
            self._participation = roster.participation_id
            self._previous = roster.current_version_id
            # A correction needs something to correct; else the file stands for the whole list.
            corrects = report.corrects or version.file.corrects is not None
            self._merging = corrects and self._previous is not None
            self._sent = report.sent
            self._earlier: tuple[str, ...] = ()
            if self._merging and previous is not None:
                self._sent = previous.sent or 0
                self._earlier = tuple(previous.columns.get("headings", ()))
            members = members_of(session, self._previous)
            self._before = Before(
                members=members,
                rejected=rejected_of(session, self._previous),
                niks=under_current_key(keys, members),
            )
        self._next_line = self._before.last_line + 1
        self._rejections = Rejections(keys, roster.public_id, report, placeholders)

    def stage(self) -> Staged:
        """Everything of the version but its being current."""
        self._begin()
        sound = self._placed()
        collided = self._collided(sound.filter(pl.col("held").is_not_null()))
        if collided.height:
            sound = sound.filter(pl.col("held").is_null())
        members, clear = self._members(sound), sound["digits"]
        del sound
        rejected = pl.concat([collided, *self._refused()])
        headings = self._headings(rejected)
        whole = Merged(
            members=members, rejected=rejected, resolved=pl.Series(dtype=pl.Int64), settled=0
        )
        if self._merging:
            whole = merge(self._before, members, rejected, self._version)
            self._sent -= whole.settled
            clear = in_clear(whole.members, self._keys)
        del members, rejected
        niks = under_current_key(self._keys, whole.members)
        keys = keys_of_list(whole.members, niks)
        whole = replace(whole, members=marked(whole.members, niks, keys))
        with writer(self._sessions, self._beat) as out:
            self._write(out, whole, keys)
        return Staged(
            version_id=self._version,
            previous_id=self._previous,
            merged=self._merging,
            sent=self._sent,
            headings=headings,
            warned=whole.members.filter(pl.col("warnings") != 0).height,
            tally=tuple(tally(whole.members)),
            rows_digest=digest(whole.members, clear),
            difference=compare(self._before.members, whole.members),
        )

    def _headings(self, rejected: pl.DataFrame) -> tuple[str, ...]:
        """Of all files whose rejected rows are in the version: a file without any adds none."""
        if not self._merging:
            return self._handed.report.headings
        added = self._handed.report.headings if rejected.height else ()
        return tuple(dict.fromkeys([*self._earlier, *added]))

    def _begin(self) -> None:
        for table, number in (("member", "id"), ("rejected_row", "line"),
                              ("nik_page", "number"), ("key_page", "number")):  # fmt: skip
            sweep(self._sessions, table, number, self._version, self._beat)
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

    def _placed(self) -> pl.DataFrame:
        rows = accepted_frame(self._handed.accepted).rename({"nik": "digits"})
        rows = rows.with_columns(nik=enciphered(self._keys, rows["digits"]))
        return place(
            rows,
            self._before.members.with_columns(nik=self._before.niks),
            self._before.rejected,
            merging=self._merging,
        )

    def _members(self, placed: pl.DataFrame) -> pl.DataFrame:
        return placed.with_columns(
            self._lines(placed["line"], placed["at"]),
            version_id=pl.lit(self._version, dtype=pl.Int64),
            participation_id=pl.lit(self._participation, dtype=pl.Int64),
            key_id=pl.lit(self._keys.current_id),
            retention=pl.lit(Retention.PERSONAL.value),
            hold=pl.lit(0, dtype=pl.Int8),
        ).select(*MEMBER)

    def _collided(self, placed: pl.DataFrame) -> pl.DataFrame:
        """Sound rows whose card another member of the list has."""
        lines = self._lines(placed["line"], placed["refused"])
        return self._frame(
            self._rejections.of_collided(row, line)
            for row, line in zip(placed.iter_rows(named=True), lines, strict=True)
        )

    def _refused(self) -> Iterator[pl.DataFrame]:
        """Rows the rules refused; a reference is kept when it is one of the version before."""
        known = {*self._before.members["row_ref"], *self._before.rejected["row_ref"]}
        lines = dict(self._before.rejected.select("row_ref", "line").iter_rows())
        rows = handover.rejected_rows(self._handed.rejected)
        while batch := list(islice(rows, BATCH)):
            at = pl.Series([lines.get(row.row_ref) for row in batch], dtype=pl.Int64)
            numbers = self._lines(pl.Series([row.line for row in batch], dtype=pl.Int64), at)
            yield self._frame(
                self._rejections.of_refused(row, row.row_ref if row.row_ref in known else ref, line)
                for row, ref, line in zip(batch, new_row_refs(len(batch)), numbers, strict=True)
            )
            self._beat()

    def _frame(self, rows: Iterator[Mapping[str, Any]]) -> pl.DataFrame:
        return pl.DataFrame(
            [tuple(row.values()) for row in rows],
            schema={name: REJECTED_ROW[name] for name in ("row_ref", "line", "cells", "errors")},
            orient="row",
        ).select(
            pl.lit(self._version, dtype=pl.Int64).alias("version_id"),
            "line",
            "row_ref",
            "cells",
            "errors",
            pl.lit(Retention.PERSONAL.value).alias("retention"),
            pl.lit(0, dtype=pl.Int8).alias("hold"),
        )

    def _lines(self, in_file: pl.Series, before: pl.Series) -> pl.Series:
        if not self._merging:
            return in_file
        lines, new = lines_for(before, self._next_line)
        self._sent += new
        self._next_line += new
        return lines

    def _write(self, out: Writer, whole: Merged, keys: Keys) -> None:
        out.insert("member", _keyed(whole.members, self._version))
        out.insert("rejected_row", whole.rejected)
        ordered = nik_pages.places(whole.members["nik"], whole.members["line"])
        for number, (least, content) in enumerate(nik_pages.pack(ordered)):
            page = {"version_id": self._version, "number": number,
                    "least": least, "content": content}  # fmt: skip
            out.run(insert(NikPage).values(page))
        for number, content in enumerate(key_pages.pack(keys)):
            page = {"version_id": self._version, "number": number,
                    "key_id": self._keys.current_id, "content": content}  # fmt: skip
            out.run(insert(KeyPage).values(page))
        for lines in _batches(whole.resolved.to_list()):
            out.run(
                update(RejectedRow)
                .where(RejectedRow.version_id == self._previous, RejectedRow.line.in_(lines))
                .values(resolved_by_id=self._version)
                .execution_options(synchronize_session=False)
            )


def _keyed(members: pl.DataFrame, version_id: int) -> pl.DataFrame:
    """With their keys; without what the table says itself of rows that nothing special is said of."""
    usual = (pl.col("retention") == Retention.PERSONAL.value) & (pl.col("hold") == 0)
    if members.select(usual.all()).item():
        members = members.drop("retention", "hold")
    return members.with_columns(id=pl.col("line") + row_id(version_id, 0))


def _batches(lines: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(lines), BATCH):
        yield lines[start : start + BATCH]
