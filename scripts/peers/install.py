"""`make peers`: the servers that `sipol bench uploads` compares ours with, installed into .peers/.

Never into the product's environment. What cannot be had here is said and left out; the bench then
measures the others. `install.py lock` writes the lock files anew (network, npm, `make lock`'s tools).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TARGET = ROOT / ".peers"
TUSD = ROOT / "scripts" / "tusd" / "go.mod"


class Unavailable(Exception):
    """A peer that cannot be installed here; the sentence says why."""


def install_tusd() -> None:
    """tusd, built as for the engine of the product: scripts/tusd/."""
    if not (TARGET / "tusd").exists():
        _run([sys.executable, ROOT / "scripts" / "tusd" / "build.py", TARGET / "tusd"])


def install_node() -> None:
    """@tus/server and @tus/file-store, by npm."""
    npm = shutil.which("npm")
    if npm is None:
        raise Unavailable("there is no npm")
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(HERE / name, TARGET / name)
    _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder=TARGET)


def install_python() -> None:
    """tuspyserver, tuswsgi and resumable-upload, in an environment of their own."""
    environment = TARGET / "venv"
    if not (environment / "bin" / "python").exists():
        venv.create(environment, with_pip=True)
    _run(
        [environment / "bin" / "python", "-m", "pip", "install", "--quiet", "--require-hashes",
         "--disable-pip-version-check", "-r", HERE / "requirements.txt"]
    )  # fmt: skip


def install_rosters() -> None:
    """What `sipol bench rosters` compares with, in another environment of its own."""
    place = TARGET / "rosters"
    shutil.copytree(HERE / "rosters", place, dirs_exist_ok=True)
    if not (place / "venv" / "bin" / "python").exists():
        venv.create(place / "venv", with_pip=True)
    _run(
        [place / "venv" / "bin" / "python", "-m", "pip", "install", "--quiet", "--require-hashes",
         "--disable-pip-version-check", "-r", place / "requirements.txt"]
    )  # fmt: skip


INSTALL: dict[str, Callable[[], None]] = {
    "tusd": install_tusd,
    "@tus/server": install_node,
    "tuspyserver, tuswsgi, resumable-upload": install_python,
    "marshmallow, pydantic, pandera, Frictionless, openpyxl": install_rosters,
}


def lock() -> None:
    """The lock files: names, versions, hashes, no address."""
    _run(["npm", "install", "--package-lock-only"], folder=HERE)
    path = HERE / "package-lock.json"
    found = json.loads(path.read_text("utf-8"))
    for package in found["packages"].values():
        package.pop("funding", None)
        package.pop("resolved", None)
    path.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", "utf-8")
    places = {key: "" for key in os.environ if key.startswith("PIP_") and key != "PIP_CERT"}
    for place in (HERE, HERE / "rosters"):
        _lock_python(place, places)


def _lock_python(place: Path, without: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.txt"
        _run(
            [sys.executable, "-m", "piptools", "compile", "--quiet", "--generate-hashes",
             "--allow-unsafe", "--strip-extras", "--no-emit-index-url", "--no-emit-trusted-host",
             "--no-emit-find-links", "--no-emit-options", "--no-header", "--no-annotate",
             "--output-file", out, place / "requirements.in"],
            without=without,
        )  # fmt: skip
        (place / "requirements.txt").write_text(out.read_text("utf-8"), "utf-8")


def _locked() -> dict[str, str]:
    asked = json.loads((HERE / "package.json").read_text("utf-8"))["dependencies"]
    lines = (HERE / "requirements.in").read_text("utf-8").splitlines()
    tusd = re.search(r"github.com/tus/tusd/v2 v(\S+)", TUSD.read_text("utf-8"))
    pinned = dict(line.split("==") for line in lines if "==" in line)
    return {"tusd": tusd[1] if tusd else "", **asked, **pinned}


def _run(
    command: list[str | Path],
    *,
    folder: Path | None = None,
    environ: dict[str, str] | None = None,
    without: dict[str, str] | None = None,
) -> None:
    given = {**os.environ, **(environ or {})}
    for name in without or {}:
        del given[name]
    try:
        done = subprocess.run(
            [str(word) for word in command], cwd=folder, env=given, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
    except OSError as error:
        raise Unavailable(f"{command[0]}: {error.strerror}") from error
    if done.returncode:
        raise Unavailable(f"{Path(command[0]).name} failed: {done.stdout[-600:].strip()}")


def main() -> int:
    """Install what can be had; 1 only when nothing could."""
    if sys.argv[1:] == ["lock"]:
        lock()
        return 0
    TARGET.mkdir(exist_ok=True)
    shutil.copytree(HERE / "launch", TARGET / "launch", dirs_exist_ok=True)
    missing = 0
    versions = _locked()
    (TARGET / "versions.json").write_text(json.dumps(versions, indent=1) + "\n", "utf-8")
    for name, install in INSTALL.items():
        try:
            install()
        except Unavailable as error:
            missing += 1
            sys.stdout.write(f"not installed: {name}: {error}\n")
        else:
            sys.stdout.write(f"installed: {name}\n")
    return int(missing == len(INSTALL))


if __name__ == "__main__":
    sys.exit(main())
