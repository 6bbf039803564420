"""What a party does in the main job, step by step; every step asserts what it promises."""

from __future__ import annotations

import csv
import html
import io
import itertools
import logging
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text

from portal.seed.regions import districts_of
from tests.files import jpeg, pdf
from tests.journeys.api import Account
from tests.journeys.job_proof import tampered_row_is_named, verify
from tests.rosters import read_table, repair_workbook, write_table
from tests.stack import Stack
from tests.traffic import AD_ART, OFFICE, Target, Visitor, ask
from verification.db import make_engine
from verification.rosters.synthetic import (
    HEADINGS,
    NIK,
    REGENCY,
    SyntheticList,
    synthetic_list,
    write_csv,
    write_xlsx,
)

BANDUNG, AMBON, NATION = "32.73", "81.71", "ID"
BANK = Target("rekening-kabupaten", BANDUNG, "document", "3273 rekening rahasia.jpg")
DOCUMENTS = (AD_ART, OFFICE, BANK)
MEMBERS = Target("anggota", NATION, "roster", "daftar rahasia.csv")
figures = logging.getLogger("sipol.figures")


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much of the job: `rows` a list, about `share` of them in Kota Bandung, the rest in Ambon.

    `by_keys`: how many of Bandung's items are decided in browsers, all others by programs.
    """

    rows: int
    share: float
    by_keys: int

    def districts(self) -> list[str]:
        """Where members live: drawn from evenly, so Bandung's stand in as often as its share asks."""
        inside = districts_of(BANDUNG)
        count = round(len(inside) * (1 / self.share - 1))
        return [*inside, *itertools.islice(itertools.cycle(districts_of(AMBON)), count)]


class PartyJob:
    """What a party does, and what it knows of its own list. Party A sends CSV, party B XLSX."""

    def __init__(self, stack: Stack, letter: str, size: Size, folder: Path) -> None:
        self.stack = stack
        self.letter = letter
        self.folder = folder / letter
        self.folder.mkdir()
        self.coordinator = Account(stack, f"koordinator.{letter}")
        number = 1 + "ab".index(letter)
        # Numbers of their own, because a member's name spells his: nobody is in two parties here.
        shape = {"seed": number, "districts": size.districts(), "card": f"P{number:02d}",
                 "first": 1 + 100_000 * number}  # fmt: skip
        self.sent = synthetic_list(size.rows, **shape)
        sound = synthetic_list(size.rows, bad=0, warned=0, **shape)
        # Every row as it is once the party has corrected what was rejected: by its line in the file.
        self.rows = dict(enumerate(self.sent.rows, start=2))
        self.rows |= {line: sound.rows[line - 2] for line in self.sent.bad()}
        self.roster = self.renumbered = ""
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
        begun = time.monotonic()
        told = self.coordinator.imported(upload)
        seconds = time.monotonic() - begun
        assert told["stage"] == "done", told
        figures.info("list of %s: %s rows in %.1f s", self.letter, told["sent"], seconds)
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
        download = self.coordinator.api("GET", path).expect(200).body
        content, lines = repair_workbook(download, self.rows)
        assert lines == self.sent.bad()
        return content

    def submit(self, items: int) -> None:
        """Send the dossier as shown, once more as after a lost reply; until all of it is done."""
        made = self.coordinator.submit()
        again = self.coordinator.api("POST", "submissions", {"digest": made["digest"]})
        # The worker may be at the items already.
        moving = {name: made[name] for name in ("state", "items_made")}
        assert again.expect(201).json() | moving == made
        assert self.coordinator.queued(made["id"])["items_made"] == items
        # The search for duplicates ends after the queue has the items, and the journal tells of it.
        self.coordinator.compared(made["id"])
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
            self.page("/hasil"),
        ]

    def page(self, path: str) -> str:
        """The main part of a page, read by a person who has just signed in."""
        person = Visitor(self.stack.base_url, self.stack.logins[self.coordinator.login])
        answer = ask(self.stack.base_url, "GET", path, person.bearer).expect(200)
        main = re.search(r"<main.*</main>", answer.body.decode(), re.DOTALL)
        assert main is not None
        return html.unescape(main.group())

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
        mended = {row["row_ref"] for row in members[::2]}
        told = self._import(
            self._mended({row["row_ref"] for row in members}, mended), corrects=self.roster
        )
        assert (told["version"], told["stored"]) == (3, len(self.rows))
        newest = told["versions"][0]
        assert (newest["changed"], newest["added"], newest["removed"]) == (len(mended), 0, 0)
        return len(failed)

    def _mended(self, failed: set[str], mended: set[str]) -> bytes:
        """The download of the BMS rows with other addresses in `mended`, and in one another NIK."""
        kind = "csv" if self.letter == "a" else "xlsx"
        path = f"rosters/{self.roster}/results.{kind}"
        content = self.coordinator.api("GET", path).expect(200).body
        table = read_table(content)
        ref, nik, address = (table[0].index(name) for name in ("row_ref", "NIK", "Alamat"))
        assert {row[ref] for row in table[1:]} == failed
        corrected = [row for row in table[1:] if row[ref] in mended]
        for row in corrected:
            row[address] += " DIPERBAIKI"
        # One who is in the list once: where two rows share a NIK, another NIK is another person.
        alone = next(
            row
            for row in corrected
            if not {int(row[0]), int(row[0]) + 1} & self.sent.planted.keys()
        )
        alone[nik] = f"{alone[nik][:12]}9999"
        self.renumbered = alone[ref]
        return write_table(content, table)

    def same_person_with_another_nik(self) -> None:
        """Whose NIK was corrected is the subject he was, in every version of the list."""
        engine = make_engine(self.stack.config.database_url)
        with engine.connect() as connection:
            rows = connection.execute(
                text("SELECT subject_key, nik FROM member WHERE row_ref = :ref"),
                {"ref": self.renumbered},
            ).all()
        engine.dispose()
        assert len({row.subject_key for row in rows}) == 1
        assert len({bytes(row.nik) for row in rows}) == 2

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
