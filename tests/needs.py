"""Which tests need which program of the machine, for a run that was asked to be partial.

A whole run needs all of them and fails without: nothing here is looked at then.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterable

from portal import edge
from portal.tusd_process import BUILT
from tests.postgres import PostgresMissing, programs
from uploads.tusd.engine import EngineMissing, program


def _postgresql() -> bool:
    try:
        return bool(programs())
    except PostgresMissing:
        return False


def _tusd() -> bool:
    """`make test` has built it, or the machine has one."""
    try:
        return bool(program("", BUILT))
    except EngineMissing:
        return False


def _walls() -> bool:
    """bubblewrap is there and the machine lets it make namespaces."""
    trial = ("bwrap", "--unshare-user", "--unshare-net", "--ro-bind", "/", "/", "true")
    return (
        shutil.which("bwrap") is not None
        and subprocess.run(trial, capture_output=True, check=False).returncode == 0
    )


PRESENT: dict[str, Callable[[], bool]] = {
    "nginx": lambda: bool(edge.program()),
    "bubblewrap": _walls,
    "PostgreSQL": _postgresql,
    "Chromium": lambda: shutil.which("chromium") is not None,
    "strace": lambda: shutil.which("strace") is not None,
    "node": lambda: shutil.which("node") is not None,
    "tusd": _tusd,
}
# A part of a test's id → the programs it cannot do without.
NEEDED: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"^tests/(journeys|drills|bench)/(?!test_unproxied)", ("nginx",)),
    (r"^tests/contracts/test_nginx_", ("nginx",)),
    (r"^tests/contracts/test_client_tusjs|\[.*tus-?js", ("node",)),
    (r"^tests/contracts/test_tus_disk", ("bubblewrap", "strace")),
    (r"^tests/journeys/test_quota_disk", ("node",)),
    (r"^tests/unit/(checks|sandbox)/", ("bubblewrap",)),
    (r"^tests/unit/(intake/test_worker_process|rosters/test_(work|early)"
     r"|verification/test_(handlers|list_receipt))", ("bubblewrap",)),
    (r"^tests/(drills/test_(list_killed|four_lists)|bench/test_bench_rosters.*whole_bench)",
     ("bubblewrap",)),
    (r"test_two_lists_at_once|_in_mid_copy|test_the_database_is_killed|_on_postgresql",
     ("PostgreSQL",)),
    (r"^tests/journeys/test_(pages|diagnosis|main_job|(bad_line|lists)_browser|no_leaks)", ("Chromium",)),
    (r"\[.*postgresql", ("PostgreSQL",)),
    (r"^tests/(contracts|journeys)/.*(tusd|test_engines)", ("tusd",)),
)  # fmt: skip


def missing() -> frozenset[str]:
    """The programs this machine has not got."""
    return frozenset(name for name, present in PRESENT.items() if not present())


def lacking(test_id: str, absent: Iterable[str]) -> list[str]:
    """What of `absent` a test needs, by its id."""
    wanted = {name for pattern, names in NEEDED if re.search(pattern, test_id) for name in names}
    return sorted(wanted & set(absent))
