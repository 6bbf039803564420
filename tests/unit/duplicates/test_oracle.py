"""Rejected rows, marks, counts and pairs of seeded lists are those of an independent oracle."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import insert, select

from tests.builders import build_party, build_roster, build_submission
from tests.duplicates import KEYS, DuplicateStand
from tests.rosters import DISTRICTS, run_child
from tests.unit.duplicates.oracle import Oracle
from verification.counting.tallies import keep_tally
from verification.db import Sessions
from verification.duplicates.within import keys_of_list, marked, tally
from verification.models import Duplicate, Member, RosterVersion
from verification.rosters.accepted import accepted_frame
from verification.rosters.rules.catalogue import faults_in
from verification.rosters.synthetic import (
    BORN,
    DISTRICT,
    ERRORS,
    KTA,
    NAME,
    NIK,
    PROVINCE,
    REGENCY,
    STRUCTURE,
    WARNINGS,
    Row,
    SyntheticList,
    synthetic_list,
    write_csv,
)

ROWS = 1_600
EACH = 4
Plant = Callable[[Row, random.Random], bool]


def _other_nik(row: Row) -> None:
    row[NIK] = row[NIK][:12] + f"{(int(row[NIK][12:]) + 4_321) % 9_998 + 1:04d}"


def _identical(row: Row, _rng: random.Random) -> bool:
    return True


def _other_name(row: Row, _rng: random.Random) -> bool:
    row[NAME] = "NAMA YANG SAMA SEKALI LAIN"
    return True


def _typo(row: Row, rng: random.Random) -> bool:
    _other_nik(row)
    place = rng.randrange(len(row[NAME]) - 1)
    row[NAME] = row[NAME][:place] + "Z" + row[NAME][place + 1 :]
    return " Z " not in f" {row[NAME]} "


def _short(row: Row, _rng: random.Random) -> bool:
    _other_nik(row)
    row[NAME] = row[NAME].replace("ANGGOTA CONTOH", "A CONTOH")
    return True


def _title(row: Row, _rng: random.Random) -> bool:
    _other_nik(row)
    row[NAME] = f"Drs. H. {row[NAME]}, S.Pd."
    return True


def _turned(row: Row, _rng: random.Random) -> bool:
    _other_nik(row)
    day, month, year = row[BORN].split("-")
    row[BORN] = f"{month}-{day}-{year}"
    return int(day) <= 12 and day != month


def _moved(row: Row, _rng: random.Random) -> bool:
    _other_nik(row)
    place = next(code for code in DISTRICTS if code[:5] != row[DISTRICT][:5])
    row[PROVINCE], row[REGENCY], row[DISTRICT] = place[:2], place[:5], place
    return True


PLANTS: tuple[Plant, ...] = (_identical, _other_name, _typo, _short, _title, _turned, _moved)


def planted(into: SyntheticList, source: SyntheticList, rng: random.Random, card: str) -> int:
    """Copies of clean rows, changed in each way, at the list's end."""
    clean = [row for line, row in enumerate(source.rows, 2) if line not in source.planted]
    rng.shuffle(clean)
    drawn, number = iter(clean), 0
    for plant in PLANTS:
        made = 0
        while made < EACH:
            row = list(next(drawn))
            if plant(row, rng):
                made, number = made + 1, number + 1
                row[KTA] = f"{card}-{number:08d}"
                into.rows.append(row)
    return number


class Lists:
    """Two parties' lists, as files, as our reader judges them, and as the oracle does."""

    def __init__(self, folder: Path) -> None:
        rng = random.Random(5)
        shape = {"districts": DISTRICTS[3:], "bad": 0.08, "warned": 0.04, "structure": True}
        ours = synthetic_list(ROWS, seed=21, card="P01", **shape)
        theirs = synthetic_list(ROWS, seed=22, card="P02", first=50_001, **shape)
        sources = {"a": (ours, ours, "I01"), "b": (theirs, ours, "X02")}
        self.plants = {**ours.planted, **theirs.planted}
        self.paths: dict[str, Path] = {}
        self.accepted: dict[str, pl.DataFrame] = {}
        self.refused: dict[str, set[tuple[int, str]]] = {}
        for party, (into, source, card) in sources.items():
            planted(into, replace(source, rows=list(source.rows)), rng, card)
            # A dead man's address has a comma in it; the separator here is another one.
            path = write_csv(folder / f"{party}.csv", into, separator=";")
            self.paths[party] = path
            run_child(path, folder / party)
            self.accepted[party] = accepted_frame(folder / party / "accepted.csv")
            lines = (folder / party / "rejected.jsonl").read_text().splitlines()
            rows = (json.loads(line) for line in lines)
            self.refused[party] = {
                (row["line"], fault.code) for row in rows for fault in faults_in(row["errors"])
            }
        self.oracle = Oracle(**self.paths)

    def members(self, party: str) -> pl.DataFrame:
        """The stored rows as the importer marks them."""
        rows = self.accepted[party]
        niks = pl.Series("nik", KEYS.encipher_many(rows["nik"].to_list()), dtype=pl.Binary)
        keys = {nik: f"{number:032x}" for number, nik in enumerate(rows["nik"].unique())}
        known = rows.rename({"nik": "digits"}).with_columns(niks)
        return marked(known, niks, keys_of_list(known, niks)).with_columns(
            subject_key=pl.col("digits").replace_strict(keys, return_dtype=pl.String)
        )


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> Lists:
    return Lists(tmp_path_factory.mktemp("oracle"))


def test_every_kind_of_error_and_warning_is_in_the_data(lists: Lists) -> None:
    assert set(lists.plants.values()) >= {*ERRORS, *WARNINGS, *STRUCTURE, "region.hierarchy"}


@pytest.mark.parametrize("party", ["a", "b"])
def test_rejected_rows(lists: Lists, party: str) -> None:
    assert lists.refused[party] == lists.oracle.errors(party)


@pytest.mark.parametrize("party", ["a", "b"])
def test_warnings_and_marks_of_repetition(lists: Lists, party: str) -> None:
    ours = {
        (line, fault.code)
        for line, warnings in lists.members(party).select("line", "warnings").iter_rows()
        for fault in faults_in(warnings)
    }
    told = lists.oracle.warnings(party)
    assert ours == told
    if party == "a":
        assert {"nik.repeated", "nik.other_name", "person.repeated"} <= {code for _, code in told}


@pytest.mark.parametrize("party", ["a", "b"])
def test_counts_by_regency(lists: Lists, party: str) -> None:
    ours = [(line.regency, line.rows, line.people) for line in tally(lists.members(party))]
    assert ours == lists.oracle.counts(party)
    assert sum(rows for _, rows, _ in ours) > sum(people for _, _, people in ours)


def test_pairs_between_the_parties(lists: Lists, sessions: Sessions, tmp_path: Path) -> None:
    stand = DuplicateStand(sessions, tmp_path)
    sent = []
    for party in "ab":
        with sessions.begin() as session:
            row = build_party(session, stand.world, f"Partai Contoh {party.upper()}")
            version = build_roster(session, row, 0)
            rows = lists.members(party).with_columns(pl.col("birth_date").str.to_date())
            session.execute(
                insert(Member),
                [
                    {name: value for name, value in each.items() if name != "digits"}
                    | {
                        "version_id": version.id, "participation_id": row.id,
                        "key_id": KEYS.current_id, "row_ref": f"r{each['line']}",
                    }
                    for each in rows.iter_rows(named=True)
                ],
            )  # fmt: skip
            version.stored = version.sent = rows.height
            keep_tally(session, version.id, tally(lists.members(party)))
            sent.append(build_submission(session, row, items=False))
    stand.compare(*sent)
    with sessions.read() as session:
        niks = {
            row.id: KEYS.decipher(bytes(row.nik), row.key_id)
            for row in session.scalars(select(Member))
        }
        found = {
            (pair.kind, niks[pair.left_member_id], niks[pair.right_member_id])
            for pair in session.scalars(select(Duplicate))
            if not pair.internal
        }
        assert session.scalars(select(RosterVersion)).all()
    told = lists.oracle.pairs()
    assert found == told
    kinds = [kind for kind, _, _ in told]
    assert (kinds.count("identical"), kinds.count("other_name")) == (EACH, EACH)
    # Typing error, abbreviation, title, day and month: all but who has moved.
    assert kinds.count("similar") >= 4 * EACH - 2
