"""`sipol upload` on a line of 2 MB/s that breaks, killed twice with -9, the portal restarted meanwhile."""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from tests.large_files import padded_pdf
from tests.stack import ROOT, SIPOL, Stack, sipol
from tests.tethered import tethered
from tests.traffic import AD_ART, SECONDS, Caller, wait_for

SIZE = 200_000_000
SHORT = 24_000_000
SMALL = 900_000
RATE = 2_000_000
KILLS, CUTS = 2, 3
MOST_RECEIVED = 1.02


@pytest.fixture
def stack(seeded_home: Path, engine: str) -> Iterator[Stack]:
    with Stack(seeded_home, line=True, uploads=engine) as stack:
        yield stack


class Terminal:
    """A party's laptop: its own state folder, a token, the address behind the bad line."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.receipts = folder / "receipts"
        self.environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "SIPOL_STATE": str(folder / "state"),
            "SIPOL_SERVER": stack.base_url,
            "SIPOL_TOKEN": stack.logins["koordinator.a"].token,
        }
        self.lines = folder / "said.jsonl"

    def start(self, file: Path) -> subprocess.Popen[bytes]:
        with self.lines.open("ab") as out:
            return tethered(
                *SIPOL, "upload", str(file), "--requirement", AD_ART.requirement, "--region",
                AD_ART.region, "--purpose", AD_ART.purpose, "--receipts", str(self.receipts),
                "--json",
                env=self.environ, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            )  # fmt: skip

    def said(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines.read_text().splitlines()]


@pytest.mark.parametrize(
    ("engine", "size"),
    [
        ("builtin", SIZE),
        ("tusd", SHORT),
        pytest.param("tusd", SIZE, marks=pytest.mark.soak),
    ],
)
def test_200_mb_killed_twice_and_cut_at_random_arrive_once(
    stack: Stack,
    size: int,
    tmp_path: Path,
    record_testsuite_property: Callable[[str, object], None],
) -> None:
    assert stack.line is not None
    signs = random.Random("cli")
    file = padded_pdf(tmp_path / AD_ART.filename, size, seed="cli")
    terminal = Terminal(stack, tmp_path)
    kills = [
        signs.randrange(*span) for span in ((size // 8, size // 3), (size // 2, size * 2 // 3))
    ]
    restart = signs.randrange(size * 2 // 5, size // 2)
    stack.line.cut_at(*(signs.randrange(size // 20, size * 19 // 20) for _ in range(CUTS)))
    stack.line.rate = RATE

    process = terminal.start(file)
    try:
        for at, what in sorted([*((at, "kill") for at in kills), (restart, "restart")]):
            wait_for(lambda at=at: stack.line.up >= at, f"{at} bytes", 300, terminal.lines)
            if what == "kill":
                process.kill()
                process.wait()
                process = terminal.start(file)
            else:
                with stack.fault():
                    stack.kill("portal")
        assert process.wait(400) == 0, terminal.lines.read_text()[-3000:]
    finally:
        process.kill()
        process.wait()
        stack.line.rate = None
    assert stack.line.cuts == CUTS

    told = terminal.said()
    last = told[-1]["files"][0]
    assert last["state"] == "passed", last
    upload = last["upload"]
    assert sum(line["event"] == "resumed" for line in told) >= KILLS
    (receipt,) = terminal.receipts.iterdir()
    checked = json.loads(sipol("verify", str(receipt), str(file), "--json", environ=stack.environ))
    assert checked["genuine"] is True
    # It was created once, and hardly a byte came twice.
    party = Caller(stack.direct_url, stack.logins["koordinator.a"].token)
    assert party.status(upload)["length"] == size
    creations = [
        line for line in stack.access_log() if (line["path"], line["status"]) == ("/files/", 201)
    ]
    assert len(creations) == 1
    share = stack.received(upload) / size
    record_testsuite_property(f"sipol upload, bytes at nginx ({size})", f"{share:.4f} of the file")
    assert 1 <= share <= MOST_RECEIVED
    small_files_arrive(stack, terminal, tmp_path)


def small_files_arrive(stack: Stack, terminal: Terminal, folder: Path) -> None:
    """One goes in one request; one whose request is cut in the middle goes on from there."""
    assert stack.line is not None
    for name, cut in (("whole", None), ("cut", SMALL // 2)):
        before = len(stack.access_log())
        if cut is not None:
            stack.line.cut_at(stack.line.up + cut)
        process = terminal.start(padded_pdf(folder / f"{name}.pdf", SMALL, seed=name))
        assert process.wait(SECONDS) == 0, terminal.lines.read_text()[-3000:]
        upload = terminal.said()[-1]["files"][0]["upload"]
        asked = [line for line in stack.access_log()[before:] if line["path"].startswith("/files/")]
        # How often it has to ask until the server knows of the cut is the machine's business.
        methods = [method for method, _ in groupby(line["method"] for line in asked)]
        assert methods == (["POST"] if cut is None else ["POST", "HEAD", "PATCH"]), asked
        party = Caller(stack.direct_url, stack.logins["koordinator.a"].token)
        assert party.status(upload)["length"] == SMALL
