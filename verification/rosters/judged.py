"""The members of a list whose published result is not MS, as they stand in the list now.

A member is known by his subject through all versions: usually he stands on the line on which he was
judged, and only where a whole new list has come since the list is searched for him. Who is not in it
any more is left out. The file has the template's columns behind ours; corrected and sent back,
`row_ref` says which row is meant, also where the NIK itself was wrong.

Next station: `GET rosters/{id}/results.csv`, `.xlsx`; then back to `verification.rosters.reader`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy import select
from sqlalchemy.orm import Session

from verification.batches import among
from verification.checks.reasons import is_english
from verification.models import Item, Member, ReasonCode, RosterVersion, Round, Subject
from verification.models.rosters import MOST_LINES, row_id
from verification.outcomes import PUBLISHED, VERSION_JUDGED, last_note, newest, opened
from verification.rosters import sheets
from verification.rosters.columns import RESULT_HEADINGS, RESULT_HEADINGS_ID
from verification.rosters.stored import members_of
from verification.rosters.templates import FILLED_IN
from verification.secrets import FieldKeys

PAGE = 1_000
# The party's name on the card is judged when a list comes in and is kept in no row.
CELLS = tuple(column for column in FILLED_IN if column.name != "card_party")
TITLES = tuple(column.title_id for column in CELLS)
Reasons = Mapping[str, ReasonCode]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A row of the list, its published result, and the officer's note. Holds a person's data."""

    member: Member
    outcome: str
    reason: str | None
    note: str | None


def judged_rows(
    session: Session, version: RosterVersion, outcomes: Collection[str]
) -> Iterator[Judged]:
    """A version's rows whose newest published result is one of `outcomes`, by round and outcome.

    Read in pages, as items were made: a list's lines in their order.
    """
    current = _Rows(session, version.id)
    versions = session.scalars(
        select(RosterVersion.id).where(RosterVersion.roster_id == version.roster_id)
    ).all()
    for round_ in opened(session, version.roster.participation):
        for outcome in outcomes:
            after = 0
            while page := _page(session, version, versions, round_, outcome, after):
                after = page[-1].id
                for row, member in current.of(page):
                    yield Judged(member=member, outcome=outcome, reason=row.reason, note=row.note)


def csv_chunks(
    rows: Iterable[Judged], keys: FieldKeys, reasons: Reasons, locale: str
) -> Iterator[bytes]:
    """The CSV in pieces. Raises UnknownFieldKey, SealBroken."""
    lines = (_line(row, keys, reasons, locale) for row in rows)
    return sheets.csv_chunks((*RESULT_HEADINGS, *TITLES), lines)


def write_xlsx(
    path: Path, rows: Iterable[Judged], keys: FieldKeys, reasons: Reasons, locale: str
) -> None:
    """The workbook. Raises UnknownFieldKey, SealBroken."""
    ours = RESULT_HEADINGS if is_english(locale) else RESULT_HEADINGS_ID
    lines = (_line(row, keys, reasons, locale) for row in rows)
    sheets.write_xlsx(path, "Hasil", (*ours, *TITLES), lines)


def _page(
    session: Session,
    version: RosterVersion,
    versions: Sequence[int],
    round_: Round,
    outcome: str,
    after: int,
) -> Sequence[Any]:
    return session.execute(
        select(Item.id, Item.member_id, Item.reason, Subject.key, last_note().label("note"))
        .join(Subject, Subject.id == Item.subject_id)
        .where(
            Item.participation_id == version.roster.participation_id,
            Item.round_id == round_.id,
            PUBLISHED,
            Item.outcome == outcome,
            Item.id > after,
            VERSION_JUDGED.in_(versions),
            newest(),
        )
        .order_by(Item.id)
        .limit(PAGE)
    ).all()


class _Rows:
    """Finds the rows of a version that subjects have."""

    def __init__(self, session: Session, version_id: int) -> None:
        self._session, self._version = session, version_id
        self._lines: pl.DataFrame | None = None

    def of(self, page: Sequence[Any]) -> Iterator[tuple[Any, Member]]:
        """What was judged, with its row; without what is not in the version any more."""
        same = {row.key: row_id(self._version, row.member_id & MOST_LINES) for row in page}
        found = self._members(same)
        moved = same.keys() - found.keys()
        if moved:
            found |= self._members(self._searched(moved))
        for row in page:
            if row.key in found:
                yield row, found[row.key]

    def _members(self, ids: Mapping[str, int]) -> dict[str, Member]:
        """By subject, of those that stand where they are looked for."""
        rows = self._session.scalars(select(Member).where(among(Member.id, ids.values())))
        return {row.subject_key: row for row in rows if ids.get(row.subject_key) == row.id}

    def _searched(self, keys: Collection[str]) -> dict[str, int]:
        if self._lines is None:
            columns = ("subject_key", "line")
            self._lines = members_of(self._session, self._version, columns)
        # The same person twice in a list is judged by the first row.
        there = self._lines.filter(pl.col("subject_key").is_in(list(keys)))
        first = there.unique("subject_key", keep="first", maintain_order=True)
        return {key: row_id(self._version, line) for key, line in first.iter_rows()}


def _line(row: Judged, keys: FieldKeys, reasons: Reasons, locale: str) -> list[str]:
    reason = reasons.get(row.reason or "")
    english = is_english(locale)
    text, repair = "", ""
    if reason is not None:
        text = reason.text_en if english else reason.text_id
        repair = reason.repair_en if english else reason.repair_id
    note = " ".join((row.note or "").split())
    member = row.member
    report = (str(member.line), row.outcome, row.reason or "", text, repair, note, member.row_ref)
    return [*report, *(_cell(member, column.name, keys) for column in CELLS)]


def _cell(member: Member, field: str, keys: FieldKeys) -> str:
    if field == "nik":
        return keys.decipher(member.nik, member.key_id)
    if field == "birth_date":
        return member.birth_date.strftime("%d-%m-%Y")
    return str(getattr(member, field))
