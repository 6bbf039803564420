"""The static files of a run: their light copy, where set-up made one of just these, else as they are.

A light copy has no comments and is compressed as far as it goes (`scripts/lighten.py`); it is named by
what it was made of. `sipol up` puts what it serves into the run's own folder: nginx and the portal,
whose addresses carry digests that browsers keep a year, speak of the same bytes until the next start,
whatever becomes of the checkout meanwhile.

Next station: `portal/edge.py` tells nginx, `portal/assets.py` the pages.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

STATIC = Path(__file__).parent / "static"
COPIES = Path(__file__).parent / "static_light"


def light_of(static: Path) -> Path:
    """Where the light copy of just these files belongs, whether it is there or not."""
    digest = hashlib.sha256()
    for path in files_in(static):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(static).as_posix()} {content}\n".encode())
    return COPIES / digest.hexdigest()[:16]


def served() -> Path:
    """The light copy, or the files themselves."""
    light = light_of(STATIC)
    return light if light.is_dir() else STATIC


def place(run_dir: Path) -> Path:
    """Put what this run serves into its folder."""
    target, draft = run_dir / "static", run_dir / f"static.{os.getpid()}"
    for old in (draft, target):
        shutil.rmtree(old, ignore_errors=True)
    shutil.copytree(served(), draft)
    return draft.rename(target)


def placed(run_dir: Path) -> Path:
    """What the run serves; the files themselves where none was started by `sipol up`."""
    target = run_dir / "static"
    return target if target.is_dir() else STATIC


def files_in(static: Path) -> list[Path]:
    """Every file in it, in order. `vendor` may be a link to what another checkout has set up."""
    folders = os.walk(static, followlinks=True)
    return sorted(Path(folder) / name for folder, _, names in folders for name in names)
