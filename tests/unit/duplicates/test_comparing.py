"""Pairs between and within dossiers, whoever comes first, and what every night proves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from tests.duplicates import DuplicateStand, Someone
from tests.world import NOON
from verification.db import Sessions
from verification.duplicates import nightly
from verification.duplicates.comparing import enter
from verification.duplicates.keys import KeyCache
from verification.jobs import NotYet
from verification.models import Comparison, Duplicate, JournalEntry, RosterVersion, Submission
from verification.secrets import FieldKeys
from verification.states import ListStage

A = "Partai Contoh A"
B = "Partai Contoh B"


@pytest.fixture
def stand(sessions: Sessions, tmp_path: Path) -> DuplicateStand:
    return DuplicateStand(sessions, tmp_path)


def kinds_in(stand: DuplicateStand, prefix: str = "duplicates.") -> list[str]:
    with stand.sessions.read() as session:
        return list(
            session.scalars(
                select(JournalEntry.kind)
                .where(JournalEntry.kind.startswith(prefix))
                .order_by(JournalEntry.id)
            )
        )


def test_each_kind_is_found_between_two_parties(stand: DuplicateStand) -> None:
    ours = [
        Someone(serial=1, name="BALI MOTARE"),
        Someone(serial=2, name="GUNE TARIPO"),
        Someone(serial=3, name="DESARU PAKILO", born=date(1960, 3, 4)),
        Someone(serial=4, name="NUBA LOPERA", born=date(1961, 3, 4)),
        Someone(serial=5, name="RIKO SANDETU", born=date(1962, 1, 2)),
    ]
    theirs = [
        Someone(serial=1, name="Drs. BALI MOTARE, S.H."),
        Someone(serial=2, name="ORANG LAIN"),
        Someone(serial=33, name="DESARU PAKLO", born=date(1960, 4, 3)),
        Someone(serial=44, name="N LOPERA", born=date(1961, 3, 4)),
        Someone(serial=55, name="RIKO SANDETU", born=date(1962, 1, 2), regency="32.78"),
    ]
    first, second = stand.party(A, *ours), stand.party(B, *theirs)
    assert stand.compare(first, second) == [0, 4]
    assert stand.told() == [
        ("identical", "open", "A-B"),
        ("other_name", "open", "A-B"),
        ("similar", "open", "A-B"),
        ("similar", "open", "A-B"),
    ]


def test_the_order_of_comparing_does_not_matter(stand: DuplicateStand) -> None:
    first, second = stand.party(A, Someone(serial=1)), stand.party(B, Someone(serial=1))
    assert stand.compare(second, first) == [0, 1]
    assert stand.told() == [("identical", "open", "A-B")]


def test_again_changes_nothing(stand: DuplicateStand) -> None:
    first, second = stand.party(A, Someone(serial=1)), stand.party(B, Someone(serial=1))
    stand.compare(first, second)
    assert stand.compare(second, first) == [1, 0]
    assert len(stand.found()) == 1
    assert kinds_in(stand).count("duplicates.compared") == 2


def test_inside_one_party_each_pair_is_found_once(stand: DuplicateStand) -> None:
    only = stand.party(
        A, Someone(serial=1), Someone(serial=1), Someone(serial=9), Someone(serial=8, name="LAIN")
    )
    # The first two are two subjects here, as in two lists of one party.
    assert stand.compare(only) == [3]
    assert stand.told() == [
        ("identical", "open", "A-A"),
        ("similar", "open", "A-A"),
        ("similar", "open", "A-A"),
    ]


def test_both_chains_tell_and_neither_names_the_other(stand: DuplicateStand) -> None:
    first, second = stand.party(A, Someone(serial=1)), stand.party(B, Someone(serial=1))
    stand.compare(first, second)
    with stand.sessions.read() as session:
        for name, other in ((A, B), (B, A)):
            rows = session.scalars(
                select(JournalEntry).where(
                    JournalEntry.chain_id == stand.parties[name].chain_id,
                    JournalEntry.kind == "duplicates.found",
                )
            ).all()
            assert '"external":1' in rows[-1].facts
            rival = stand.parties[other]
            assert rival.public_id not in rows[-1].facts
            assert rival.party.public_id not in rows[-1].facts


def test_two_that_finish_at_the_same_moment_do_not_miss_each_other(stand: DuplicateStand) -> None:
    sent = [
        stand.party(f"Partai Contoh {letter}", *(Someone(serial=n) for n in range(1, 6)))
        for letter in "ABCD"
    ]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda each: stand.comparer().submitted(each.public_id), sent))
    assert len(stand.found()) >= 6 * 5
    assert stand.comparer().everything() == 0
    assert "duplicates.missed" not in kinds_in(stand)


def test_the_night_finds_what_was_missed_and_says_so(stand: DuplicateStand) -> None:
    first, second = stand.party(A, Someone(serial=1)), stand.party(B, Someone(serial=1))
    stand.compare(first, second)
    with stand.sessions.begin() as session:
        session.execute(delete(Duplicate))
    assert stand.comparer().everything() == 1
    assert stand.told() == [("identical", "open", "A-B")]
    assert kinds_in(stand)[-2:] == ["duplicates.proven", "duplicates.missed"]
    assert stand.comparer().everything() == 0


def test_it_is_proven_once_a_night(stand: DuplicateStand) -> None:
    stand.compare(stand.party(A, Someone(serial=1)))
    proofs = [
        nightly.prove(stand.sessions, stand.comparer(), NOON + timedelta(hours=hours))
        for hours in (0, 1, 21)
    ]
    assert proofs == [0, None, 0]


def test_the_night_withdraws_what_is_no_longer_there(stand: DuplicateStand) -> None:
    first, second = stand.party(A, Someone(serial=1)), stand.party(B, Someone(serial=2, name="X"))
    stand.compare(first, second)
    with stand.sessions.begin() as session:
        pair = Duplicate(
            kind="identical", score=1000, found_at=stand.world.round.opened_at,
            left_participation_id=stand.parties[A].id, left_key="0" * 32, left_member_id=1,
            right_participation_id=stand.parties[B].id, right_key="1" * 32, right_member_id=2,
        )  # fmt: skip
        session.add(pair)
    stand.comparer().everything()
    assert [row.state for row in stand.found()] == ["lapsed"]


def test_entering_waits_for_an_import(stand: DuplicateStand) -> None:
    sent = stand.party(A, Someone(serial=1))
    with stand.sessions.begin() as session:
        session.scalars(select(RosterVersion)).one().stage = ListStage.SAVING.value
    with pytest.raises(NotYet), stand.sessions.begin() as session:
        enter(session, session.get_one(Submission, sent.id), stand.world.round.opened_at)
    with stand.sessions.read() as session:
        assert session.scalars(select(Comparison)).all() == []


def test_keys_of_an_older_field_key_still_meet(sessions: Sessions, tmp_path: Path) -> None:
    stand = DuplicateStand(sessions, tmp_path)
    first, second = stand.party(A, Someone(serial=1)), stand.party(B, Someone(serial=1))
    rotated = FieldKeys("k2", {"k1": b"f" * 32, "k2": b"g" * 32})
    stand.compare(first)
    with sessions.begin() as session:
        row = stand.item(session, B).member
        assert row is not None
        row.nik, row.key_id = rotated.encipher(Someone(serial=1).nik), "k2"
    comparer = stand.comparer()
    comparer._field_keys = rotated
    comparer._cache = KeyCache(tmp_path / "keys", rotated)
    assert comparer.submitted(second.public_id) == 1
    assert stand.told() == [("identical", "open", "A-B")]


def test_the_cache_is_enciphered_and_ends(stand: DuplicateStand, tmp_path: Path) -> None:
    stand.compare(stand.party(A, Someone(serial=1, name="NAMARAHASIA SEKALI")))
    files = list((tmp_path / "keys").iterdir())
    assert len(files) == 1
    assert files[0].stat().st_mode & 0o777 == 0o600
    assert b"NAMARAHASIA" not in files[0].read_bytes()
    files[0].write_bytes(b"\x01\x02k1" + b"broken" * 20)
    assert stand.compare(stand.party(B, Someone(serial=1))) == [1]
    assert stand.cache.expire(()) == 2
