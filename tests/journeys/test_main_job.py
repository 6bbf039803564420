"""From an empty database to published decisions, and through the round of repairs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import StartStack
from tests.journeys import job_offices as offices
from tests.journeys.api import Account
from tests.journeys.desk_keys import decide_by_keys
from tests.journeys.job_offices import DESK_AMBON, DESK_BANDUNG, DESK_NATION, Decided, Desk
from tests.journeys.job_party import AMBON, DOCUMENTS, PartyJob, Size
from tests.stack import Stack

SMALL = Size(rows=240, share=1.0, by_keys=20)
LARGE = Size(rows=10_000, share=0.125, by_keys=300)
BY_PROGRAMS = 2_000


def submitted(stack: Stack, size: Size, folder: Path) -> list[PartyJob]:
    """Both parties up to the submission."""
    parties = [PartyJob(stack, letter, size, folder) for letter in "ab"]
    for party in parties:
        party.send_documents()
        party.send_list()
        party.correct()
    for party in parties:
        party.submit(len(party.people()) + len(DOCUMENTS))
    return parties


def decided(stack: Stack, parties: list[PartyJob], desk: Desk, by_keys: int = 0) -> Decided:
    """An office's whole queue, each item once, and nothing of it shows."""
    views = [party.view() for party in parties]
    path = f"offices/{desk.office}/publish"
    early = Account(stack, desk.supervisor).api("POST", path, {})
    Account.refused(early, 409, "round_not_ready")
    shifts = decide_by_keys(stack, desk.verifiers, by_keys) if by_keys else []
    told = offices.race(stack, desk.verifiers, offices.first_round)
    for shift in shifts:
        assert not told.keys() & shift.outcomes.keys(), "an item was given out twice"
        told |= shift.outcomes
    rows = offices.decided_in(
        stack, desk.office, 1, {item for each in shifts for item in each.undone}
    )
    assert {item: outcome for item, (_, outcome, _) in rows.items()} == told
    assert len(rows) == sum(len(party.people(desk.office)) + desk.documents for party in parties)
    assert [party.view() for party in parties] == views
    return rows


def assert_seen(parties: list[PartyJob], rows: Decided, round_: int) -> None:
    """Each party sees its own decisions with their reasons, and no others."""
    for party in parties:
        results = party.results(round_)
        seen = Counter((row["outcome"], row["reason"]) for row in results)
        assert seen == Counter(row[1:] for row in rows.values() if row[0] == party.letter)
        first = next(row for row in results if row["outcome"] != "MS")
        page = party.page(f"/hasil?babak={round_}&hasil={first['outcome']}")
        assert first["reason_text"] in page


def repaired_and_published(stack: Stack, parties: list[PartyJob], desks: list[Desk]) -> None:
    """The next round opens what failed and nothing else, and ends with MS or TMS."""
    administrator = Account(stack, "administrator.pusat")
    administrator.api("POST", "rounds", {}).expect(201)
    failed = [party.repair() for party in parties]
    for party, count in zip(parties, failed, strict=True):
        party.same_person_with_another_nik()
        party.submit(count)
    rows: Decided = {}
    for desk in desks:
        offices.refuses_bms(stack, desk)
        told = offices.race(stack, desk.verifiers, offices.second_round)
        rows |= offices.decided_in(stack, desk.office, 2)
        offices.publish(stack, desk, len(told))
    assert len(rows) == sum(failed)
    assert_seen(parties, rows, 2)
    last = administrator.api("POST", "rounds", {})
    Account.refused(last, 409, "round_not_ready")


def proven(stack: Stack, parties: list[PartyJob], folder: Path) -> None:
    """Receipts and journals stand; nothing went wrong behind anybody's back."""
    for party in parties:
        party.verify()
    offices.verify_office(stack, folder)
    logs = stack.logs()
    assert "database is locked" not in logs
    assert '"level": "error"' not in logs


@pytest.mark.parametrize(
    ("database", "engine"),
    [
        ("sqlite", "tusd"),
        ("postgresql", "builtin"),
        # What the one below is, and what is left.
        pytest.param("sqlite", "builtin", marks=pytest.mark.soak),
        pytest.param("postgresql", "tusd", marks=pytest.mark.soak),
    ],
)
def test_from_nothing_to_repaired_and_published(
    start_stack: StartStack, database: str, engine: str, tmp_path: Path
) -> None:
    stack = start_stack(database, portal_processes=2, uploads=engine)
    parties = submitted(stack, SMALL, tmp_path)
    rows: Decided = {}
    for desk, by_keys in ((DESK_BANDUNG, SMALL.by_keys), (DESK_NATION, 0)):
        own = decided(stack, parties, desk, by_keys)
        offices.publish(stack, desk, len(own))
        rows |= own
        assert_seen(parties, rows, 1)
    repaired_and_published(stack, parties, [DESK_BANDUNG])
    proven(stack, parties, tmp_path)


def test_ten_thousand_members_a_party(start_stack: StartStack, tmp_path: Path) -> None:
    """300 items by keys, 2,000 by racing programs; the rest of the nation has not finished."""
    stack = start_stack(portal_processes=2)
    parties = submitted(stack, LARGE, tmp_path)
    rows = decided(stack, parties, DESK_BANDUNG, LARGE.by_keys)
    assert len(rows) >= LARGE.by_keys + BY_PROGRAMS
    offices.publish(stack, DESK_BANDUNG, len(rows))
    assert_seen(parties, rows, 1)
    early = Account(stack, "administrator.pusat").api("POST", "rounds", {})
    Account.refused(early, 409, "round_not_ready")
    waiting = Account(stack, DESK_AMBON.supervisor).get(f"offices/{AMBON}")["counts"]["waiting"]
    assert waiting == sum(len(party.people(AMBON)) for party in parties)
    proven(stack, parties, tmp_path)


@pytest.mark.soak
@pytest.mark.timeout(3 * 3600)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_twenty_thousand_members_to_the_end(
    start_stack: StartStack, database: str, tmp_path: Path
) -> None:
    stack = start_stack(database, portal_processes=2)
    parties = submitted(stack, LARGE, tmp_path)
    desks = (DESK_BANDUNG, LARGE.by_keys), (DESK_AMBON, 0), (DESK_NATION, 0)
    rows: Decided = {}
    for desk, by_keys in desks:
        own = decided(stack, parties, desk, by_keys)
        offices.publish(stack, desk, len(own))
        rows |= own
    assert_seen(parties, rows, 1)
    repaired_and_published(stack, parties, [DESK_BANDUNG, DESK_AMBON])
    proven(stack, parties, tmp_path)
