"""A small tree under the real supervisor, run as a program: `python tests/supervised.py FOLDER NAME…`.

Each NAME is a part, a shell script of that name below; it writes what happens to it into FOLDER/events.
Parts of the first wave come before `--`, the second wave after it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from portal.supervise import Part, StartFailed, Supervisor

WAIT = "while :; do sleep 0.05; done"
SCRIPTS = {
    "polite": f"trap 'echo polite stops >> events; exit 0' TERM; echo polite $$ >> events; {WAIT}",
    "second": f"trap 'echo second stops >> events; exit 0' TERM; echo second $$ >> events; {WAIT}",
    "deaf": f"trap '' TERM; echo deaf $$ >> events; {WAIT}",
    # Children that would survive: one in the group, one that left it.
    "parent": "sleep 300 & setsid sleep 300 & sleep 0.1; "
    f"trap 'exit 0' TERM; echo parent $$ >> events; {WAIT}",
    "broken": "echo broken $$ >> events; exit 3",
}


def main(folder: Path, names: list[str]) -> int:
    """Run the tree; 1 when it could not start."""

    def note(sentence: str) -> None:
        with (folder / "events").open("a") as events:
            events.write(f"{sentence}\n")

    def part(name: str) -> Part:
        return Part(
            name=name,
            command=("sh", "-c", f"cd '{folder}' || exit 9; {SCRIPTS[name]}"),
            log=folder / f"{name}.log",
            ready=lambda: f"{name} " in (folder / "events").read_text() and name != "broken",
            patience=0.5,
        )

    (folder / "events").touch()
    split = names.index("--") if "--" in names else len(names)
    waves = [[part(name) for name in wave] for wave in (names[:split], names[split + 1 :])]
    supervisor = Supervisor(
        tell=lambda _sentence: None,
        lost=lambda name: note(f"lost: {name}"),
        back=lambda name: note(f"back: {name}"),
    )
    try:
        supervisor.run(waves, started=lambda: note("all started"))
    except StartFailed as error:
        note(f"failed: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
