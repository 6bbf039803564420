"""`sipol verify` in the main job: what is genuine, and which row is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from portal.cli.verify import verify as command
from tests.stack import Stack


def verify(stack: Stack, *paths: Path) -> tuple[int, list[dict[str, Any]]]:
    """Exit code and problems."""
    arguments = [*map(str, paths), "--json"]
    done = CliRunner().invoke(command, arguments, env={"SIPOL_HOME": str(stack.home)})
    assert done.stdout, done.output
    return done.exit_code, json.loads(done.stdout)["problems"]


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
