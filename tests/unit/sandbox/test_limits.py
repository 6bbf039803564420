"""What a child uses up is bounded, and what it says is judged as foreign bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from verification.sandbox.launcher import Sandbox
from verification.sandbox.limits import MIB, Limits
from verification.sandbox.outcome import UNREADABLE, Ending, Outcome, read_answer


def test_memory(either: Sandbox, source: Path, small: Limits):
    outcome = either.run("eat_memory", source=source, arguments={}, limits=small)

    assert outcome.ending is Ending.MEMORY
    assert outcome.code == UNREADABLE
    assert outcome.params == {"limit": "memory"}


def test_memory_behind_pythons_back(either: Sandbox, source: Path, small: Limits):
    outcome = either.run("eat_memory_in_c", source=source, arguments={}, limits=small)

    assert outcome.ending is Ending.CRASHED
    assert outcome.where == "signal 11"


def test_processor_time(either: Sandbox, source: Path):
    limits = Limits(cpu=1, wall=60.0)

    outcome = either.run("spin", source=source, arguments={}, limits=limits)

    assert outcome.ending is Ending.TIMEOUT
    assert outcome.code == UNREADABLE


def test_wall_time(out_of_time: Callable[[], Outcome]):
    assert out_of_time().ending is Ending.TIMEOUT


def test_a_crash_is_a_refusal_of_the_file(either: Sandbox, source: Path, small: Limits):
    outcome = either.run("crash", source=source, arguments={}, limits=small)

    assert (outcome.ending, outcome.code, outcome.where) == (
        Ending.CRASHED,
        UNREADABLE,
        "signal 11",
    )


def test_an_exception_shows_its_name_and_never_its_text(
    either: Sandbox, source: Path, small: Limits
):
    outcome = either.run("fail", source=source, arguments={}, limits=small)

    assert outcome.ending is Ending.CRASHED
    assert outcome.where.startswith("KeyError")
    assert "3273" not in repr(outcome)


def test_a_refusal_keeps_its_name(either: Sandbox, source: Path, small: Limits):
    outcome = either.run("refuse", source=source, arguments={}, limits=small)

    assert outcome.ending is Ending.REFUSED
    assert (outcome.code, outcome.params) == ("document.encrypted", {"page": 3})


def test_a_refusal_cannot_smuggle_text(either: Sandbox, source: Path, small: Limits):
    outcome = either.run("refuse_with_a_page_of_text", source=source, arguments={}, limits=small)

    assert outcome.ending is Ending.CRASHED


@pytest.mark.parametrize("length", [200_000, 50_000_000])
def test_an_answer_is_bounded(either: Sandbox, source: Path, length: int):
    outcome = either.run(
        "babble", source=source, arguments={"length": length}, limits=Limits(result=100_000)
    )

    assert outcome.ending is Ending.CRASHED


def test_what_a_library_prints_is_no_answer(either: Sandbox, source: Path, small: Limits):
    outcome = either.run("print_a_lot", source=source, arguments={}, limits=small)

    assert outcome.result == "quiet"


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "[]",
        "{}",
        "nonsense",
        '{"ok": NaN}',
        '{"refused": "../../x", "params": {}}',
        '{"refused": "a.b", "params": {"x": [1]}}',
        '{"refused": "a.b", "params": {"x": "\\u202e"}}',
        '{"refused": 1, "params": {}}',
        "[" * 20_000,
        '{"ok": ' + "9" * 5000 + "}",
        "\udcff".encode("utf-8", "surrogateescape").decode("latin-1"),
    ],
)
def test_an_answer_of_the_wrong_shape_is_a_crash(answer: str):
    outcome = read_answer(answer.encode() + b"\n", seconds=0.0)

    assert outcome.ending is Ending.CRASHED
    assert outcome.code == UNREADABLE


def test_a_forged_answer_is_still_only_an_answer(either: Sandbox, source: Path, small: Limits):
    outcome = either.run(
        "forge",
        source=source,
        arguments={"answer": '{"crashed": "3273 <script>", "where": "x"}'},
        limits=small,
    )

    assert outcome.ending is Ending.CRASHED
    assert outcome.where == ""


def test_files_in_the_output(either: Sandbox, source: Path, tmp_path: Path, small: Limits):
    output = tmp_path / "out"
    output.mkdir()

    outcome = either.run(
        "make", source=source, arguments={"files": 3, "size": 10}, limits=small, output=output
    )

    assert outcome.ok
    assert sorted(path.name for path in output.iterdir()) == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("files", "size", "ending"),
    [
        (11, 1, Ending.OUTPUT),
        (5, 300_000, Ending.OUTPUT),
        (1, 700_000, Ending.CRASHED),  # RLIMIT_FSIZE
    ],
)
def test_the_output_is_bounded(
    either: Sandbox, source: Path, tmp_path: Path, files: int, size: int, ending: Ending
):
    output = tmp_path / "out"
    output.mkdir()
    limits = Limits(file=600_000, output=MIB, output_files=10)

    outcome = either.run(
        "make",
        source=source,
        arguments={"files": files, "size": size},
        limits=limits,
        output=output,
    )

    assert outcome.ending is ending


def test_a_flood_is_stopped_while_it_runs(either: Sandbox, source: Path, tmp_path: Path):
    output = tmp_path / "out"
    output.mkdir()
    limits = Limits(output=16 * MIB, output_files=1000, wall=60.0)

    outcome = either.run("flood", source=source, arguments={}, limits=limits, output=output)

    assert outcome.ending is Ending.OUTPUT


def test_long_arguments_arrive(either: Sandbox, source: Path, small: Limits):
    wish = {"text": "x" * 500_000}

    outcome = either.run("echo", source=source, arguments=wish, limits=small)

    assert isinstance(outcome.result, dict)
    assert outcome.result["arguments"] == wish
