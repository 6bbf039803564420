"""Where a NIK stands in what the parties have submitted: an index by NIK for each party.

What counts is what KPU holds: of every party the newest dossier it has submitted, without the lists it
has withdrawn since. Lists that a party is still preparing are its own business until it sends them.

A party may have five hundred lists, each with an index of its own; asking all of them for one NIK reads
a piece of every list. So the worker puts the indices of a dossier together once, and one NIK is one
piece of each party, found or not: the work does not tell the answer.

Next station: `portal.public.nik`, which says yes or no; `verification.disputes.filing`, which needs the rows.
"""

from __future__ import annotations

import struct
import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import polars as pl
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from verification.db import Sessions
from verification.models import (
    Comparison,
    Election,
    Participation,
    Roster,
    RosterVersion,
    Submission,
)
from verification.models.citizens import SubmittedNik
from verification.models.rosters import LINE_BITS, row_id
from verification.rosters.nik_pages import lines_of, niks_of
from verification.secrets import FieldKeys
from verification.upserts import run_many, upsert

PAGE = 512
# Rows of one party with one NIK; a list that repeats one a million times has pages like any other.
SAME_NIK = 20
# Pieces in one transaction, some 800 KB.
BATCH = 64
NIK_BYTES, ENTRY_BYTES = 16, 24
ORDER = ("high", "low", "id")


def members_with(
    session: Session, field_keys: FieldKeys, election: Election, nik: str
) -> dict[int, list[int]]:
    """Participation → keys of its submitted members with a NIK; no key for parties without it.

    Asks the same questions whatever the answer. Raises NotANik.
    """
    terms = field_keys.search_terms(nik)
    dossiers = _dossiers(session, election)
    withdrawn = _withdrawn(session, election)
    found = {
        dossier.participation_id: [
            member
            for member in _rows(session, dossier, terms)
            if member >> LINE_BITS not in withdrawn
        ]
        for dossier in dossiers
    }
    return {party: members for party, members in found.items() if members}


def index(
    sessions: Sessions,
    comparison_id: int,
    now: Callable[[], datetime],
    beat: Callable[[], None] = lambda: None,
) -> None:
    """Put the NIK of a dossier together; what a cut attempt has written is what this one writes."""
    with sessions.read() as session:
        dossier = session.get_one(Comparison, comparison_id)
        if dossier.indexed_at is not None:
            return
        ordered = _in_order(session, dossier.versions)
    pages = list(_cut(ordered))
    for start in range(0, len(pages), BATCH):
        beat()
        rows = [
            {"comparison_id": comparison_id, "least": least, "content": _packed(page)}
            for least, page in pages[start : start + BATCH]
        ]
        with sessions.begin() as session:
            run_many(session, upsert(session, SubmittedNik).on_conflict_do_nothing(), rows)
    with sessions.begin() as session:
        session.get_one(Comparison, comparison_id).indexed_at = now()
        before = select(Comparison.id).where(
            Comparison.participation_id == dossier.participation_id, Comparison.id < comparison_id
        )
        session.execute(delete(SubmittedNik).where(SubmittedNik.comparison_id.in_(before)))


def index_submission(
    sessions: Sessions,
    submission_id: str,
    now: Callable[[], datetime],
    beat: Callable[[], None] = lambda: None,
) -> None:
    """The same for a submission (public id) that has been entered for comparing."""
    with sessions.read() as session:
        entered = (
            select(Comparison.id)
            .join(Submission, Submission.id == Comparison.submission_id)
            .where(Submission.public_id == submission_id)
        )
        comparison_id = session.scalars(entered).one()
    index(sessions, comparison_id, now, beat)


def index_rest(
    sessions: Sessions, now: Callable[[], datetime], beat: Callable[[], None] = lambda: None
) -> None:
    """Put together what has not been: dossiers from before there was this index."""
    newest = select(func.max(Comparison.id)).group_by(Comparison.participation_id)
    with sessions.read() as session:
        rest = session.scalars(
            select(Comparison.id).where(
                Comparison.id.in_(newest),
                Comparison.indexed_at.is_(None),
                Comparison.done_at.is_not(None),
            )
        ).all()
    for comparison_id in rest:
        index(sessions, comparison_id, now, beat)


def _dossiers(session: Session, election: Election) -> list[Comparison]:
    """Of each party the newest that is indexed, or the newest of a party that has none indexed."""
    entered = session.scalars(
        select(Comparison)
        .join(Participation, Participation.id == Comparison.participation_id)
        .where(Participation.election_id == election.id)
        .order_by(Comparison.indexed_at.is_not(None), Comparison.id)
    )
    return list({each.participation_id: each for each in entered}.values())


def _withdrawn(session: Session, election: Election) -> set[int]:
    """Versions of lists that their parties have taken back."""
    return set(
        session.scalars(
            select(RosterVersion.id)
            .join(Roster, Roster.id == RosterVersion.roster_id)
            .join(Participation, Participation.id == Roster.participation_id)
            .where(Participation.election_id == election.id, Roster.withdrawn_at.is_not(None))
        )
    )


def _rows(session: Session, dossier: Comparison, terms: Sequence[bytes]) -> list[int]:
    if dossier.indexed_at is None:
        places = lines_of(session, dossier.versions, terms)
        return [row_id(version, line) for version, line, _ in places]
    found: list[int] = []
    for term in terms:
        content = session.scalar(
            select(SubmittedNik.content)
            .where(SubmittedNik.comparison_id == dossier.id, SubmittedNik.least <= term)
            .order_by(SubmittedNik.least.desc())
            .limit(1)
        )
        found += _looked_up(content or b"", term)
    return found


def _in_order(session: Session, versions: Sequence[int]) -> pl.DataFrame:
    """ORDER as UInt64: both halves of the NIK as big-endian numbers, and the member's key."""
    lists = [
        niks_of(session, version).select(
            "high", "low", id=pl.col("line").cast(pl.UInt64) + row_id(version, 0)
        )
        for version in versions
    ]
    rows = pl.concat([pl.DataFrame(schema=dict.fromkeys(ORDER, pl.UInt64)), *lists]).sort(ORDER)
    other = [pl.col(half) != pl.col(half).shift(SAME_NIK) for half in ("high", "low")]
    return rows.filter((other[0] | other[1]).fill_null(value=True))


def _cut(ordered: pl.DataFrame) -> Iterator[tuple[bytes, pl.DataFrame]]:
    """Pieces of about PAGE rows with the least NIK of each; none ends between rows of one NIK."""
    start, rows = 0, ordered.height
    while start < rows:
        end = min(start + PAGE, rows)
        while end < rows and ordered.row(end)[:2] == ordered.row(end - 1)[:2]:
            end += 1
        high, low, _ = ordered.row(start)
        least = struct.pack(">QQ", high, low) if start else bytes(NIK_BYTES)
        yield least, ordered.slice(start, end - start)
        start = end


def _packed(page: pl.DataFrame) -> bytes:
    """The three columns one after the other, eight big-endian bytes a number."""
    numbers = array("Q", [value for name in ORDER for value in page[name]])
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers.tobytes()


def _looked_up(content: bytes, nik: bytes) -> list[int]:
    count = len(content) // ENTRY_BYTES
    high, low = struct.unpack(">QQ", nik)
    highs = struct.unpack_from(f">{count}Q", content)
    first, end = bisect_left(highs, high), bisect_right(highs, high)
    lows = struct.unpack_from(f">{count}Q", content, 8 * count)[first:end]
    ids = struct.unpack_from(f">{count}Q", content, 16 * count)[first:end]
    return [member for other, member in zip(lows, ids, strict=True) if other == low]
