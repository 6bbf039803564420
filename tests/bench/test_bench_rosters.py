"""The bench of member lists in small: it measures what it says, and its lists are repeatable."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from portal.bench.rosters.generating import Recipe, members, write_list
from portal.bench.rosters.hostile import HOSTILE
from portal.bench.rosters.running import PEERS, Plan, run
from portal.cli.bench_rosters import table
from portal.seed.regions import district_codes
from tests.rosters import run_child, small_rules
from verification.rosters.handover import Report
from verification.rosters.reader import read_table
from verification.rosters.rules import Regions
from verification.rosters.synthetic import ERRORS, STRUCTURE
from verification.sandbox.job import Refuse


def test_a_list_is_repeatable_and_its_mistakes_are_those_planted(tmp_path: Path) -> None:
    recipe = Recipe(count=4_000, bad=0.05, doubles=0.01, elsewhere=(2,))
    planted = write_list(tmp_path / "a", recipe)
    assert write_list(tmp_path / "b", recipe) == planted
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    rules = small_rules(regions=Regions(district_codes()), party_names=())
    report = Report.from_json(run_child(tmp_path / "a", tmp_path / "out", rules))
    wrong = {**ERRORS, **STRUCTURE}.keys() & planted.keys()
    assert report.sent == 4_000
    assert report.rejected == sum(planted[kind] for kind in wrong) == 200
    assert set(wrong) <= set(report.counts or {})


def test_no_member_has_the_nik_of_another() -> None:
    codes = district_codes()
    niks = {party: set(members(party, 1, 0, 20_000, codes)["NIK"]) for party in (1, 2)}
    assert [len(each) for each in niks.values()] == [20_000, 20_000]
    assert not niks[1] & niks[2]


@pytest.mark.parametrize("name", [name for name in HOSTILE if "bomb" not in name])
def test_what_is_no_list_is_refused(tmp_path: Path, name: str) -> None:
    HOSTILE[name](tmp_path / name)
    with pytest.raises(Refuse) as refusal:
        read_table(tmp_path / name)
    assert refusal.value.code in ("list.not_text", "list.no_heading", "list.zip_bomb")


def test_the_whole_bench_in_small(tmp_path: Path) -> None:
    plan = Plan(
        database="sqlite", rows=2_000, peer_rows=500, stored=2_000, seed=3, folder=tmp_path,
        peers=tmp_path / "nobody", parts=("list", "peers", "workbook", "fuzzy"),
    )  # fmt: skip
    outcome = run(plan, lambda _text: None)
    named = {line.name: line for line in outcome.lines}
    assert set(named) == {
        "ours: import", "ours: comparison", "ours, whole pipeline", "ours, 39 % bad"
    }  # fmt: skip
    assert set(outcome.left_out) == {*PEERS, "openpyxl read-only: read"}
    done = json.loads(named["ours: import"].said.splitlines()[-1])
    assert done["sent"] == done["stored"] + done["rejected"] == 2_000
    pairs = json.loads(named["ours: comparison"].said.splitlines()[-1])["pairs"]
    # Internal doubles and those shared with the other party; a mistake may hide one of them.
    assert pairs >= outcome.planted["shared"] > 0
    assert all(line.client > 0 and line.peak > 10_000_000 for line in outcome.lines)
    assert [line.rows for line in outcome.workbook] == [2_000]
    assert outcome.fuzzy is not None
    assert outcome.fuzzy.recall["same NIK"] == 1.0
    shown = "\n".join(table(plan, outcome))
    assert all(name in shown for name in (*named, *outcome.left_out, "recall 2 typos"))
    assert list(tmp_path.glob("rosters-*")) == []
