"""From an empty database to published decisions, and through the round of repairs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import StartStack
from tests.journeys import main_job as job
from tests.journeys.api import Account
from tests.journeys.main_job import BANDUNG, NATION, VERIFIERS, PartyJob, Size
from tests.stack import Stack

LARGE = Size(rows=10_000, share=0.125, by_keys=300)
SMALL = Size(rows=240, share=1.0, by_keys=20)


def before_the_offices(stack: Stack, size: Size, folder: Path) -> list[PartyJob]:
    """Both parties up to the submission."""
    parties = [PartyJob(stack, letter, size, folder) for letter in "ab"]
    for party in parties:
        party.send_documents()
        party.send_list()
        party.correct()
    for party in parties:
        party.submit(len(party.people()) + len(job.DOCUMENTS))
    return parties


def decide_and_publish(stack: Stack, parties: list[PartyJob]) -> None:
    """The offices of Bandung and of the nation; the parties see nothing before, and all after."""
    views = [party.view() for party in parties]
    supervisor = Account(stack, "pengawas.bandung")
    refused = supervisor.api("POST", f"offices/{BANDUNG}/publish", {})
    Account.refused(refused, 409, "round_not_ready")
    told = job.race(stack, VERIFIERS, job.first_round)
    job.race(stack, ["verifikator.pusat.1"], job.first_round)
    assert [party.view() for party in parties] == views
    decided = job.decided_in(stack, BANDUNG, 1)
    assert {item: outcome for item, (_, outcome, _) in decided.items()} == told
    # Two of each party's documents are Bandung's.
    assert len(decided) == sum(len(party.people(BANDUNG)) + 2 for party in parties)
    counts = job.publish(stack, "pengawas.bandung", BANDUNG)["counts"]
    assert (counts["published"], counts["open"]) == (len(decided), 0)
    job.publish(stack, "pengawas.pusat", NATION)
    decided |= job.decided_in(stack, NATION, 1)
    assert_seen(parties, decided, 1)


def assert_seen(
    parties: list[PartyJob], decided: dict[str, tuple[str, str, str | None]], round_: int
) -> None:
    """Each party sees its own decisions with their reasons, and no others."""
    for party in parties:
        seen = Counter((row["outcome"], row["reason"]) for row in party.results(round_))
        own = (row[1:] for row in decided.values() if row[0] == party.letter)
        assert seen == Counter(own)


def repair_and_publish(stack: Stack, parties: list[PartyJob]) -> None:
    """The next round opens what failed and nothing else, and ends with MS or TMS."""
    administrator = Account(stack, "administrator.pusat")
    administrator.api("POST", "rounds", {}).expect(201)
    failed = [party.repair() for party in parties]
    for party, count in zip(parties, failed, strict=True):
        party.submit(count)
    verifier = Account(stack, VERIFIERS[0])
    item = verifier.claim()
    assert item is not None
    refused = verifier.decide(item, "BMS", "ktp-tidak-terbaca")
    Account.refused(refused, 422, "outcome_not_allowed")
    told = job.race(stack, VERIFIERS, job.second_round)
    decided = job.decided_in(stack, BANDUNG, 2)
    assert len(decided) == len(told) == sum(failed)
    job.publish(stack, "pengawas.bandung", BANDUNG)
    assert_seen(parties, decided, 2)
    last = administrator.api("POST", "rounds", {})
    Account.refused(last, 409, "round_not_ready")


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_from_nothing_to_repaired_and_published(
    start_stack: StartStack, database: str, tmp_path: Path
) -> None:
    stack = start_stack(database)
    parties = before_the_offices(stack, SMALL, tmp_path)
    decide_and_publish(stack, parties)
    repair_and_publish(stack, parties)
    for party in parties:
        party.verify()
    job.verify_office(stack, tmp_path)
