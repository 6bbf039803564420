"""Who has which card and which card has a member, against a plain reckoning of the same rules."""

from __future__ import annotations

import itertools
import random
import secrets
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.builders import COORDINATOR, build_file, build_party, build_roster
from tests.unit.verification.desk import again
from tests.world import NOON, build_world
from verification import card_frames, files
from verification.card_coverage import (
    REST,
    CardBook,
    CardBooks,
    Cards,
    Coverage,
    Reckoned,
    holders_in,
)
from verification.card_scans import KINDS, CardScan, store_scans
from verification.db import Sessions
from verification.models import Member, Participation, ReceivedFile, Roster, Scan
from verification.secrets import FieldKeys
from verification.states import FileState

KEYS = FieldKeys("k1", {"k1": b"1" * 32})
KTP, KTA, _ = KINDS
REGIONS = ("32.73", "32.01")
# So few that some members have both cards, some cards nobody.
NUMBERS = 13


@pytest.fixture
def party(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> Participation:
    """Two lists in force and one withdrawn, of people some of whom share numbers; a rival's list."""
    monkeypatch.setattr(card_frames, "PIECE", 4)
    some = random.Random(29)
    with sessions.begin() as session:
        world = build_world(session)
        party = build_party(session, world)
        rival = build_party(session, world, "Partai Contoh B")
        for whose, region in ((party, "32.73"), (party, "32.01"), (party, "ID"), (rival, "32.73")):
            version = build_roster(session, whose, 11, region=region, regency="32.73")
            if region == "ID":
                version.roster.withdrawn_at = NOON
            for member in session.scalars(
                select(Member).where(Member.of(version.id)).order_by(Member.id)
            ):
                member.nik = KEYS.encipher(f"{some.randrange(NUMBERS):016d}")
                member.kta_number = f"P01-{some.randrange(NUMBERS)}"
        for number in range(8):
            file = build_file(session, party, "kartu-anggota", REGIONS[number % 2], purpose="scans")
            cards = [_card(some, each) for each in range(1, 7)]
            store_scans(session, file, cards, KEYS)
            if number == 1:
                file.withdrawn_at = NOON
            if number == 2:
                file.state = FileState.REJECTED.value
        for scan in session.scalars(select(Scan).order_by(Scan.id)):
            scan.withdrawn = some.random() < 0.2
        rivals = build_file(session, rival, "kartu-anggota", "32.73", purpose="scans")
        store_scans(session, rivals, [_card(some, each) for each in range(1, 20)], KEYS)
    return party


def _card(some: random.Random, number: int) -> CardScan:
    return CardScan(
        number=number,
        kind=some.choice((*KINDS, "unknown")),
        sha256=secrets.token_hex(32),
        name="kartu.jpg",
        nik=some.choice((None, f"{some.randrange(NUMBERS):016d}")),
        kta_number=some.choice((None, f"P01-{some.randrange(NUMBERS)}")),
    )


def book_of(sessions: Sessions, party: Participation) -> CardBook:
    with sessions.read() as session:
        return CardBooks().of(session, again(session, party), NOON).book


def standing(sessions: Sessions, party: Participation) -> list[Scan]:
    with sessions.read() as session:
        found = session.scalars(
            select(Scan)
            .join(ReceivedFile, ReceivedFile.id == Scan.file_id)
            .where(
                Scan.participation_id == party.id,
                ReceivedFile.withdrawn_at.is_(None),
                ReceivedFile.state == FileState.PASSED.value,
            )
            .order_by(Scan.id)
        )
        return list(found)


def lists(sessions: Sessions, party: Participation) -> dict[int, tuple[bool, list[Member]]]:
    """By version: whether it is in force, and its members."""
    with sessions.read() as session:
        rosters = session.scalars(select(Roster).where(Roster.participation_id == party.id)).all()
        return {
            roster.current_version_id or 0: (
                roster.withdrawn_at is None,
                list(
                    session.scalars(
                        select(Member)
                        .where(Member.version_id == roster.current_version_id)
                        .order_by(Member.line)
                    )
                ),
            )
            for roster in rosters
        }


def same(scan: Scan, member: Member) -> bool:
    return scan.nik == member.nik or scan.kta_number == member.kta_number


def test_every_member_has_the_cards_that_bear_his_numbers(
    sessions: Sessions, party: Participation
) -> None:
    book, scans = book_of(sessions, party), standing(sessions, party)
    for version_id, (in_force, members) in lists(sessions, party).items():
        kinds = {
            member.line: {s.kind for s in scans if not s.withdrawn and same(s, member)}
            for member in members
        }
        known = book.holders(version_id)
        assert (known is not None) == in_force
        with sessions.read() as session:
            anew = holders_in(session, again(session, party), version_id)
        expected = {
            Cards.ALL: list(kinds),
            Cards.SHORT: [line for line, has in kinds.items() if not {KTP, KTA} <= has],
            Cards.NO_KTP: [line for line, has in kinds.items() if KTP not in has],
            Cards.NO_KTA: [line for line, has in kinds.items() if KTA not in has],
            Cards.WHOLE: [line for line, has in kinds.items() if {KTP, KTA} <= has],
        }
        assert all(expected.values())
        for holders in (known or anew, anew):
            for cards, lines in expected.items():
                assert holders.lines(cards, after=-1, limit=99) == lines
                assert holders.lines(cards, after=lines[0], limit=2) == lines[1:3]
            assert holders.coverage() == Coverage(
                members=len(members),
                whole=len(expected[Cards.WHOLE]),
                no_ktp=len(expected[Cards.NO_KTP]),
                no_kta=len(expected[Cards.NO_KTA]),
            )


def test_every_card_without_a_member_is_named(sessions: Sessions, party: Participation) -> None:
    book, scans = book_of(sessions, party), standing(sessions, party)
    members = [
        member
        for in_force, listed in lists(sessions, party).values()
        for member in listed
        if in_force
    ]
    with sessions.read() as session:
        region_of = dict(session.execute(select(ReceivedFile.id, ReceivedFile.region_id)).all())
    paired = {s.id for s in scans if s.kind in KINDS and any(same(s, each) for each in members)}
    for regions in (None, [], sorted(set(region_of.values()))[:1], list(region_of.values())):
        here = [s for s in scans if regions is None or region_of[s.file_id] in regions]
        loose = [s.id for s in here if s.withdrawn or s.id not in paired]
        assert book.loose(regions, after=0, limit=999) == loose
        assert book.loose(regions, after=loose[0] if loose else 0, limit=3) == loose[1:4]
        counting = [s.id for s in here if not s.withdrawn]
        assert book.counts(regions) == (len(counting), len(paired.intersection(counting)))


def test_a_party_without_cards_or_lists_has_an_empty_book(sessions: Sessions) -> None:
    with sessions.begin() as session:
        party = build_party(session, build_world(session))
    book = book_of(sessions, party)
    assert book.counts(None) == (0, 0)
    assert book.loose(None, after=0, limit=9) == []
    assert book.holders(1) is None
    with sessions.begin() as session:
        version = build_roster(session, again(session, party), 0)
    holders = book_of(sessions, party).holders(version.id)
    assert holders is None or holders.coverage().members == 0


def withdraw_one(sessions: Sessions, party: Participation) -> None:
    """A file of cards goes, and the party's chain grows."""
    taken = standing(sessions, party)[0].file_id
    with sessions.begin() as session:
        file = session.get_one(ReceivedFile, taken)
        files.withdraw(
            session, file, actor=COORDINATOR, reason="salah unggah", now=NOON + timedelta(hours=1)
        )


def test_a_book_is_remembered_until_something_happens(
    sessions: Sessions, party: Participation
) -> None:
    # A clock that stands: however busy the machine, no book took long.
    books = CardBooks(seconds=lambda: 0.0)

    def seen() -> Reckoned:
        with sessions.read() as session:
            return books.of(session, again(session, party), NOON)

    first = seen()
    assert seen() == first
    withdraw_one(sessions, party)
    renewed = seen()
    assert renewed.book.counts(None)[0] < first.book.counts(None)[0]
    assert seen() == renewed
    assert first.current
    assert renewed.current


def test_a_book_that_took_long_is_shown_for_a_while_whatever_happens(
    sessions: Sessions, party: Participation
) -> None:
    took = 4.0
    books = CardBooks(seconds=itertools.count(step=took).__next__)

    def seen(after: float) -> Reckoned:
        with sessions.read() as session:
            at = NOON + timedelta(seconds=after)
            return books.of(session, again(session, party), at)

    first = seen(0)
    withdraw_one(sessions, party)
    late = seen(took * REST - 1)
    assert late.book is first.book
    assert (late.at, late.current) == (NOON, False)
    renewed = seen(took * REST)
    assert renewed.current
    assert renewed.book.counts(None)[0] < first.book.counts(None)[0]


def test_a_book_of_other_lists_is_never_shown(sessions: Sessions, party: Participation) -> None:
    books = CardBooks(seconds=itertools.count(step=1000).__next__)
    with sessions.read() as session:
        first = books.of(session, again(session, party), NOON)
    with sessions.begin() as session:
        version = build_roster(session, again(session, party), 3, region="32.78")
    with sessions.read() as session:
        second = books.of(session, again(session, party), NOON)
    assert first.book.holders(version.id) is None
    holders = second.book.holders(version.id)
    assert holders is not None
    assert holders.coverage().members == 3
