"""One file through the limited child that reads lists, in a process of its own to be measured.

Arguments: source, a JSON file of known kecamatan, an empty folder. Prints how it ended as JSON:
`ending`, `code` (of a refusal), `wall` (seconds, the child's start included), `sent`, `rejected`.

Next station: `verification.rosters.reading`, behind the walls.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from verification.rosters.rules import Regions, RuleSet
from verification.rosters.work import LIST_LIMITS, TASK
from verification.sandbox.launcher import Bubblewrap


def main(words: Sequence[str]) -> int:
    """0 however the file ended."""
    source, codes, output = map(Path, words)
    rules = RuleSet(
        cutoff=date(2022, 8, 14),
        regions=Regions(json.loads(codes.read_text())),
        party_names=("Partai Contoh 1",),
    )
    sandbox = Bubblewrap()
    began = time.monotonic()
    run = sandbox.run(
        TASK,
        source=source,
        arguments={"rules": rules.to_json(), "mapping": None},
        limits=LIST_LIMITS,
        output=output,
    )
    wall = time.monotonic() - began
    read = run.result if isinstance(run.result, dict) else {}
    said = {
        "ending": run.ending.value,
        "code": run.code,
        "wall": wall,
        "sent": read.get("sent"),
        "rejected": read.get("rejected"),
    }
    sys.stdout.write(json.dumps(said) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
