"""The supervisor keeps a tree alive and takes all of it along when it goes."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import tests.supervised
from tests.patience import PATIENCE
from tests.tethered import tethered

Start = Callable[..., "Tree"]


class Tree:
    """The program of tests/supervised.py and what it wrote."""

    def __init__(self, folder: Path, names: tuple[str, ...]) -> None:
        self.folder = folder
        self.process = tethered(
            sys.executable, tests.supervised.__file__, str(folder), *names,
            env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        )  # fmt: skip

    def events(self) -> list[str]:
        path = self.folder / "events"
        return path.read_text().splitlines() if path.exists() else []

    def wait_for(self, event: str, times: int = 1) -> None:
        self.until(lambda: sum(event in line for line in self.events()) >= times)

    def until(self, true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < deadline, self.events()
            time.sleep(0.01)

    def pid(self, name: str) -> int:
        """The last process of a part."""
        return [
            int(line.split()[1])
            for line in self.events()
            if line.startswith(f"{name} ") and line.split()[1].isdigit()
        ][-1]

    def left(self) -> list[str]:
        """Processes that belong to this tree: their command or their folder says so."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                command = (entry / "cmdline").read_bytes().decode()
                folder = (entry / "cwd").readlink()
                zombie = (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
            except OSError:
                continue
            if not zombie and (str(self.folder) in command or folder == self.folder):
                found.append(command)
        return found


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    trees: list[Tree] = []

    def begin(*names: str) -> Tree:
        trees.append(Tree(tmp_path, names))
        return trees[-1]

    yield begin
    for tree in trees:
        if tree.process.poll() is None:
            tree.process.kill()
            tree.process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_it_stops_the_last_wave_first_and_leaves_nothing(
    start: Start, number: signal.Signals
) -> None:
    tree = start("polite", "--", "second")
    tree.wait_for("all started")
    tree.wait_for("polite ")
    tree.wait_for("second ")
    tree.process.send_signal(number)
    assert tree.process.wait(PATIENCE) == 0
    assert [line for line in tree.events() if "stops" in line] == ["second stops", "polite stops"]
    assert tree.left() == []


def test_a_part_that_dies_is_started_again(start: Start) -> None:
    tree = start("polite", "second")
    tree.wait_for("all started")
    first = tree.pid("polite")
    os.kill(first, signal.SIGKILL)
    tree.wait_for("back: polite")
    assert tree.pid("polite") != first
    assert tree.events().index("lost: polite") < tree.events().index("back: polite")
    assert "lost: second" not in tree.events()


def test_what_a_dead_part_started_dies_too(start: Start) -> None:
    tree = start("parent")
    tree.wait_for("all started")
    group = tree.pid("parent")
    os.kill(group, signal.SIGKILL)
    tree.wait_for("back: parent")
    with pytest.raises(ProcessLookupError):
        os.killpg(group, 0)
    tree.process.terminate()
    tree.process.wait(PATIENCE)
    assert tree.left() == []


def test_a_part_that_does_not_listen_is_killed(start: Start) -> None:
    tree = start("deaf")
    tree.wait_for("all started")
    tree.process.terminate()
    assert tree.process.wait(PATIENCE) == 0
    assert tree.left() == []


def test_the_parts_do_not_outlive_a_killed_supervisor(start: Start) -> None:
    tree = start("polite", "--", "second")
    tree.wait_for("all started")
    tree.process.kill()
    tree.process.wait()
    tree.until(lambda: tree.left() == [])


def test_a_part_that_cannot_start_ends_the_attempt_and_names_its_log(start: Start) -> None:
    tree = start("polite", "broken")
    assert tree.process.wait(PATIENCE) == 1
    assert tree.events()[-1].startswith("failed: broken tidak dapat dimulai; lihat ")
    assert tree.left() == []


def test_it_can_be_stopped_while_it_starts(start: Start) -> None:
    tree = start("polite", "broken")
    tree.wait_for("polite")
    tree.process.terminate()
    assert tree.process.wait(PATIENCE) == 0
    assert tree.left() == []
