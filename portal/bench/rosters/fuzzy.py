"""The likeness of people beside what was planted, in a process of its own so that its peak is its own.

Arguments: rows of the new list, rows stored before. Prints the evaluation as JSON.

Next station: `verification.duplicates.calibration`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from verification.duplicates.calibration import evaluate


def main(words: Sequence[str]) -> int:
    """0 when it has been measured, whatever was found."""
    fresh, stored = map(int, words)
    # Eight kinds, no more than half of the rows.
    found = evaluate(fresh=fresh, stored=stored, planted=min(5_000, fresh // 16))
    sys.stdout.write(json.dumps(asdict(found)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
