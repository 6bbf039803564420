"""Which members have which card, and which cards have a member: reckoned for a whole party at once.

Scans and lists come in any order, so nothing of it is stored. A process remembers what it reckoned
until something happens to the party: whatever changes a card, a file or a list writes into its chain.
On a night when something happens every second, a party of a million is not reckoned every second:
what took long is shown for a while longer, with its time.

Next station: the page of cards, `/anggota/kartu`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import polars as pl
from sqlalchemy import select
from sqlalchemy.orm import Session

from verification.card_frames import cards_in, members_in
from verification.card_scans import KINDS
from verification.models import Participation, Roster
from verification.scan_pairing import KTA, KTP

MOST_REMEMBERED = 8
# Seconds; what took no longer is always reckoned anew.
QUICK = 1.0
# How many times as long as it took a book stays good, whatever happens.
REST = 9
_NOBODY = pl.Series("id", dtype=pl.Int64)
_MARKS = {"line": pl.UInt32, KTP: pl.Boolean, KTA: pl.Boolean}


class Cards(StrEnum):
    """Members by the cards that are there."""

    ALL = "semua"
    SHORT = "kurang"
    NO_KTP = "tanpa-ktp"
    NO_KTA = "tanpa-kta"
    WHOLE = "lengkap"


_WHICH = {
    Cards.ALL: pl.lit(value=True),
    Cards.SHORT: ~(pl.col(KTP) & pl.col(KTA)),
    Cards.NO_KTP: ~pl.col(KTP),
    Cards.NO_KTA: ~pl.col(KTA),
    Cards.WHOLE: pl.col(KTP) & pl.col(KTA),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Of a list's members: how many have both cards, and how many lack which."""

    members: int
    whole: int
    no_ktp: int
    no_kta: int

    @property
    def short(self) -> int:
        return self.members - self.whole


class Holders:
    """A list's members in line order, each with whether he has a KTP and a KTA."""

    def __init__(self, marks: pl.DataFrame) -> None:
        self._marks = marks

    def coverage(self) -> Coverage:
        counted = self._marks.select(
            _WHICH[Cards.WHOLE].sum().alias("whole"),
            _WHICH[Cards.NO_KTP].sum().alias("no_ktp"),
            _WHICH[Cards.NO_KTA].sum().alias("no_kta"),
        )
        return Coverage(members=self._marks.height, **counted.row(0, named=True))

    def lines(self, cards: Cards, *, after: int, limit: int) -> list[int]:
        """Lines of members by what is there of their cards, behind a line."""
        wanted = self._marks.filter((pl.col("line") > after) & _WHICH[cards])
        return wanted["line"].head(limit).to_list()


class CardBook:
    """A party's cards and the lists in force, at one moment. Regions are inner keys; None: all.

    A card is paired when a member of a list in force has its number, whichever of the two; a picture of
    no known kind is shown to nobody, whatever number its name has.
    """

    def __init__(self, cards: pl.DataFrame, lists: Mapping[int, tuple[pl.DataFrame, pl.Series]]):
        shown = pl.concat([_NOBODY, *(ids for _, ids in lists.values())])
        marked = cards.select(
            "id", "region", "withdrawn", paired=pl.col("id").is_in(shown.unique().implode())
        )
        self._holders = {version_id: Holders(marks) for version_id, (marks, _) in lists.items()}
        loose = ~pl.col("paired") | pl.col("withdrawn")
        self._loose = marked.filter(loose).select("id", "region").sort("id")
        self._counts = (
            marked.filter(~pl.col("withdrawn"))
            .group_by("region")
            .agg(pl.len().alias("total"), pl.col("paired").sum())
        )

    def holders(self, version_id: int) -> Holders | None:
        """None: the list is not in force."""
        return self._holders.get(version_id)

    def counts(self, regions: Collection[int] | None) -> tuple[int, int]:
        """How many cards there are and how many are paired; a withdrawn one is none."""
        of = _in_regions(self._counts, regions)
        return int(of["total"].sum()), int(of["paired"].sum())

    def loose(self, regions: Collection[int] | None, *, after: int, limit: int) -> list[int]:
        """Inner keys of cards that count for nobody, those withdrawn among them, in ascending order."""
        behind = _in_regions(self._loose.filter(pl.col("id") > after), regions)
        return behind["id"].head(limit).to_list()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoned:
    """A book and when it was made. `current`: nothing has happened to the party since."""

    book: CardBook
    at: datetime
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A book with what it was made of; `good_until`: also if something happens."""

    book: CardBook
    at: datetime
    head: str
    versions: tuple[int, ...]
    good_until: datetime


class CardBooks:
    """What a process remembers of one database, for a few parties. Safe to share between threads.

    `seconds`: a clock to measure with.
    """

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._books: dict[int, _Kept] = {}
        self._turns: dict[int, threading.Lock] = {}
        self._seconds = seconds

    def of(self, session: Session, participation: Participation, now: datetime) -> Reckoned:
        """The party's book as `session`, which must read one snapshot, sees it, or one not long ago.

        The lists in force are never others than those of the book.
        """
        head, versions = participation.chain.head_hash, _in_force(session, participation)
        # One at a time: whoever reloads a page that takes long would make it take longer.
        with self._turns.setdefault(participation.id, threading.Lock()):
            kept = self._books.pop(participation.id, None)
            if (
                kept is None
                or kept.versions != versions
                or (kept.head != head and now >= kept.good_until)
            ):
                began = self._seconds()
                book = _reckoned(session, participation.id, versions)
                taken = self._seconds() - began
                rest = timedelta(seconds=taken * REST if taken > QUICK else 0)
                kept = _Kept(book=book, at=now, head=head, versions=versions, good_until=now + rest)
            self._books[participation.id] = kept
            for oldest in list(self._books)[:-MOST_REMEMBERED]:
                self._books.pop(oldest, None)
        return Reckoned(book=kept.book, at=kept.at, current=kept.head == head)


def holders_in(session: Session, participation: Participation, version_id: int) -> Holders:
    """The members of any list of the party, reckoned anew."""
    return Holders(_read(session, version_id, cards_in(session, participation.id))[0])


def _reckoned(session: Session, participation_id: int, versions: tuple[int, ...]) -> CardBook:
    cards = cards_in(session, participation_id)
    return CardBook(cards, {each: _read(session, each, cards) for each in versions})


def _in_force(session: Session, participation: Participation) -> tuple[int, ...]:
    versions = session.scalars(
        select(Roster.current_version_id)
        .where(Roster.participation_id == participation.id, Roster.withdrawn_at.is_(None))
        .order_by(Roster.id)
    )
    return tuple(version_id for version_id in versions if version_id is not None)


def _read(session: Session, version_id: int, cards: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """A version's members with marks, and the inner keys of the cards that have their numbers."""
    marks = [pl.DataFrame(schema=_MARKS)]
    shown = [_NOBODY]
    numbered = [
        (number, cards.filter(pl.col(number).is_not_null()).select(number, "id", "kind", "withdrawn"))
        for number in ("nik", "kta")
    ]  # fmt: skip
    for members in members_in(session, version_id):
        found = pl.concat(
            members.select("line", number)
            .join(of_number, on=number)
            .select("line", "id", "kind", "withdrawn")
            for number, of_number in numbered
        )
        counting = found.filter(~pl.col("withdrawn"))
        has = {
            kind: pl.col("line").is_in(
                counting.filter(pl.col("kind") == kind)["line"].unique().implode()
            )
            for kind in (KTP, KTA)
        }
        marks.append(members.select("line", **has).sort("line"))
        shown.append(found.filter(pl.col("kind").is_in(KINDS))["id"].unique())
    return pl.concat(marks), pl.concat(shown)


def _in_regions(frame: pl.DataFrame, regions: Collection[int] | None) -> pl.DataFrame:
    if regions is None:
        return frame
    return frame.filter(pl.col("region").is_in(list(regions)))
