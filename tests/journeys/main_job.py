"""The main job, step by step, as the people of two parties and of KPU do it on a running stack.

One `PartyJob` a party; the offices' steps are functions. Every step asserts what it promises.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
from sqlalchemy import func, select

from portal.seed.regions import districts_of
from tests.files import jpeg, pdf
from tests.journeys.api import Account
from tests.stack import SIPOL, Stack
from tests.traffic import AD_ART, OFFICE, Target
from verification.db import Sessions, make_engine
from verification.models import Decision, Item, Office, Party, Round
from verification.models import Participation as Taking
from verification.rosters.synthetic import (
    ADDRESS,
    HEADINGS,
    NIK,
    REGENCY,
    Row,
    SyntheticList,
    synthetic_list,
    write_csv,
    write_xlsx,
)

BANDUNG, NATION = "32.73", "ID"
OTHERS = ("32.04", "81.71", "11.71")
BANK = Target("rekening-kabupaten", BANDUNG, "document", "3273 rekening rahasia.jpg")
DOCUMENTS = (AD_ART, OFFICE, BANK)
MEMBERS = Target("anggota", NATION, "roster", "daftar rahasia.csv")
VERIFIERS = ("verifikator.bandung.1", "verifikator.bandung.2")
Judge = Callable[[Mapping[str, Any], int], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much of the job: `rows` a list, of them about `share` in Kota Bandung; decided `by_keys`."""

    rows: int
    share: float
    by_keys: int

    def districts(self) -> list[str]:
        """Where members live: drawn from evenly, so Bandung's stand in as often as its share asks."""
        inside = districts_of(BANDUNG)
        count = round(len(inside) * (1 / self.share - 1))
        outside = itertools.cycle([code for regency in OTHERS for code in districts_of(regency)])
        return [*inside, *itertools.islice(outside, count)]


class PartyJob:
    """What a party does, and what it knows of its own list. Party A sends CSV, party B XLSX."""

    def __init__(self, stack: Stack, letter: str, size: Size, folder: Path) -> None:
        self.stack = stack
        self.letter = letter
        self.folder = folder / letter
        self.folder.mkdir()
        self.coordinator = Account(stack, f"koordinator.{letter}")
        number = 1 + "ab".index(letter)
        shape = {"seed": number, "districts": size.districts(), "card": f"P{number:02d}"}
        self.sent = synthetic_list(size.rows, **shape)
        sound = synthetic_list(size.rows, bad=0, warned=0, **shape)
        # Every row as it is once the party has corrected what was rejected: by its line in the file.
        self.rows = dict(enumerate(self.sent.rows, start=2))
        self.rows |= {line: sound.rows[line - 2] for line in self.sent.bad()}
        self.roster = ""
        self.files: dict[str, bytes] = {}

    def people(self, office: str | None = None) -> set[str]:
        """Different members, of one regency or all: one review item each."""
        return {row[NIK] for row in self.rows.values() if office in (None, row[REGENCY])}

    # Round 1

    def send_documents(self) -> None:
        """Three documents, each received, proven and checked."""
        self._send(AD_ART, pdf(12, text=f"Naskah partai {self.letter}"))
        self._send(OFFICE, pdf(2, text=f"Surat kantor partai {self.letter}"))
        self._send(BANK, jpeg(1600, 1200, seed=ord(self.letter)))

    def _send(self, target: Target, content: bytes, **more: str) -> str:
        upload = self.coordinator.send(content, target, **more)
        told = self.coordinator.wait_until(upload, "passed")
        self.files[told["receipt"]] = content
        return upload

    def send_list(self) -> None:
        """The whole list: sent = stored + rejected, and rejected is what has a mistake."""
        told = self._import(self._written("daftar", self.sent))
        self.roster = told["id"]
        sent, bad = len(self.sent.rows), len(self.sent.bad())
        assert (told["sent"], told["stored"], told["rejected"]) == (sent, sent - bad, bad)
        assert told["position"] == 0

    def correct(self) -> None:
        """Download the rejected rows, repair them in place, send the same file back."""
        download = self._repair_csv if self.letter == "a" else self._repair_xlsx
        told = self._import(download(), corrects=self.roster)
        assert told["id"] == self.roster
        assert (told["version"], told["sent"]) == (2, len(self.sent.rows))
        assert (told["stored"], told["rejected"]) == (len(self.sent.rows), 0)
        assert told["versions"][0]["added"] == len(self.sent.bad())

    def _import(self, content: bytes, **more: str) -> dict[str, Any]:
        upload = self.coordinator.send(content, MEMBERS, **more)
        told = self.coordinator.imported(upload)
        assert told["stage"] == "done", told
        self.files[self.coordinator.wait_until(upload, "passed")["receipt"]] = content
        return told

    def _written(self, name: str, rows: SyntheticList) -> bytes:
        path = self.folder / name
        return (write_csv if self.letter == "a" else write_xlsx)(path, rows).read_bytes()

    def _repair_csv(self) -> bytes:
        path = f"rosters/{self.roster}/rejected.csv"
        text = self.coordinator.api("GET", path).expect(200).body.decode()
        (*ours, first, second), *rejected = csv.reader(io.StringIO(text, newline=""))
        headings, rows = [*ours, first, second], rejected
        own = headings.index(HEADINGS[0])
        out = io.StringIO(newline="")
        writer = csv.writer(out)
        writer.writerow(headings)
        for row in rows:
            writer.writerow([*row[:own], *self.rows[int(row[0])]])
        assert [int(row[0]) for row in rows] == self.sent.bad()
        return out.getvalue().encode()

    def _repair_xlsx(self) -> bytes:
        path = f"rosters/{self.roster}/rejected.xlsx"
        book = openpyxl.load_workbook(
            io.BytesIO(self.coordinator.api("GET", path).expect(200).body)
        )
        sheet = book.worksheets[0]
        own = 1 + [cell.value for cell in sheet[1]].index(HEADINGS[0])
        lines = []
        for number in range(2, sheet.max_row + 1):
            lines.append(int(sheet.cell(number, 1).value))
            for column, value in enumerate(self.rows[lines[-1]], start=own):
                sheet.cell(number, column).value = value
        assert lines == self.sent.bad()
        out = io.BytesIO()
        book.save(out)
        return out.getvalue()

    def submit(self, items: int) -> None:
        """Send the dossier as shown, once more as after a lost reply, and wait for its items."""
        made = self.coordinator.submit()
        again = self.coordinator.api("POST", "submissions", {"digest": made["digest"]})
        assert again.expect(201).json() == made
        assert self.coordinator.queued(made["id"])["items_made"] == items
        manifest = self.coordinator.api("GET", f"receipts/{made['receipt']}/manifest").expect(200)
        self.files[made["receipt"]] = manifest.body
        answer = self.coordinator.post(1000, OFFICE)
        Account.refused(answer, 403, "dossier_locked")

    # What a party sees

    def view(self) -> list[Any]:
        """Everything the API tells a party that decisions could shine through."""
        kinds = {row["kind"] for row in self.coordinator.everything("journal")}
        return [
            self.coordinator.get("dossier"),
            list(self.coordinator.everything("results")),
            list(self.coordinator.everything("files")),
            self.coordinator.get(f"rosters/{self.roster}"),
            sorted(kinds),
        ]

    def results(self, round_: int) -> list[dict[str, Any]]:
        return list(self.coordinator.everything(f"results?round={round_}"))

    # Round 2

    def repair(self) -> int:
        """Send in again what was judged BMS, half of the members corrected; how many items that is."""
        failed = [row for row in self.results(1) if row["outcome"] == "BMS"]
        assert all(row["reason_text"] and row["repair"] for row in failed)
        members = [row for row in failed if row["kind"] == "member"]
        codes = {row["requirement"] for row in failed if row["kind"] == "document"}
        for target in DOCUMENTS:
            if target.requirement in codes:
                self._send(target, pdf(3, text=f"Perbaikan partai {self.letter}"))
            else:
                answer = self.coordinator.post(1000, target)
                Account.refused(answer, 403, "dossier_locked")
        corrected: list[Row] = []
        for row in members[::2]:
            mended = list(self.rows[row["line"]])
            assert mended[5] == row["name"]
            mended[ADDRESS] = f"{mended[ADDRESS]} DIPERBAIKI"
            corrected.append([row["row_ref"], *mended])
        sheet = SyntheticList(headings=("row_ref", *HEADINGS), rows=corrected)
        told = self._import(self._written("perbaikan", sheet), corrects=self.roster)
        assert (told["version"], told["stored"]) == (3, len(self.rows))
        newest = told["versions"][0]
        assert (newest["changed"], newest["added"], newest["removed"]) == (len(corrected), 0, 0)
        return len(failed)

    # Proof

    def verify(self) -> None:
        """`sipol verify` takes every receipt with what it was given for, and the journal."""
        journal = self.folder / "riwayat.jsonl"
        journal.write_bytes(self.coordinator.api("GET", "journal/export").expect(200).body)
        assert verify(self.stack, journal) == (0, [])
        for serial, content in self.files.items():
            receipt, file = self.folder / f"{serial}.json", self.folder / f"{serial}.sent"
            receipt.write_bytes(self.coordinator.receipt(serial))
            file.write_bytes(content)
            assert verify(self.stack, receipt, file) == (0, [])
            assert verify(self.stack, journal, receipt) == (0, [])
        tampered_row_is_named(self.stack, journal, '"rejected":0', '"rejected":1')


def verify(stack: Stack, *paths: Path) -> tuple[int, list[dict[str, Any]]]:
    """Exit code and problems of `sipol verify`."""
    done = subprocess.run(
        [*SIPOL, "verify", *map(str, paths), "--json"],
        env=stack.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)["problems"]


def tampered_row_is_named(stack: Stack, journal: Path, was: str, now: str) -> None:
    """In a copy of an export, change the last place that says `was`."""
    before, found, after = journal.read_text().rpartition(was)
    assert found
    copy = journal.with_suffix(".tampered")
    copy.write_text(before + now + after)
    number = json.loads(copy.read_text().splitlines()[before.count("\n")])["entry"]["number"]
    code, problems = verify(stack, copy)
    assert code == 1
    assert [(row["problem"], row["number"]) for row in problems] == [("tampered", number)]


# What offices do


def race(stack: Stack, logins: Sequence[str], judge: Judge) -> dict[str, str]:
    """One program a verifier, all at once, until the office's queue is empty: item → outcome.

    Every now and then each also tries to decide what the other one holds.
    """
    held: dict[str, Mapping[str, Any]] = {}
    with ThreadPoolExecutor(len(logins)) as pool:
        runs = [pool.submit(_work, stack, login, judge, held) for login in logins]
        done = [run.result() for run in runs]
    assert all(done), "every verifier had his share"
    together = Counter(item for outcomes in done for item in outcomes)
    assert max(together.values()) == 1, "an item was given out twice"
    return {item: outcome for outcomes in done for item, outcome in outcomes.items()}


def _work(
    stack: Stack, login: str, judge: Judge, held: dict[str, Mapping[str, Any]]
) -> dict[str, str]:
    outcomes: dict[str, str] = {}
    with Account(stack, login) as account:
        while (item := account.claim()) is not None:
            held[login] = item
            number = len(outcomes)
            if number % 20 == 10:
                for rival in held.keys() - {login}:
                    _decide_foreign(account, held[rival])
            outcome = judge(item, number)
            account.decide(item, outcome, reason_for(item, outcome)).expect(200)
            outcomes[item["id"]] = outcome
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


def publish(stack: Stack, supervisor: str, office: str) -> dict[str, Any]:
    """The office's counts after it has published; doing it again changes nothing."""
    account = Account(stack, supervisor)
    told: dict[str, Any] = account.api("POST", f"offices/{office}/publish", {}).expect(200).json()
    again = account.api("POST", f"offices/{office}/publish", {})
    Account.refused(again, 409, "already_published")
    return told


def verify_office(stack: Stack, folder: Path) -> None:
    """The office's journal with every decision in it, and one decision turned round."""
    journal = folder / "kantor.jsonl"
    supervisor = Account(stack, "pengawas.bandung")
    journal.write_bytes(supervisor.api("GET", "journal/export").expect(200).body)
    assert verify(stack, journal) == (0, [])
    tampered_row_is_named(stack, journal, '"outcome":"MS"', '"outcome":"TMS"')


# What stands in the database


def decided_in(stack: Stack, office: str, round_: int) -> dict[str, tuple[str, str, str | None]]:
    """Item → party's letter, outcome, reason of an office; fails when any was decided twice."""
    engine = make_engine(stack.config.database_url)
    try:
        with Sessions(engine).read() as session:
            rows = session.execute(
                select(
                    Item.public_id, Party.name, Decision.outcome, Decision.reason,
                    func.count().over(partition_by=Item.id),
                )
                .join(Decision, Decision.item_id == Item.id)
                .join(Office, Office.id == Item.office_id)
                .join(Round, Round.id == Item.round_id)
                .join(Taking, Taking.id == Item.participation_id)
                .join(Party, Party.id == Taking.party_id)
                .where(Office.code == office, Round.number == round_)
            ).all()  # fmt: skip
    finally:
        engine.dispose()
    assert all(count == 1 for *_, count in rows), "an item was decided twice"
    return {item: (name[-1].lower(), outcome, reason) for item, name, outcome, reason, _ in rows}
