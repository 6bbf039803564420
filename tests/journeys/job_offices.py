"""What offices do in the main job: racing programs, publication, and what is in the database."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier
from typing import Any

from sqlalchemy import select

from tests.journeys.api import Account
from tests.journeys.job_party import AMBON, BANDUNG, NATION
from tests.journeys.job_proof import tampered_row_is_named, verify
from tests.stack import Stack
from tests.traffic import OFFICE, SECONDS
from verification.db import Sessions, make_engine
from verification.models import Decision, Item, Office, Participation, Party, Round

figures = logging.getLogger("sipol.figures")
Judge = Callable[[Mapping[str, Any], int], str]
# Item → its party's letter, outcome and reason.
Decided = dict[str, tuple[str, str, str | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """An office and the demo people in it; `documents`: how many of a party's it judges."""

    office: str
    verifiers: tuple[str, ...]
    supervisor: str
    documents: int = 0


DESK_BANDUNG = Desk(
    office=BANDUNG,
    verifiers=("verifikator.bandung.1", "verifikator.bandung.2"),
    supervisor="pengawas.bandung",
    documents=2,
)
DESK_AMBON = Desk(
    office=AMBON,
    verifiers=("verifikator.ambon.1", "verifikator.ambon.2"),
    supervisor="pengawas.ambon",
)
DESK_NATION = Desk(
    office=NATION,
    verifiers=("verifikator.pusat.1",),
    supervisor="pengawas.pusat",
    documents=1,
)


def race(stack: Stack, logins: Sequence[str], judge: Judge) -> dict[str, str]:
    """One program a verifier, all at once, until the office's queue is empty: item → outcome.

    Every now and then each also tries to decide what the other one holds.
    """
    held: dict[str, Mapping[str, Any]] = {}
    # Before every one holds an item, none decides: one that stalls would find nothing left.
    all_begun = Barrier(len(logins))
    begun = time.monotonic()
    with ThreadPoolExecutor(len(logins)) as pool:
        runs = [pool.submit(_work, stack, login, judge, held, all_begun) for login in logins]
        done = [run.result() for run in runs]
    assert all(done), "every verifier had his share"
    together = Counter(item for outcomes in done for item in outcomes)
    assert max(together.values()) == 1, "an item was given out twice"
    rate = len(together) / (time.monotonic() - begun)
    figures.info("%d items by %d programs: %.1f a second", len(together), len(logins), rate)
    return {item: outcome for outcomes in done for item, outcome in outcomes.items()}


def _work(
    stack: Stack,
    login: str,
    judge: Judge,
    held: dict[str, Mapping[str, Any]],
    all_begun: Barrier,
) -> dict[str, str]:
    outcomes: dict[str, str] = {}
    with Account(stack, login) as account:
        item = account.claim()
        all_begun.wait(SECONDS)
        while item is not None:
            held[login] = item
            number = len(outcomes)
            if number % 20 == 10:
                for rival in held.keys() - {login}:
                    _decide_foreign(account, held[rival])
            outcome = judge(item, number)
            account.decide(item, outcome, reason_for(item, outcome)).expect(200)
            outcomes[item["id"]] = outcome
            item = account.claim()
    return outcomes


def _decide_foreign(account: Account, item: Mapping[str, Any]) -> None:
    answer = account.decide(item, "MS")
    # Held by the other one, or decided by now: never taken.
    assert answer.status in (403, 409, 412), answer


def reason_for(item: Mapping[str, Any], outcome: str) -> str | None:
    """A reason code of the item's own, none for MS."""
    fitting = [row["code"] for row in item["reasons"] if row["outcome"] == outcome]
    return fitting[0] if fitting else None


def first_round(item: Mapping[str, Any], number: int) -> str:
    """A tenth of the members BMS, some TMS; of the documents the office's statement."""
    if item["kind"] == "document":
        return "BMS" if item["requirement"] == OFFICE.requirement else "MS"
    return {3: "BMS", 7: "TMS"}.get(number % 10, "MS")


def second_round(item: Mapping[str, Any], number: int) -> str:
    assert item["allowed_outcomes"] == ["MS", "TMS"]
    assert [row["outcome"] for row in item["history"]] == ["BMS"]
    return "TMS" if number % 5 == 4 else "MS"


def refuses_bms(stack: Stack, desk: Desk) -> None:
    """After the repair there is no further repair."""
    verifier = Account(stack, desk.verifiers[0])
    item = verifier.claim()
    assert item is not None
    answer = verifier.decide(item, "BMS", "ktp-tidak-terbaca")
    Account.refused(answer, 422, "outcome_not_allowed")


def publish(stack: Stack, desk: Desk, items: int) -> None:
    """All or nothing, once; doing it again changes nothing."""
    supervisor = Account(stack, desk.supervisor)
    path = f"offices/{desk.office}/publish"
    counts = supervisor.api("POST", path, {}).expect(200).json()["counts"]
    assert (counts["published"], counts["open"]) == (items, 0)
    Account.refused(supervisor.api("POST", path, {}), 409, "already_published")


def verify_office(stack: Stack, folder: Path) -> None:
    """The office's journal with every decision in it, and one decision turned round."""
    journal = folder / "kantor.jsonl"
    supervisor = Account(stack, "pengawas.bandung")
    journal.write_bytes(supervisor.api("GET", "journal/export").expect(200).body)
    assert verify(stack, journal) == (0, [])
    tampered_row_is_named(stack, journal, '"outcome":"MS"', '"outcome":"TMS"')


def decided_in(stack: Stack, office: str, round_: int, undone: Collection[str] = ()) -> Decided:
    """Item → party's letter, outcome, reason of an office.

    Fails when an item was decided twice; those of `undone` were decided, taken back, decided.
    """
    engine = make_engine(stack.config.database_url)
    try:
        with Sessions(engine).read() as session:
            rows = session.execute(
                select(Item.public_id, Party.name, Decision.outcome, Decision.reason)
                .join(Decision, Decision.item_id == Item.id)
                .join(Office, Office.id == Item.office_id)
                .join(Round, Round.id == Item.round_id)
                .join(Participation, Participation.id == Item.participation_id)
                .join(Party, Party.id == Participation.party_id)
                .where(Office.code == office, Round.number == round_)
                .order_by(Decision.id)
            ).all()
    finally:
        engine.dispose()
    times = Counter(item for item, *_ in rows)
    assert {item for item, count in times.items() if count > 1} == set(undone)
    assert all(times[item] == 3 for item in undone)
    return {item: (name[-1].lower(), outcome, reason) for item, name, outcome, reason in rows}
